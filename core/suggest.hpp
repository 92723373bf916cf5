#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace ordeal {

/// The candidate that a person who typed `word` most likely meant: equal but for case, a few
/// letters away (insert, delete, replace, swap neighbours; at most a third of the word), a family
/// or a last part of a kind ("kill" → "qemu.kill"), or a beginning. Nothing when none is near.
[[nodiscard]] std::optional<std::string> suggest(std::string_view word,
                                                 std::span<const std::string> candidates);

/// `did you mean "kill"?` when one is near; else `known: a, b, c` (the first twelve); empty when
/// there are no candidates.
[[nodiscard]] std::string suggestion_hint(std::string_view word,
                                          std::span<const std::string> candidates);

}  // namespace ordeal
