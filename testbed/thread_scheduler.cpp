#include "testbed/thread_scheduler.hpp"

#include <algorithm>
#include <pthread.h>
#include <thread>

namespace ordeal {
namespace {

class ThreadTask final : public Task {
  public:
    ThreadTask(const std::string& name, std::function<void(const std::stop_token&)> body)
        : thread_([body = std::move(body)](const std::stop_token& stop) { body(stop); }) {
        // The kernel takes 15 characters.
        ::pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
    }

    void request_stop() override { thread_.request_stop(); }

    void join() override {
        if (thread_.joinable()) {
            thread_.join();
        }
    }

  private:
    std::jthread thread_;
};

}  // namespace

struct ThreadScheduler::Waiter {
    const std::function<bool()>& ready;
    std::condition_variable wake;
    bool poked = false;  ///< guarded by the scheduler's mutex
};

Instant ThreadScheduler::now() const {
    return std::chrono::steady_clock::now() - epoch_;
}

WallTime ThreadScheduler::wall() const {
    return std::chrono::system_clock::now();
}

Woken ThreadScheduler::wait_until(Instant deadline,
                                  const std::stop_token& stop,
                                  const std::function<bool()>& ready) {
    // Far enough for every trial, near enough that the sum below cannot overflow.
    constexpr Duration longest = std::chrono::hours(24 * 365);
    Waiter waiter{.ready = ready};
    const auto poke = [&] {
        const std::lock_guard lock(mutex_);
        waiter.poked = true;
        waiter.wake.notify_one();
    };
    // Enlisted before the first look, so that no notify() can fall between look and wait.
    if (ready) {
        const std::lock_guard lock(mutex_);
        waiters_.push_back(&waiter);
    }
    Woken woken = Woken::deadline;
    {
        const std::stop_callback on_stop(stop, poke);
        while (true) {
            if (ready && ready()) {
                woken = Woken::ready;
                break;
            }
            if (now() >= deadline) {
                break;
            }
            if (stop.stop_requested()) {
                woken = Woken::stopped;
                break;
            }
            std::unique_lock lock(mutex_);
            waiter.wake.wait_until(
                lock, epoch_ + std::min(deadline, now() + longest), [&] { return waiter.poked; });
            waiter.poked = false;
        }
    }
    if (ready) {
        const std::lock_guard lock(mutex_);
        std::erase(waiters_, &waiter);
    }
    return woken;
}

void ThreadScheduler::notify() {
    const std::lock_guard lock(mutex_);
    for (Waiter* waiter : waiters_) {
        if (!waiter->poked && waiter->ready()) {
            waiter->poked = true;
            waiter->wake.notify_one();
        }
    }
}

std::unique_ptr<Task> ThreadScheduler::spawn(std::string name,
                                             std::function<void(const std::stop_token&)> body) {
    return std::make_unique<ThreadTask>(name, std::move(body));
}

}  // namespace ordeal
