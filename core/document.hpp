#pragma once

#include "core/diagnostic.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// A TOML file as plain values that remember where they stand. Knows nothing of its parser.
namespace ordeal {

/// A piece of a text, in bytes.
struct Span {
    std::size_t offset = 0;
    std::size_t length = 0;
};

struct Entry;

/// One value. `span` covers its text; of a table with a header, the header.
struct Node {
    using Array = std::vector<Node>;
    using Table = std::vector<Entry>;  ///< in the order of the text

    std::variant<bool, std::int64_t, double, std::string, Array, Table> value;
    Span span;

    template <class T>
    [[nodiscard]] const T* as() const {
        return std::get_if<T>(&value);
    }

    /// What it is, for messages: "text", "an integer", "a table", …
    [[nodiscard]] std::string_view type_name() const;
    /// The entry of a table, or nullptr (also when this is no table).
    [[nodiscard]] const Entry* find(std::string_view key) const;
    /// The tables of `[[key]]`, or of one `[key]`; empty when the key is not there or holds
    /// something else.
    [[nodiscard]] std::vector<const Node*> tables(std::string_view key) const;
};

struct Entry {
    std::string key;
    Span key_span;
    Node value;
};

struct Document {
    std::string name;  ///< of the file, for messages
    std::string text;
    Node root;  ///< always a table

    /// Something wrong at `span`.
    [[nodiscard]] Diagnostic at(Span span, std::string message, std::string hint = {}) const;
};

/// Something wrong in `text` at `span`; shared by Document and by those who fail to make one.
[[nodiscard]] Diagnostic diagnose(std::string_view name,
                                  std::string_view text,
                                  Span span,
                                  std::string message,
                                  std::string hint = {});

}  // namespace ordeal
