#pragma once

#include "reports/escape.hpp"

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

/// How values of a run stand in JSON, in all documents alike.
namespace ordeal::reports {

using Json = nlohmann::ordered_json;

/// `null` when it is not known.
inline Json to_json(const std::optional<double>& value) {
    return value ? Json(*value) : Json();
}

inline Json to_json(const std::vector<std::string>& texts) {
    Json list = Json::array();
    for (const auto& text : texts) {
        list.push_back(readable(text));
    }
    return list;
}

}  // namespace ordeal::reports
