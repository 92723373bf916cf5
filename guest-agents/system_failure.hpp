#pragma once

#include "core/result.hpp"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace ordeal::agent {

/// The Error of a system call that just failed, from errno.
[[nodiscard]] inline Error system_failure(std::string tried) {
    return fail(ErrorKind::unavailable,
                std::move(tried),
                std::error_code(errno, std::generic_category()).message());
}

}  // namespace ordeal::agent
