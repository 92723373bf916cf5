#pragma once

#include <filesystem>
#include <string>
#include <string_view>

/// Strings of a run come from guests, tools and files and are never trusted: each output format has
/// the one function here through which every such string goes.
namespace ordeal::reports {

/// Valid UTF-8 that cannot steer a terminal or the direction of text: a wrong byte, a character
/// that XML forbids and a direction override become U+FFFD, a control character its picture (ESC →
/// ␛). Line ends and tabs stay.
[[nodiscard]] std::string readable(std::string_view text);

/// The same on one line: line ends and tabs become their pictures, too.
[[nodiscard]] std::string one_line(std::string_view text);

/// For element content and for attributes in either quote.
[[nodiscard]] std::string html(std::string_view text);

/// A relative link to a file; can neither leave the attribute nor be of another scheme than a
/// file's.
[[nodiscard]] std::string link_target(const std::filesystem::path& relative);

/// On one line, with everything escaped that Markdown (also in a table) gives a meaning to.
[[nodiscard]] std::string markdown(std::string_view text);

}  // namespace ordeal::reports
