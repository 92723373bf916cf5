#pragma once

#include "core/testbed.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace ordeal {

/// The subscribers of one kind of news in the simulation. A subscription may outlive this object.
template <class... Args>
class Listeners {
  public:
    [[nodiscard]] Subscription add(std::function<void(Args...)> callback) {
        const auto id = ++state_->last_id;
        state_->callbacks.emplace(id, std::move(callback));
        return {state_.get(), [state = state_, id](void*) { state->callbacks.erase(id); }};
    }

    void tell(Args... args) const {
        // A callback may subscribe or unsubscribe, also itself.
        const auto callbacks = state_->callbacks;
        for (const auto& [id, callback] : callbacks) {
            if (state_->callbacks.contains(id)) {
                callback(args...);
            }
        }
    }

  private:
    struct State {
        std::uint64_t last_id = 0;
        std::map<std::uint64_t, std::function<void(Args...)>> callbacks;
    };

    std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace ordeal
