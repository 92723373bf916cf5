#include "reports/escape.hpp"

#include <fmt/format.h>
#include <optional>

namespace ordeal::reports {
namespace {

constexpr std::string_view replacement = "\xEF\xBF\xBD";  // U+FFFD

struct Decoded {
    char32_t code;
    std::size_t length;
};

/// The character at the front; nothing if it is not well-formed UTF-8 (RFC 3629).
std::optional<Decoded> decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = byte(0);
    if (first < 0x80) {
        return Decoded{first, 1};
    }
    const std::size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || text.size() < length) {
        return {};
    }
    char32_t code = first & (0x7FU >> length);
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xC0U) != 0x80) {
            return {};
        }
        code = (code << 6U) | (byte(i) & 0x3FU);
    }
    const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
    const bool impossible = code > 0x10FFFF || (code >= 0xD800 && code < 0xE000);
    return overlong || impossible ? std::nullopt : std::optional(Decoded{code, length});
}

bool misleads(char32_t code) {
    const bool upper_control = code >= 0x80 && code < 0xA0;
    const bool direction = code == 0x061C || code == 0x200E || code == 0x200F ||
                           (code >= 0x202A && code <= 0x202E) || (code >= 0x2066 && code <= 0x2069);
    return upper_control || direction || code == 0xFFFE || code == 0xFFFF;
}

/// U+2400 + code: the picture of a control character.
void append_picture(std::string& out, unsigned char control) {
    const unsigned picture = control == 0x7F ? 0x21U : control;
    out += "\xE2\x90";
    out += static_cast<char>(0x80U + picture);
}

std::string cleaned(std::string_view text, bool keep_lines) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto decoded = decode(text);
        if (!decoded || misleads(decoded->code)) {
            out += replacement;
        } else if (decoded->code < 0x20 || decoded->code == 0x7F) {
            if (keep_lines && (text.front() == '\n' || text.front() == '\t')) {
                out += text.front();
            } else {
                append_picture(out, static_cast<unsigned char>(text.front()));
            }
        } else {
            out += text.substr(0, decoded->length);
        }
        text.remove_prefix(decoded ? decoded->length : 1);
    }
    return out;
}

}  // namespace

std::string readable(std::string_view text) {
    return cleaned(text, true);
}

std::string one_line(std::string_view text) {
    return cleaned(text, false);
}

std::string html(std::string_view text) {
    std::string out;
    for (const char c : readable(text)) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            case '\'':
                out += "&#39;";
                break;
            default:
                out += c;
        }
    }
    return out;
}

std::string link_target(const std::filesystem::path& relative) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    // "./" first: "javascript:…" is then a file's name.
    std::string out = relative.is_absolute() ? "" : "./";
    for (const char c : relative.generic_string()) {
        if (plain.find(c) != std::string_view::npos) {
            out += c;
        } else {
            out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return out;
}

std::string markdown(std::string_view text) {
    constexpr std::string_view special = "\\`*_{}[]()#+-.!|~>$:";
    std::string out;
    for (const char c : one_line(text)) {
        if (c == '<') {
            out += "&lt;";
        } else if (c == '&') {
            out += "&amp;";
        } else if (c == '@') {
            out += "&#64;";
        } else {
            if (special.find(c) != std::string_view::npos) {
                out += '\\';
            }
            out += c;
        }
    }
    return out;
}

}  // namespace ordeal::reports
