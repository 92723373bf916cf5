#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <atomic>
#include <cstddef>
#include <future>
#include <list>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

namespace ordeal {

/// Gives a deadline to calls of a library that has none. Each call runs on a thread of its own; one
/// that does not come back in time is left behind until it does, and at most `most_stuck` of those
/// are borne. Thread-safe.
class BoundedCalls {
  public:
    explicit BoundedCalls(std::size_t most_stuck = 16) : most_stuck_(most_stuck) {}

    BoundedCalls(const BoundedCalls&) = delete;
    BoundedCalls& operator=(const BoundedCalls&) = delete;

    /// Calls that are still stuck are given up for good: what they own dies with them.
    ~BoundedCalls();

    /// Runs `work`, which returns a Result and owns all that it uses: it may outlive the caller and
    /// this object. Errors: those of `work`; timeout (no answer before `deadline`); unavailable
    /// (too many calls are stuck).
    template <class Work>
    [[nodiscard]] auto run(const std::string& tried, Duration deadline, Work work)
        -> decltype(work()) {
        using Answer = decltype(work());
        if (reap() >= most_stuck_) {
            return fail(ErrorKind::unavailable, tried, "too many earlier calls never came back");
        }
        std::packaged_task<Answer()> task(std::move(work));
        auto answer = task.get_future();
        auto ended = std::make_shared<std::atomic<bool>>(false);
        std::thread thread([task = std::move(task), ended]() mutable {
            task();
            task = {};
            *ended = true;
        });
        if (answer.wait_for(deadline) == std::future_status::ready) {
            thread.join();
            return answer.get();
        }
        keep(std::move(thread), std::move(ended));
        return fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline));
    }

  private:
    struct Stuck {
        std::thread thread;
        std::shared_ptr<std::atomic<bool>> ended;
    };

    std::size_t reap();
    void keep(std::thread thread, std::shared_ptr<std::atomic<bool>> ended);

    std::size_t most_stuck_;
    std::mutex mutex_;
    std::list<Stuck> stuck_;
};

}  // namespace ordeal
