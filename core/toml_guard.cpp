#include "core/toml_guard.hpp"

#include "core/document.hpp"
#include "core/units.hpp"

#include <array>
#include <fmt/format.h>
#include <optional>

namespace ordeal {
namespace {

/// Offset of the first byte that is no part of well-formed UTF-8 (RFC 3629: shortest form, no
/// surrogates).
std::optional<std::size_t> bad_utf8(std::string_view text) {
    struct Range {
        unsigned char from, to;  // of the first byte
        std::size_t more;        // bytes that follow
        unsigned char second_from, second_to;
    };

    static constexpr std::array<Range, 9> ranges{{{0x00, 0x7F, 0, 0, 0},
                                                  {0xC2, 0xDF, 1, 0x80, 0xBF},
                                                  {0xE0, 0xE0, 2, 0xA0, 0xBF},
                                                  {0xE1, 0xEC, 2, 0x80, 0xBF},
                                                  {0xED, 0xED, 2, 0x80, 0x9F},
                                                  {0xEE, 0xEF, 2, 0x80, 0xBF},
                                                  {0xF0, 0xF0, 3, 0x90, 0xBF},
                                                  {0xF1, 0xF3, 3, 0x80, 0xBF},
                                                  {0xF4, 0xF4, 3, 0x80, 0x8F}}};
    const auto byte = [&](std::size_t index) { return static_cast<unsigned char>(text[index]); };
    for (std::size_t at = 0; at < text.size();) {
        const Range* found = nullptr;
        for (const auto& range : ranges) {
            if (range.from <= byte(at) && byte(at) <= range.to) {
                found = &range;
                break;
            }
        }
        if (found == nullptr || at + found->more >= text.size()) {
            return at;
        }
        for (std::size_t next = 1; next <= found->more; ++next) {
            const unsigned char from = next == 1 ? found->second_from : 0x80;
            const unsigned char to = next == 1 ? found->second_to : 0xBF;
            if (byte(at + next) < from || byte(at + next) > to) {
                return at;
            }
        }
        at += found->more + 1;
    }
    return std::nullopt;
}

std::optional<std::size_t> long_line(std::string_view text) {
    for (std::size_t begin = 0; begin < text.size();) {
        const std::size_t end = std::min(text.find('\n', begin), text.size());
        if (end - begin > toml_max_line) {
            return begin;
        }
        begin = end + 1;
    }
    return std::nullopt;
}

/// The end of the string that starts with the quote at `begin`; the end of the line for one that is
/// not closed. Three quotes open a string over lines, which may end in up to two quotes of its own.
std::size_t skip_string(std::string_view text, std::size_t begin) {
    const char quote = text[begin];
    const std::string three(3, quote);
    const bool over_lines = text.substr(begin).starts_with(three);
    std::size_t at = begin + (over_lines ? 3 : 1);
    while (at < text.size()) {
        if (text[at] == '\\' && quote == '"') {
            at += 2;
        } else if (over_lines && text.substr(at).starts_with(three)) {
            at += 3;
            for (int more = 0; more < 2 && at < text.size() && text[at] == quote; ++more) {
                ++at;
            }
            return at;
        } else if (!over_lines && (text[at] == quote || text[at] == '\n')) {
            return at + 1;
        } else {
            ++at;
        }
    }
    return text.size();
}

/// Offset of the first bracket that is nested too deep. Closing brackets are believed: a text that
/// lies about them fails in the parser at that place.
std::optional<std::size_t> too_deep(std::string_view text) {
    std::size_t depth = 0;
    for (std::size_t at = 0; at < text.size();) {
        switch (text[at]) {
            case '"':
            case '\'':
                at = skip_string(text, at);
                continue;
            case '#':
                at = std::min(text.find('\n', at), text.size());
                continue;
            case '[':
            case '{':
                if (++depth > toml_max_depth) {
                    return at;
                }
                break;
            case ']':
            case '}':
                depth -= depth > 0 ? 1 : 0;
                break;
            default:
                break;
        }
        ++at;
    }
    return std::nullopt;
}

}  // namespace

bool guard_toml(std::string_view name, std::string_view text, Diagnostics& out) {
    if (text.empty()) {
        out.push_back({.file = std::string(name), .message = "the file is empty"});
    } else if (text.size() > toml_max_bytes) {
        out.push_back(
            {.file = std::string(name),
             .message = fmt::format("the file is larger than {}", to_text(Bytes{toml_max_bytes})),
             .hint = "is this really a definition?"});
    } else if (const auto nul = text.find('\0'); nul != std::string_view::npos) {
        out.push_back(diagnose(name, text, {nul, 1}, "a NUL byte", "is this really a text file?"));
    } else if (const auto broken = bad_utf8(text)) {
        out.push_back(diagnose(name, text, {*broken, 1}, "not UTF-8", "save the file as UTF-8"));
    } else if (const auto line = long_line(text)) {
        out.push_back({.file = std::string(name),
                       .message = fmt::format("line {} is longer than {} bytes",
                                              diagnose(name, text, {*line, 1}, "").line,
                                              toml_max_line),
                       .hint = "lists may go over several lines"});
    } else if (const auto bracket = too_deep(text)) {
        auto deep = diagnose(name,
                             text,
                             {*bracket, 1},
                             fmt::format("brackets are nested more than {} deep", toml_max_depth));
        out.push_back(std::move(deep));
    } else {
        return true;
    }
    return false;
}

}  // namespace ordeal
