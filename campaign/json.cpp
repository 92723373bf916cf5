#include "campaign/json.hpp"

#include <limits>
#include <nlohmann/json.hpp>

namespace ordeal {
namespace {

using nlohmann::json;

struct ToJson {
    json operator()(bool value) const { return value; }

    json operator()(std::int64_t value) const { return value; }

    json operator()(double value) const { return value; }

    json operator()(const std::string& value) const { return value; }

    json operator()(Duration value) const { return {{"ns", value.count()}}; }

    json operator()(Bytes value) const { return {{"bytes", value.count}}; }

    json operator()(const std::vector<std::string>& value) const { return value; }
};

Error unreadable(const json& value) {
    return fail(ErrorKind::corrupt, "read stored fields", "no known value: " + to_line(value));
}

Result<Value> quantity_of(const json& value) {
    if (value.size() == 1 && value.begin()->is_number_integer()) {
        if (value.begin().key() == "ns") {
            return Value(Duration(value.begin()->get<std::int64_t>()));
        }
        if (value.begin().key() == "bytes") {
            return Value(Bytes{value.begin()->get<std::uint64_t>()});
        }
    }
    return unreadable(value);
}

Result<Value> list_of(const json& value) {
    std::vector<std::string> list;
    for (const auto& item : value) {
        if (!item.is_string()) {
            return unreadable(value);
        }
        list.push_back(item.get<std::string>());
    }
    return Value(std::move(list));
}

Result<Value> value_of(const json& value) {
    switch (value.type()) {
        case json::value_t::boolean:
            return Value(value.get<bool>());
        case json::value_t::number_integer:
        case json::value_t::number_unsigned:
            return Value(value.get<std::int64_t>());
        case json::value_t::number_float:
            return Value(value.get<double>());
        case json::value_t::null:
            return Value(std::numeric_limits<double>::quiet_NaN());
        case json::value_t::string:
            return Value(value.get<std::string>());
        case json::value_t::object:
            return quantity_of(value);
        case json::value_t::array:
            return list_of(value);
        default:
            return unreadable(value);
    }
}

}  // namespace

json json_of(const Fields& fields) {
    json object = json::object();
    for (const auto& [name, value] : fields.all()) {
        object[name] = std::visit(ToJson{}, value);
    }
    return object;
}

Result<Fields> fields_of(const json& object) {
    if (!object.is_object()) {
        return unreadable(object);
    }
    Fields fields;
    for (const auto& [name, stored] : object.items()) {
        auto value = value_of(stored);
        if (!value) {
            return value.error();
        }
        fields.set(name, std::move(*value));
    }
    return fields;
}

std::string to_line(const json& value) {
    return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Fields> parse_fields(std::string_view text) {
    return fields_of(json::parse(text, nullptr, /*allow_exceptions=*/false));
}

Result<std::vector<std::string>> parse_list(std::string_view text) {
    const auto parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
    auto value = parsed.is_array() ? list_of(parsed) : Result<Value>(unreadable(parsed));
    if (!value) {
        return value.error();
    }
    return std::get<std::vector<std::string>>(std::move(*value));
}

}  // namespace ordeal
