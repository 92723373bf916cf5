#pragma once

#include "core/result.hpp"
#include "testbed/fd.hpp"

#include <future>
#include <sys/types.h>
#include <thread>
#include <utility>

namespace ordeal {

enum class Namespaces {
    net,  ///< the network namespace only
    all   ///< mount (with the root directory), pid (for children), uts, ipc and net
};

/// Moves the calling thread into the namespaces of `pid`, for good; the other threads stay. With
/// Namespaces::all the thread can start processes but no threads any more. Needs root.
/// Errors: not_found (no such process), refused (no privilege). setns(2), pid_namespaces(7).
[[nodiscard]] Status enter_namespaces(pid_t pid, Namespaces which);

/// Runs `work` (which returns a Result) on a fresh thread in the namespaces of `pid` and waits for
/// it; the caller's own namespaces do not change. An exception of `work` reaches the caller.
template <class Work>
[[nodiscard]] auto inside_namespaces(pid_t pid, Namespaces which, Work work) -> decltype(work()) {
    using Answer = decltype(work());
    std::packaged_task<Answer()> task([&]() -> Answer {
        if (auto entered = enter_namespaces(pid, which); !entered) {
            return entered.error();
        }
        return work();
    });
    auto answer = task.get_future();
    std::thread(std::move(task)).join();
    return answer.get();
}

/// A close-on-exec socket that belongs to the network namespace of `pid`; arguments as socket(2).
/// It stays there whichever thread uses it.
[[nodiscard]] Result<Fd> socket_inside(pid_t pid, int domain, int type, int protocol);

}  // namespace ordeal
