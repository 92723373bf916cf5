#pragma once

#include "core/network.hpp"

#include <string>
#include <vector>

/// What cuts of a lab and of a site say alike to nft(8).
namespace ordeal {

/// 1 to 60 letters, digits, '-', '_' and '.': what Network::cut takes as a name.
[[nodiscard]] bool good_cut_name(const std::string& id);

/// What a rule does with frames of its ways: drops them, or some of them. Not for a delay.
[[nodiscard]] std::string nft_verdict(const Impairment& impairment);

/// "add element <table> <set> { a, b timeout … }" with `verb` first; empty without elements.
/// `timeout`: "", or " timeout 5000ms" behind each.
[[nodiscard]] std::string nft_elements(const std::string& verb,
                                       const std::string& table,
                                       const std::string& set,
                                       const std::vector<std::string>& elements,
                                       const std::string& timeout = {});

/// " timeout 5000ms"
[[nodiscard]] std::string nft_timeout(Duration lease);

/// Whether `listed`, the answer of `nft -j list table`, has an element in a set. `corrupt` when it
/// is no such answer.
[[nodiscard]] Result<bool> nft_has_elements(const std::string& tried, const std::string& listed);

}  // namespace ordeal
