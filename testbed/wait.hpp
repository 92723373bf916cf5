#pragma once

#include "core/units.hpp"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>

namespace ordeal {

/// Asks `condition` again and again until it says yes (true), `deadline` has passed or stop is
/// requested (false). For conditions of the outside world that offer nothing to wait on; asked once
/// at least.
template <class Condition>
[[nodiscard]] bool wait_until(Duration deadline,
                              Condition condition,
                              const std::stop_token& stop = {},
                              Duration interval = std::chrono::milliseconds(5)) {
    const auto end = std::chrono::steady_clock::now() + deadline;
    std::mutex mutex;
    std::condition_variable_any never;
    std::unique_lock lock(mutex);
    while (!condition()) {
        if (stop.stop_requested() || std::chrono::steady_clock::now() >= end) {
            return false;
        }
        never.wait_for(lock, stop, interval, [] { return false; });
    }
    return true;
}

}  // namespace ordeal
