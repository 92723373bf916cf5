#pragma once

#include "core/catalogue.hpp"

#include <vector>

/// The keys that a definition's tables may have, as specs: what is read, and what pages and
/// completion show. Keys of an entry's own come from its schema.
namespace ordeal::definition_keys {

[[nodiscard]] std::vector<ParamSpec> experiment();
[[nodiscard]] std::vector<ParamSpec> domain();
[[nodiscard]] std::vector<ParamSpec> disk();
[[nodiscard]] std::vector<ParamSpec> service();
[[nodiscard]] std::vector<ParamSpec> cluster();
[[nodiscard]] std::vector<ParamSpec> load();
[[nodiscard]] std::vector<ParamSpec> group();
[[nodiscard]] std::vector<ParamSpec> fault();
/// The table `on` of a fault.
[[nodiscard]] std::vector<ParamSpec> trigger();
[[nodiscard]] std::vector<ParamSpec> probe();
[[nodiscard]] std::vector<ParamSpec> check();

}  // namespace ordeal::definition_keys
