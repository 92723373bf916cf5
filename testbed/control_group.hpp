#pragma once

#include "core/domain_orders.hpp"
#include "core/storage.hpp"

#include <filesystem>

/// Control groups of single processes, see cgroups(7). Freezing needs version 2, for a frozen
/// process of version 1 cannot be killed; processors are limited by whichever version has that
/// controller.
namespace ordeal {

/// Makes a group of its own for the process and puts it there. Where it was is written to
/// `directory` before. Errors: missing (no such controller), not_found, refused.
[[nodiscard]] Status confine(const ProcessRef& process,
                             const Confinement& confinement,
                             const std::filesystem::path& directory);

/// `not_found` when it has no group of its own.
[[nodiscard]] Result<Confined> confined(const ProcessRef& process);

/// Puts it back to where `directory` says that it was, and removes the group. Success when there is
/// none.
[[nodiscard]] Status release(const ProcessRef& process, const std::filesystem::path& directory);

/// Why processes cannot be frozen, or limited, here; empty: they can.
[[nodiscard]] std::string what_confining_lacks(const Confinement& confinement);

}  // namespace ordeal
