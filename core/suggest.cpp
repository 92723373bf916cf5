#include "core/suggest.hpp"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <vector>

namespace ordeal {
namespace {

constexpr std::size_t longest_word = 64;  // longer words are no typing mistakes of ours

std::string lower(std::string_view text) {
    std::string result(text);
    std::ranges::transform(result, result.begin(), [](unsigned char letter) {
        return static_cast<char>(std::tolower(letter));
    });
    return result;
}

/// Optimal string alignment distance: edits plus swaps of neighbours.
std::size_t distance(std::string_view left, std::string_view right) {
    const std::size_t width = right.size() + 1;
    std::vector<std::size_t> rows(3 * width);
    const auto cell = [&](std::size_t row, std::size_t column) -> std::size_t& {
        return rows[(row % 3) * width + column];
    };
    for (std::size_t column = 0; column < width; ++column) {
        cell(0, column) = column;
    }
    for (std::size_t row = 1; row <= left.size(); ++row) {
        cell(row, 0) = row;
        for (std::size_t column = 1; column < width; ++column) {
            const bool same = left[row - 1] == right[column - 1];
            auto best = std::min({cell(row - 1, column) + 1,
                                  cell(row, column - 1) + 1,
                                  cell(row - 1, column - 1) + (same ? 0U : 1U)});
            if (row > 1 && column > 1 && left[row - 1] == right[column - 2] &&
                left[row - 2] == right[column - 1]) {
                best = std::min(best, cell(row - 2, column - 2) + 1);
            }
            cell(row, column) = best;
        }
    }
    return cell(left.size(), right.size());
}

/// Smaller is nearer; nothing when it is too far away to be meant.
std::optional<std::size_t> farness(const std::string& word, const std::string& candidate) {
    const std::size_t edits = distance(word, candidate);
    if (edits <= (word.size() + 2) / 3 && edits < candidate.size()) {
        return edits;
    }
    constexpr std::size_t after_all_edits = longest_word;
    if (word.size() > 1 && (candidate.ends_with("." + word) || candidate.starts_with(word))) {
        return after_all_edits;
    }
    if (word.starts_with(candidate)) {  // "seconds" → "s"; the longest such candidate
        return 3 * after_all_edits - std::min(candidate.size(), after_all_edits);
    }
    return std::nullopt;
}

}  // namespace

std::optional<std::string> suggest(std::string_view word, std::span<const std::string> candidates) {
    if (word.empty() || word.size() > longest_word) {
        return std::nullopt;
    }
    const std::string wanted = lower(word);
    std::optional<std::size_t> nearest;
    std::optional<std::string> best;
    for (const auto& candidate : candidates) {
        if (candidate.empty() || candidate.size() > longest_word) {
            continue;
        }
        const auto far = farness(wanted, lower(candidate));
        if (far && (!nearest || *far < *nearest)) {
            nearest = far;
            best = candidate;
        }
    }
    return best;
}

std::string suggestion_hint(std::string_view word, std::span<const std::string> candidates) {
    if (const auto best = suggest(word, candidates)) {
        return fmt::format("did you mean \"{}\"?", *best);
    }
    constexpr std::size_t shown = 12;
    const auto some = candidates.first(std::min(shown, candidates.size()));
    return some.empty()
               ? ""
               : fmt::format(
                     "known: {}{}", fmt::join(some, ", "), candidates.size() > shown ? ", …" : "");
}

}  // namespace ordeal
