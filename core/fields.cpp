#include "core/fields.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ordeal {
namespace {

struct Print {
    std::string operator()(bool value) const { return value ? "true" : "false"; }

    std::string operator()(std::int64_t value) const { return std::to_string(value); }

    std::string operator()(double value) const { return fmt::format("{:.6g}", value); }

    std::string operator()(const std::string& value) const { return value; }

    std::string operator()(Duration value) const { return to_text(value); }

    std::string operator()(Bytes value) const { return to_text(value); }

    std::string operator()(const std::vector<std::string>& value) const {
        return fmt::format("{}", fmt::join(value, ", "));
    }
};

}  // namespace

std::string to_text(const Value& value) {
    return std::visit(Print{}, value);
}

}  // namespace ordeal
