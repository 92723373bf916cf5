#include "testbed/bounded_calls.hpp"

#include <algorithm>
#include <condition_variable>
#include <iterator>
#include <thread>

namespace ordeal {

/// One thread. It shares with us what must outlive us when it is stuck.
class BoundedCalls::Worker {
  public:
    Worker() : thread_([desk = desk_] { serve(*desk); }) {}

    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    ~Worker() {
        const bool stuck = busy();
        {
            const std::lock_guard lock(desk_->mutex);
            desk_->closed = true;
        }
        desk_->changed.notify_all();
        stuck ? thread_.detach() : thread_.join();
    }

    /// False: not done by the deadline, and still at it.
    bool run(std::function<void()> work, Duration deadline) {
        std::unique_lock lock(desk_->mutex);
        desk_->work = std::move(work);
        desk_->busy = true;
        desk_->changed.notify_all();
        return desk_->changed.wait_for(lock, deadline, [this] { return !desk_->busy; });
    }

    [[nodiscard]] bool busy() const {
        const std::lock_guard lock(desk_->mutex);
        return desk_->busy;
    }

  private:
    struct Desk {
        std::mutex mutex;
        std::condition_variable changed;
        std::function<void()> work;  ///< to begin with
        bool busy = false;
        bool closed = false;
    };

    static void serve(Desk& desk) {
        std::unique_lock lock(desk.mutex);
        for (;;) {
            desk.changed.wait(lock, [&] { return desk.closed || desk.work; });
            if (!desk.work) {
                return;
            }
            auto work = std::exchange(desk.work, nullptr);
            lock.unlock();
            work();
            work = nullptr;  // what the call owns goes before anybody hears that it is over
            lock.lock();
            desk.busy = false;
            desk.changed.notify_all();
        }
    }

    std::shared_ptr<Desk> desk_ = std::make_shared<Desk>();
    std::thread thread_;
};

BoundedCalls::BoundedCalls(std::size_t most_stuck) : most_stuck_(most_stuck) {}

BoundedCalls::~BoundedCalls() = default;

std::unique_ptr<BoundedCalls::Worker> BoundedCalls::take() {
    const std::lock_guard lock(mutex_);
    const auto free = std::ranges::partition(stuck_, [](const auto& call) { return call->busy(); });
    std::ranges::move(free, std::back_inserter(idle_));
    stuck_.erase(free.begin(), free.end());
    if (stuck_.size() >= most_stuck_) {
        return nullptr;
    }
    if (idle_.empty()) {
        return std::make_unique<Worker>();
    }
    auto worker = std::move(idle_.back());
    idle_.pop_back();
    return worker;
}

BoundedCalls::Outcome BoundedCalls::call(std::function<void()> work, Duration deadline) {
    auto worker = take();
    if (!worker) {
        return Outcome::refused;
    }
    const bool done = worker->run(std::move(work), deadline);
    const std::lock_guard lock(mutex_);
    (done ? idle_ : stuck_).push_back(std::move(worker));
    return done ? Outcome::done : Outcome::late;
}

}  // namespace ordeal
