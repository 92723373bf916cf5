#pragma once

#include "campaign/definition.hpp"
#include "cli/options.hpp"

#include <filesystem>
#include <optional>
#include <vector>

namespace ordeal::cli {

/// Loads all definitions, or prints everything that is wrong with them on standard error.
[[nodiscard]] std::optional<std::vector<Definition>> load_or_tell(
    const CommonOptions& common, const std::vector<std::filesystem::path>& files);

}  // namespace ordeal::cli
