#include "core/schema.hpp"

#include "core/suggest.hpp"
#include "core/toml_reader.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <vector>

namespace ordeal {
namespace {

std::string_view name_of(ParamType type) {
    switch (type) {
        case ParamType::boolean:
            return "true or false";
        case ParamType::integer:
            return "an integer";
        case ParamType::number:
            return "a number";
        case ParamType::text:
            return "text in quotes";
        case ParamType::choice:
            return "one of";
        case ParamType::list:
            return "a list of texts in quotes";
        case ParamType::duration:
            return "a duration such as \"500ms\"";
        case ParamType::size:
            return "a size such as \"64MiB\"";
    }
    return "";
}

/// The document and where to complain: what every reader below needs.
struct Place {
    const Document& document;
    Diagnostics& out;

    void complain(Span span, std::string message, std::string hint = {}) const {
        out.push_back(document.at(span, std::move(message), std::move(hint)));
    }
};

std::optional<Value> read_list(const Node::Array& nodes) {
    std::vector<std::string> list;
    for (const auto& node : nodes) {
        const auto* text = node.as<std::string>();
        if (text == nullptr) {
            return std::nullopt;
        }
        list.push_back(*text);
    }
    return list;
}

template <class T>
std::optional<Value> accept(const T* value) {
    return value == nullptr ? std::nullopt : std::optional<Value>(*value);
}

/// A quantity in its text form; what is wrong with its unit or number is said here.
template <class Parse>
std::optional<Value> read_quantity(const Place& place,
                                   const Node& node,
                                   const ParamSpec& spec,
                                   Parse parse) {
    const auto* text = node.as<std::string>();
    if (text == nullptr) {
        const bool number = node.as<std::int64_t>() != nullptr || node.as<double>() != nullptr;
        place.complain(
            node.span,
            number
                ? fmt::format("\"{}\" needs a unit", spec.name)
                : fmt::format(
                      "\"{}\" must be {}, not {}", spec.name, name_of(spec.type), node.type_name()),
            number ? fmt::format("write {}", name_of(spec.type)) : "");
        return std::nullopt;
    }
    const auto value = parse(*text);
    if (!value) {
        place.complain(node.span,
                       fmt::format("\"{}\": {}", spec.name, value.error().answer),
                       value.error().hint);
        return std::nullopt;
    }
    return *value;
}

std::optional<Value> read_typed(const Place& place, const Node& node, const ParamSpec& spec) {
    std::optional<Value> value;
    switch (spec.type) {
        case ParamType::boolean:
            value = accept(node.as<bool>());
            break;
        case ParamType::integer:
            value = accept(node.as<std::int64_t>());
            break;
        case ParamType::number:
            value = accept(node.as<double>());
            if (const auto* integer = node.as<std::int64_t>()) {
                value = static_cast<double>(*integer);
            }
            break;
        case ParamType::text:
        case ParamType::choice:
            value = accept(node.as<std::string>());
            break;
        case ParamType::list:
            if (const auto* nodes = node.as<Node::Array>()) {
                value = read_list(*nodes);
            }
            break;
        case ParamType::duration:
            return read_quantity(place, node, spec, parse_duration);
        case ParamType::size:
            return read_quantity(place, node, spec, parse_bytes);
    }
    if (!value) {
        place.complain(
            node.span,
            fmt::format("\"{}\" must be {}, not {}", spec.name, describe(spec), node.type_name()));
    }
    return value;
}

/// Both limits hold values of the spec's own type, which comparisons of variants need.
bool in_range(const Value& value, const ParamSpec& spec) {
    return (!spec.minimum || *spec.minimum <= value) && (!spec.maximum || value <= *spec.maximum);
}

std::optional<Value> read_value(const Place& place, const Node& node, const ParamSpec& spec) {
    auto value = read_typed(place, node, spec);
    if (!value) {
        return std::nullopt;
    }
    if (spec.type == ParamType::choice) {
        const auto& chosen = std::get<std::string>(*value);
        if (std::ranges::find(spec.choices, chosen) == spec.choices.end()) {
            place.complain(node.span,
                           fmt::format("\"{}\" must be {}", spec.name, describe(spec)),
                           suggestion_hint(chosen, spec.choices));
            return std::nullopt;
        }
    }
    if (!in_range(*value, spec)) {
        place.complain(
            node.span,
            fmt::format("\"{}\" must be {}, not {}", spec.name, describe(spec), to_text(*value)));
        return std::nullopt;
    }
    return value;
}

void report_unknown(const Place& place,
                    const Node& table,
                    std::span<const ParamSpec> specs,
                    std::span<const std::string_view> elsewhere) {
    std::vector<std::string> known(elsewhere.begin(), elsewhere.end());
    for (const auto& spec : specs) {
        known.push_back(spec.name);
    }
    for (const auto& entry : *table.as<Node::Table>()) {
        if (std::ranges::find(known, entry.key) == known.end()) {
            place.complain(entry.key_span,
                           fmt::format("unknown key \"{}\"", entry.key),
                           suggestion_hint(entry.key, known));
        }
    }
}

}  // namespace

std::string describe(const ParamSpec& spec) {
    std::string text(name_of(spec.type));
    if (spec.type == ParamType::choice) {
        text += fmt::format(" {}", fmt::join(spec.choices, ", "));
    }
    if (spec.minimum && spec.maximum) {
        text += fmt::format(" from {} to {}", to_text(*spec.minimum), to_text(*spec.maximum));
    } else if (spec.minimum) {
        text += fmt::format(" of at least {}", to_text(*spec.minimum));
    } else if (spec.maximum) {
        text += fmt::format(" of at most {}", to_text(*spec.maximum));
    }
    return text;
}

Params read_params(const Document& document,
                   const Node& table,
                   std::span<const ParamSpec> specs,
                   std::span<const std::string_view> elsewhere,
                   UnknownKeys unknown,
                   Diagnostics& out) {
    const Place place{document, out};
    Params params;
    if (unknown == UnknownKeys::report) {
        report_unknown(place, table, specs, elsewhere);
    }
    for (const auto& spec : specs) {
        if (const Entry* entry = table.find(spec.name)) {
            if (auto value = read_value(place, entry->value, spec)) {
                params.set(spec.name, std::move(*value));
            }
        } else if (spec.fallback) {
            params.set(spec.name, *spec.fallback);
        } else {
            place.complain(table.span,
                           fmt::format("\"{}\" is missing", spec.name),
                           spec.help.empty() ? "" : fmt::format("{}: {}", spec.name, spec.help));
        }
    }
    return params;
}

namespace {

using Words = std::vector<std::string>;

std::vector<ParamSpec> schema_keys(EntryRole role) {
    std::vector<ParamSpec> keys{
        {.name = "summary", .type = ParamType::text},
        {.name = "details", .type = ParamType::text, .fallback = std::string()},
        {.name = "needs", .type = ParamType::list, .fallback = Words()}};
    if (role == EntryRole::fault) {
        const Words things{"domain", "host"};
        keys.push_back({.name = "target", .type = ParamType::choice, .choices = things});
        keys.push_back({.name = "blast", .type = ParamType::choice, .choices = things});
        keys.push_back({.name = "undo",
                        .type = ParamType::choice,
                        .choices = {"none", "owner-bound", "lease", "guardian"}});
    }
    return keys;
}

constexpr std::array type_names{std::pair{"boolean", ParamType::boolean},
                                std::pair{"integer", ParamType::integer},
                                std::pair{"number", ParamType::number},
                                std::pair{"text", ParamType::text},
                                std::pair{"choice", ParamType::choice},
                                std::pair{"list", ParamType::list},
                                std::pair{"duration", ParamType::duration},
                                std::pair{"size", ParamType::size}};

std::vector<ParamSpec> param_keys() {
    Words types;
    for (const auto& [name, type] : type_names) {
        types.emplace_back(name);
    }
    return {{.name = "type", .type = ParamType::choice, .choices = types},
            {.name = "help", .type = ParamType::text},
            {.name = "choices", .type = ParamType::list, .fallback = Words()}};
}

std::optional<ParamSpec> read_param(const Place& place, const Entry& entry) {
    if (entry.value.as<Node::Table>() == nullptr) {
        place.complain(entry.key_span, "expected a table [param.<name>]");
        return std::nullopt;
    }
    constexpr std::array<std::string_view, 3> elsewhere{"default", "min", "max"};
    const auto params = read_params(
        place.document, entry.value, param_keys(), elsewhere, UnknownKeys::report, place.out);
    ParamSpec spec{.name = entry.key,
                   .help = params.get<std::string>("help"),
                   .choices = params.get<Words>("choices")};
    const auto type = params.get<std::string>("type");
    const auto* const known = std::ranges::find(
        type_names, type, [](const auto& pair) { return std::string_view(pair.first); });
    if (known == type_names.end()) {
        return std::nullopt;  // reported by read_params
    }
    spec.type = known->second;
    if ((spec.type == ParamType::choice) == spec.choices.empty()) {
        place.complain(entry.key_span, "\"choices\" belong to the type \"choice\", and only there");
        return std::nullopt;
    }
    // In this order: the default must be within the limits, the limits know none.
    const auto read = [&](std::string_view key) -> std::optional<Value> {
        const Entry* found = entry.value.find(key);
        return found == nullptr ? std::nullopt : read_value(place, found->value, spec);
    };
    const auto minimum = read("min");
    const auto maximum = read("max");
    if (minimum && maximum && *maximum < *minimum) {
        place.complain(entry.key_span, "\"max\" is less than \"min\"");
    }
    spec.minimum = minimum;
    spec.maximum = maximum;
    spec.fallback = read("default");
    return spec;
}

}  // namespace

std::optional<EntryInfo> parse_schema(EntryRole role,
                                      std::string_view kind,
                                      std::string_view toml,
                                      Diagnostics& out) {
    const auto before = out.size();
    const auto document = parse_toml(std::string(toml), fmt::format("{}.toml", kind), out);
    if (!document) {
        return std::nullopt;
    }
    constexpr std::array<std::string_view, 1> elsewhere{"param"};
    const auto params = read_params(
        *document, document->root, schema_keys(role), elsewhere, UnknownKeys::report, out);
    EntryInfo info{.kind = std::string(kind),
                   .summary = params.get<std::string>("summary"),
                   .target = params.get<std::string>("target"),
                   .blast = params.get<std::string>("blast"),
                   .undo = params.get<std::string>("undo"),
                   .needs = params.get<Words>("needs"),
                   .details = params.get<std::string>("details"),
                   .params = {}};
    for (const Node* table : document->root.tables("param")) {
        for (const auto& entry : *table->as<Node::Table>()) {
            if (auto spec = read_param({*document, out}, entry)) {
                info.params.push_back(std::move(*spec));
            }
        }
    }
    return out.size() == before ? std::optional(std::move(info)) : std::nullopt;
}

}  // namespace ordeal
