#pragma once

#include "core/schema.hpp"

#include <vector>

/// The keys of each table of a testbed file, with their help. `ordeal describe testbed` shows them.
namespace ordeal::site_keys {

[[nodiscard]] std::vector<ParamSpec> testbed();
[[nodiscard]] std::vector<ParamSpec> named();  ///< what [[jump]] has besides ssh()
[[nodiscard]] std::vector<ParamSpec> ssh();
[[nodiscard]] std::vector<ParamSpec> host();
[[nodiscard]] std::vector<ParamSpec> bmc();
[[nodiscard]] std::vector<ParamSpec> planes();
[[nodiscard]] std::vector<ParamSpec> devices();
[[nodiscard]] std::vector<ParamSpec> storage();
[[nodiscard]] std::vector<ParamSpec> target();
[[nodiscard]] std::vector<ParamSpec> disk();

}  // namespace ordeal::site_keys
