#include "core/diagnostic.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace ordeal {
namespace {

bool continues_character(char byte) {
    return (static_cast<unsigned char>(byte) & 0xC0U) == 0x80U;  // UTF-8
}

std::string printable(std::string_view line) {
    std::string result(line);
    std::ranges::replace_if(
        result,
        [](char byte) {
            const auto value = static_cast<unsigned char>(byte);
            return (value < 0x20 && byte != '\t') || value == 0x7F;
        },
        '?');
    return result;
}

/// Blanks as wide as the first `count` characters of `line`; tabs stay tabs.
std::string blanks(std::string_view line, std::size_t count) {
    std::string result;
    for (const char byte : line) {
        if (continues_character(byte)) {
            continue;
        }
        if (result.size() == count) {
            break;
        }
        result += byte == '\t' ? '\t' : ' ';
    }
    return result;
}

}  // namespace

std::string to_text(const Diagnostic& diagnostic, Color color) {
    const bool on = color == Color::on;
    const std::string_view bold = on ? "\033[1m" : "";
    const std::string_view red = on ? "\033[1;31m" : "";
    const std::string_view cyan = on ? "\033[36m" : "";
    const std::string_view plain = on ? "\033[0m" : "";
    const std::string place =
        diagnostic.line == 0
            ? diagnostic.file
            : fmt::format("{}:{}:{}", diagnostic.file, diagnostic.line, diagnostic.column);
    std::string result = fmt::format(
        "{}{}:{} {}error:{} {}\n", bold, place, plain, red, plain, printable(diagnostic.message));
    if (diagnostic.line != 0) {
        const std::string line = printable(diagnostic.text);
        result += fmt::format("{:5} | {}\n", diagnostic.line, line);
        result += fmt::format("      | {}{}{}{}\n",
                              blanks(line, diagnostic.column - 1),
                              red,
                              std::string(std::max<std::size_t>(diagnostic.width, 1), '^'),
                              plain);
    }
    if (!diagnostic.hint.empty()) {
        result += fmt::format("      {}= {}{}\n", cyan, printable(diagnostic.hint), plain);
    }
    return result;
}

std::string to_text(const Diagnostics& diagnostics, Color color) {
    std::string result;
    for (const auto& diagnostic : diagnostics) {
        result += to_text(diagnostic, color);
    }
    return result;
}

Error to_error(const Diagnostics& diagnostics) {
    if (diagnostics.empty()) {
        return fail(ErrorKind::internal, "report what is wrong", "nothing is");
    }
    const auto& first = diagnostics.front();
    auto answer = first.message;
    if (diagnostics.size() > 1) {
        answer += fmt::format(" (and {} more)", diagnostics.size() - 1);
    }
    return fail(ErrorKind::definition,
                first.line == 0
                    ? "read " + first.file
                    : fmt::format("read {}:{}:{}", first.file, first.line, first.column),
                answer,
                first.hint);
}

}  // namespace ordeal
