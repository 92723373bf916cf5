#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"
#include "core/units.hpp"

#include <cstdint>
#include <future>
#include <string>
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

/// Runs `work` on a thread that ends afterwards, and waits: what it does to its own namespaces
/// stays with that thread and the processes it started. An exception of `work` reaches the caller.
template <class Work>
[[nodiscard]] auto on_fresh_thread(Work work) -> decltype(work()) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto answer = task.get_future();
    std::thread(std::move(task)).join();
    return answer.get();
}

/// Runs `work` (which returns a Result) in the namespaces of `pid`; the caller's do not change.
template <class Work>
[[nodiscard]] auto inside_namespaces(pid_t pid, Namespaces which, Work work) -> decltype(work()) {
    return on_fresh_thread([&]() -> decltype(work()) {
        if (auto entered = enter_namespaces(pid, which); !entered) {
            return entered.error();
        }
        return work();
    });
}

/// A close-on-exec socket that belongs to the network namespace of `pid`; arguments as socket(2).
/// It stays there whichever thread uses it.
/// Our own network when `pid` is 0.
[[nodiscard]] Result<Fd> socket_inside(pid_t pid, int domain, int type, int protocol);

/// A TCP connection to address:port made inside the network namespace of `pid`.
[[nodiscard]] Result<Fd> connect_inside(pid_t pid,
                                        const std::string& address,
                                        std::uint16_t port,
                                        Duration deadline);

}  // namespace ordeal
