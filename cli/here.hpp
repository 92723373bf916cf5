#pragma once

#include "core/catalogue.hpp"

#include <string>
#include <vector>

namespace ordeal::cli {

/// Why a lab on this machine cannot have the fault; empty when it can. In the order of `faults`.
/// What the kernel and programs can is tried, not looked up; each trial has a deadline.
[[nodiscard]] std::vector<std::string> reasons_against(const std::vector<EntryInfo>& faults);

}  // namespace ordeal::cli
