#pragma once

#include "core/testbed.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>

namespace ordeal {

/// Callbacks of one kind, kept until their Subscription goes. Thread-safe. Calls are serialised, so
/// a Subscription's end waits for a running call; a callback must be short and must neither
/// subscribe nor end a subscription of the same Listeners. A Subscription may outlive them.
template <class... Args>
class Listeners {
  public:
    [[nodiscard]] Subscription add(std::function<void(const Args&...)> callback) {
        const std::lock_guard lock(shared_->mutex);
        const auto id = ++shared_->last_id;
        shared_->callbacks.emplace(id, std::move(callback));
        return {shared_.get(), [shared = shared_, id](void*) {
                    const std::lock_guard ending(shared->mutex);
                    shared->callbacks.erase(id);
                }};
    }

    void call(const Args&... args) {
        const std::lock_guard lock(shared_->mutex);
        for (const auto& [id, callback] : shared_->callbacks) {
            callback(args...);
        }
    }

  private:
    struct Shared {
        std::mutex mutex;
        std::uint64_t last_id = 0;
        std::map<std::uint64_t, std::function<void(const Args&...)>> callbacks;
    };

    std::shared_ptr<Shared> shared_ = std::make_shared<Shared>();
};

}  // namespace ordeal
