#include "campaign/slots.hpp"

#include <utility>

namespace ordeal {

Slots::Slots(Scheduler& scheduler, std::vector<bool> alone)
    : scheduler_(scheduler), alone_(std::move(alone)) {}

bool Slots::may_go_on() const {
    if (closed_ || next_ == alone_.size()) {
        return true;
    }
    return alone_[next_] ? running_ == 0 : !one_alone_;
}

std::optional<std::size_t> Slots::take(const std::stop_token& stop) {
    const auto ready = [this] {
        const std::lock_guard lock(mutex_);
        return may_go_on();
    };
    // A trial ends by its own deadline, so this wait needs none.
    while (scheduler_.wait_until(Instant::max(), stop, ready) == Woken::ready) {
        const std::lock_guard lock(mutex_);
        if (!may_go_on()) {
            continue;  // another slot was quicker
        }
        if (closed_ || next_ == alone_.size() || stop.stop_requested()) {
            return std::nullopt;
        }
        ++running_;
        one_alone_ = alone_[next_];
        return next_++;
    }
    return std::nullopt;
}

void Slots::give_back(std::size_t trial) {
    {
        const std::lock_guard lock(mutex_);
        --running_;
        if (alone_[trial]) {
            one_alone_ = false;
        }
    }
    scheduler_.notify();
}

void Slots::close() {
    {
        const std::lock_guard lock(mutex_);
        closed_ = true;
    }
    scheduler_.notify();
}

}  // namespace ordeal
