#pragma once

#include "core/fields.hpp"

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>
#include <vector>

/// Fields as JSON, for the store and the undo journal. Quantities keep their type:
/// a duration is {"ns": 5}, a size {"bytes": 5}; everything else is JSON's own. What is read back
/// equals what was written, except that bytes which are no UTF-8 become U+FFFD and infinities null.
namespace ordeal {

[[nodiscard]] nlohmann::json json_of(const Fields& fields);

/// corrupt: not an object, or a value of no known type.
[[nodiscard]] Result<Fields> fields_of(const nlohmann::json& object);

/// One line without line ends.
[[nodiscard]] std::string to_line(const nlohmann::json& value);

/// corrupt: no JSON, or not what the name says.
[[nodiscard]] Result<Fields> parse_fields(std::string_view text);
[[nodiscard]] Result<std::vector<std::string>> parse_list(std::string_view text);

}  // namespace ordeal
