#pragma once

#include "core/check.hpp"

namespace ordeal::cli {

// docs/architecture.md lists them for people.
inline constexpr int exit_pass = 0;
inline constexpr int exit_fail = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_inconclusive = 3;
inline constexpr int exit_guard = 4;
inline constexpr int exit_residue = 6;
inline constexpr int exit_internal = 70;

/// The code of an operating failure outside a trial: wrong words are 2, a guard's or a lock's no is
/// 4, our own mistake is 70, and everything that kept us from judging is 3.
[[nodiscard]] constexpr int exit_code_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::usage:
        case ErrorKind::definition:
            return exit_usage;
        case ErrorKind::refused:
            return exit_guard;
        case ErrorKind::internal:
            return exit_internal;
        default:
            return exit_inconclusive;
    }
}

}  // namespace ordeal::cli
