#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ordeal::structure {

/// One place where a source file breaks a rule of docs/architecture.md, with the fix in the
/// message.
struct Violation {
    std::string path;
    std::size_t line = 0;
    std::string message;
};

/// Includes point one way only, and the seams keep their libraries to themselves.
[[nodiscard]] std::vector<Violation> check_includes(std::string_view path, std::string_view text);

/// A file has at most 400 lines, a function at most 70, a line at most 100 columns (raw strings
/// apart, which cannot be broken).
[[nodiscard]] std::vector<Violation> check_lengths(std::string_view path, std::string_view text);

}  // namespace ordeal::structure
