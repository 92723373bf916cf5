#include "testbed/bounded_calls.hpp"

namespace ordeal {

BoundedCalls::~BoundedCalls() {
    reap();
    for (auto& call : stuck_) {
        call.thread.detach();
    }
}

std::size_t BoundedCalls::reap() {
    const std::lock_guard lock(mutex_);
    std::erase_if(stuck_, [](Stuck& call) {
        if (!*call.ended) {
            return false;
        }
        call.thread.join();
        return true;
    });
    return stuck_.size();
}

void BoundedCalls::keep(std::thread thread, std::shared_ptr<std::atomic<bool>> ended) {
    const std::lock_guard lock(mutex_);
    stuck_.push_back({std::move(thread), std::move(ended)});
}

}  // namespace ordeal
