#include "campaign/definition_matrix.hpp"

#include "core/suggest.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>

namespace ordeal {
namespace {

constexpr std::array<std::string_view, 2> condition_keys{"when", "unless"};

/// Calls `found(name)` for every `${name}` of `text`; false when one is not closed.
template <class Found>
bool for_each_use(std::string_view text, Found found) {
    for (std::size_t at = text.find("${"); at != std::string_view::npos; at = text.find("${", at)) {
        const std::size_t end = text.find('}', at);
        if (end == std::string_view::npos) {
            return false;
        }
        found(text.substr(at + 2, end - at - 2));
        at = end;
    }
    return true;
}

std::optional<Value> scalar(const Node& node) {
    return std::visit(
        [](const auto& value) -> std::optional<Value> {
            using T = std::decay_t<decltype(value)>;
            if constexpr (std::is_same_v<T, Node::Array> || std::is_same_v<T, Node::Table>) {
                return std::nullopt;
            } else {
                return Value(value);
            }
        },
        node.value);
}

class Reader {
  public:
    Reader(const Document& document, Diagnostics& out) : document_(document), out_(out) {}

    Matrix run() {
        const Entry* entry = document_.root.find("matrix");
        if (entry != nullptr) {
            read_variables(*entry);
        }
        for (const auto& child : *document_.root.as<Node::Table>()) {
            if (child.key != "matrix") {
                find_uses(child.value);
            }
        }
        for (const Node* check : document_.root.tables("check")) {
            find_conditions(*check);
        }
        report_unused(entry);
        if (matrix_.cell_count() > max_matrix_cells) {
            complain(entry->key_span,
                     fmt::format("the matrix has more than {} cells", max_matrix_cells),
                     "make several experiments of it, or leave values out");
            for (auto& variable : matrix_.variables) {
                variable.values.resize(1);
            }
        }
        return std::move(matrix_);
    }

  private:
    void complain(Span span, std::string message, std::string hint = {}) {
        out_.push_back(document_.at(span, std::move(message), std::move(hint)));
    }

    void spoil(Span span, std::string message, std::string hint = {}) {
        complain(span, std::move(message), std::move(hint));
        matrix_.spoiled_lines.insert(out_.back().line);
    }

    void read_variables(const Entry& entry) {
        const auto* table = entry.value.as<Node::Table>();
        if (table == nullptr) {
            complain(entry.key_span, "\"matrix\" must be a table", "write [matrix]");
            return;
        }
        for (const auto& variable : *table) {
            names_.push_back(variable.key);
            spans_.push_back(variable.key_span);
            matrix_.variables.push_back({variable.key, read_values(variable)});
        }
        std::erase_if(matrix_.variables, [](const auto& each) { return each.values.empty(); });
    }

    std::vector<Value> read_values(const Entry& variable) {
        std::vector<Value> values;
        const auto* list = variable.value.as<Node::Array>();
        if (list == nullptr || list->empty()) {
            complain(variable.value.span,
                     fmt::format("matrix variable \"{}\" needs a list of values", variable.key),
                     fmt::format("write {} = [ … ]", variable.key));
            return values;
        }
        for (const auto& node : *list) {
            auto value = scalar(node);
            if (!value) {
                complain(node.span, fmt::format("a matrix value cannot be {}", node.type_name()));
            } else if (to_text(*value).find("${") != std::string::npos) {
                complain(node.span, "a matrix value cannot use a variable");
            } else if (std::ranges::find(values, *value) != values.end()) {
                complain(node.span, fmt::format("{} is given twice", to_text(*value)));
            } else {
                values.push_back(std::move(*value));
            }
        }
        return values;
    }

    [[nodiscard]] const MatrixVariable* variable(std::string_view name) const {
        const auto it = std::ranges::find(matrix_.variables, name, &MatrixVariable::name);
        return it == matrix_.variables.end() ? nullptr : &*it;
    }

    void use(Span span, std::string_view name) {
        used_.emplace(name);
        if (variable(name) != nullptr) {
            return;
        }
        if (std::ranges::find(names_, name) != names_.end()) {  // its values were complained about
            matrix_.spoiled_lines.insert(document_.at(span, "").line);
            return;
        }
        spoil(span,
              fmt::format("there is no matrix variable \"{}\"", name),
              names_.empty() ? fmt::format("add [matrix] with {} = [ … ]", name)
                             : suggestion_hint(name, names_));
    }

    void find_uses(const Node& node) {
        if (const auto* text = node.as<std::string>()) {
            if (!for_each_use(*text, [&](std::string_view name) { use(node.span, name); })) {
                spoil(node.span, "\"${\" is not closed by \"}\"");
            }
        } else if (const auto* list = node.as<Node::Array>()) {
            std::ranges::for_each(*list, [this](const Node& child) { find_uses(child); });
        } else if (const auto* table = node.as<Node::Table>()) {
            std::ranges::for_each(*table, [this](const Entry& child) { find_uses(child.value); });
        }
    }

    void find_conditions(const Node& check) {
        for (const auto key : condition_keys) {
            const Entry* entry = check.find(key);
            const auto* name = entry == nullptr ? nullptr : entry->value.as<std::string>();
            if (name == nullptr) {
                continue;  // not there, or not text: said when the check is read
            }
            const Span span = entry->value.span;
            use(span, *name);
            const auto* found = variable(*name);
            if (found != nullptr && !std::ranges::all_of(found->values, [](const Value& value) {
                    return std::holds_alternative<bool>(value);
                })) {
                spoil(span, fmt::format("\"{}\" needs a variable that is true or false", key));
            }
        }
    }

    void report_unused(const Entry* entry) {
        for (std::size_t index = 0; entry != nullptr && index < names_.size(); ++index) {
            if (!used_.contains(names_[index])) {
                complain(spans_[index],
                         fmt::format("matrix variable \"{}\" is not used", names_[index]),
                         fmt::format("put it in with \"${{{}}}\", or remove it", names_[index]));
            }
        }
    }

    const Document& document_;
    Diagnostics& out_;
    Matrix matrix_;
    std::vector<std::string> names_;  ///< also of variables without sound values
    std::vector<Span> spans_;
    std::set<std::string, std::less<>> used_;
};

bool excluded(const Node& check, const Fields& cell) {
    const auto condition = [&](std::string_view key, bool otherwise) {
        const Entry* entry = check.find(key);
        const auto* name = entry == nullptr ? nullptr : entry->value.as<std::string>();
        return name == nullptr ? otherwise : cell.get<bool>(*name, otherwise);
    };
    return !condition("when", true) || condition("unless", false);
}

void put_in(Node& node, const Fields& cell) {
    if (auto* list = std::get_if<Node::Array>(&node.value)) {
        std::ranges::for_each(*list, [&](Node& child) { put_in(child, cell); });
        return;
    }
    if (auto* table = std::get_if<Node::Table>(&node.value)) {
        std::ranges::for_each(*table, [&](Entry& child) { put_in(child.value, cell); });
        return;
    }
    auto* text = std::get_if<std::string>(&node.value);
    if (text == nullptr) {
        return;
    }
    for (const auto& [name, value] : cell.all()) {
        const std::string use = "${" + name + "}";
        if (*text == use) {
            std::visit(
                [&](const auto& typed) {
                    if constexpr (requires { node.value = typed; }) {
                        node.value = typed;
                    }
                },
                Value(value));
            return;
        }
        for (auto at = text->find(use); at != std::string::npos; at = text->find(use, at)) {
            const std::string plain = to_text(value);
            text->replace(at, use.size(), plain);
            at += plain.size();
        }
    }
}

}  // namespace

Matrix read_matrix(const Document& document, Diagnostics& out) {
    return Reader(document, out).run();
}

std::size_t Matrix::cell_count() const {
    std::size_t count = 1;
    for (const auto& variable : variables) {
        count *= variable.values.size();
        if (count > max_matrix_cells) {  // and no overflow
            return max_matrix_cells + 1;
        }
    }
    return count;
}

Fields Matrix::cell(std::size_t index) const {
    Fields fields;
    for (auto variable = variables.rbegin(); variable != variables.rend(); ++variable) {
        fields.set(variable->name, variable->values[index % variable->values.size()]);
        index /= variable->values.size();
    }
    return fields;
}

Node substitute(const Node& root, const Fields& cell) {
    Node result = root;
    for (auto& entry : std::get<Node::Table>(result.value)) {
        auto* list = std::get_if<Node::Array>(&entry.value.value);
        if (entry.key == "check" && list != nullptr) {
            std::erase_if(*list, [&](const Node& check) { return excluded(check, cell); });
        }
        if (entry.key != "matrix") {
            put_in(entry.value, cell);
        }
    }
    return result;
}

}  // namespace ordeal
