#pragma once

/// What nearly every source includes, for the precompiled header alone
/// (cmake/OrdealPrecompiled.cmake). Only what seldom changes: a change rebuilds everything.

#include "core/fields.hpp"
#include "core/result.hpp"
#include "core/units.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <fmt/format.h>
#include <fstream>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>
#include <vector>
