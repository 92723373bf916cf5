#pragma once

#include "core/units.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace ordeal {

/// One value of a parameter, a fact or a figure. Quantities keep their type.
using Value = std::
    variant<bool, std::int64_t, double, std::string, Duration, Bytes, std::vector<std::string>>;

/// The value as a person reads it: "250 ms", "64 MiB", "true", "a, b".
[[nodiscard]] std::string to_text(const Value& value);

/// Named values in a stable order: parameters of a fault, facts of an observation, figures of a
/// finding.
class Fields {
  public:
    using Map = std::map<std::string, Value, std::less<>>;

    Fields() = default;

    Fields(std::initializer_list<Map::value_type> values) : values_(values) {}

    void set(std::string name, Value value) {
        values_.insert_or_assign(std::move(name), std::move(value));
    }

    [[nodiscard]] bool has(std::string_view name) const { return values_.contains(name); }

    /// The value of `name` if it is there and holds a T, else nullptr.
    template <class T>
    [[nodiscard]] const T* find(std::string_view name) const {
        const auto it = values_.find(name);
        return it == values_.end() ? nullptr : std::get_if<T>(&it->second);
    }

    /// The value of `name`, or `fallback` if it is missing or of another type.
    template <class T>
    [[nodiscard]] T get(std::string_view name, T fallback = {}) const {
        const T* value = find<T>(name);
        return value == nullptr ? std::move(fallback) : *value;
    }

    [[nodiscard]] bool empty() const { return values_.empty(); }

    [[nodiscard]] const Map& all() const { return values_; }

    bool operator==(const Fields&) const = default;

  private:
    Map values_;
};

/// Parameters of a catalogue entry after validation: every name of the schema is present, typed, in
/// range.
using Params = Fields;

}  // namespace ordeal
