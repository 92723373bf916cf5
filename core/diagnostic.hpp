#pragma once

#include "core/result.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace ordeal {

/// One thing that is wrong in a file, with its place.
struct Diagnostic {
    std::string file;
    std::size_t line = 0;    ///< from 1; 0: about the whole file
    std::size_t column = 0;  ///< from 1, in characters (not bytes)
    std::size_t width = 0;   ///< characters to underline, at least 1
    std::string text;        ///< the line itself
    std::string message;     ///< what is wrong
    std::string hint;        ///< what to write instead; may be empty

    bool operator==(const Diagnostic&) const = default;
};

/// All that is wrong, in the order of the text.
using Diagnostics = std::vector<Diagnostic>;

enum class Color { off, on };

/// As compilers print it: `file:line:column: error: message`, the line, carets under the place, the
/// hint. Control characters of the line are shown as "?". Ends with a newline.
[[nodiscard]] std::string to_text(const Diagnostic& diagnostic, Color color = Color::off);
[[nodiscard]] std::string to_text(const Diagnostics& diagnostics, Color color = Color::off);

/// The first one as an Error (ErrorKind::definition), for callers that want a single failure.
[[nodiscard]] Error to_error(const Diagnostics& diagnostics);

}  // namespace ordeal
