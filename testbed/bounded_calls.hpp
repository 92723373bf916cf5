#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <cstddef>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace ordeal {

/// Gives a deadline to calls of a library that has none. Each call runs on a thread that makes no
/// other meanwhile; threads are kept for later calls. One that does not come back in time is left
/// behind until it does, and at most `most_stuck` of those are borne. Thread-safe.
class BoundedCalls {
  public:
    explicit BoundedCalls(std::size_t most_stuck = 16);

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
        // Shared, since std::function must be copyable.
        auto task = std::make_shared<std::packaged_task<Answer()>>(std::move(work));
        auto answer = task->get_future();
        switch (call([task = std::move(task)] { (*task)(); }, deadline)) {
            case Outcome::refused:
                return fail(
                    ErrorKind::unavailable, tried, "too many earlier calls never came back");
            case Outcome::late:
                return fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline));
            case Outcome::done:
                break;
        }
        return answer.get();
    }

  private:
    class Worker;
    enum class Outcome { done, late, refused };

    Outcome call(std::function<void()> work, Duration deadline);
    std::unique_ptr<Worker> take();

    std::size_t most_stuck_;
    std::mutex mutex_;
    std::vector<std::unique_ptr<Worker>> idle_;
    std::vector<std::unique_ptr<Worker>> stuck_;
};

}  // namespace ordeal
