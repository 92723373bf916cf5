#include "core/document.hpp"

#include <algorithm>
#include <array>

namespace ordeal {
namespace {

std::size_t characters(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(
        text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string_view Node::type_name() const {
    static constexpr std::array names{
        "true or false", "an integer", "a number", "text", "a list", "a table"};
    return names.at(value.index());
}

const Entry* Node::find(std::string_view key) const {
    const auto* table = as<Table>();
    if (table == nullptr) {
        return nullptr;
    }
    const auto it = std::ranges::find(*table, key, &Entry::key);
    return it == table->end() ? nullptr : &*it;
}

std::vector<const Node*> Node::tables(std::string_view key) const {
    std::vector<const Node*> result;
    const Entry* entry = find(key);
    if (entry == nullptr) {
        return result;
    }
    if (entry->value.as<Table>() != nullptr) {
        result.push_back(&entry->value);
    }
    if (const auto* list = entry->value.as<Array>()) {
        for (const auto& node : *list) {
            if (node.as<Table>() != nullptr) {
                result.push_back(&node);
            }
        }
    }
    return result;
}

Diagnostic Document::at(Span span, std::string message, std::string hint) const {
    return diagnose(name, text, span, std::move(message), std::move(hint));
}

Diagnostic diagnose(std::string_view name,
                    std::string_view text,
                    Span span,
                    std::string message,
                    std::string hint) {
    const std::size_t offset = std::min(span.offset, text.size());
    const std::string_view before = text.substr(0, offset);
    const std::size_t newline = before.rfind('\n');
    const std::size_t begin = newline == std::string_view::npos ? 0 : newline + 1;
    std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin && text[end - 1] == '\r') {
        --end;
    }
    const std::size_t last = std::clamp(offset + span.length, offset, std::max(offset, end));
    return {.file = std::string(name),
            .line = static_cast<std::size_t>(std::ranges::count(before, '\n')) + 1,
            .column = characters(text.substr(begin, offset - begin)) + 1,
            .width = std::max<std::size_t>(characters(text.substr(offset, last - offset)), 1),
            .text = std::string(text.substr(begin, end - begin)),
            .message = std::move(message),
            .hint = std::move(hint)};
}

}  // namespace ordeal
