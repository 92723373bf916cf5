// Faults that use up what the guest has.
#include "core/fd.hpp"
#include "guest-agents/held_fault.hpp"
#include "guest-agents/system_failure.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <sched.h>
#include <sys/mman.h>
#include <vector>

namespace ordeal::agent {
namespace {

constexpr std::size_t page = 4096;
constexpr int spinning_priority = 98;

std::int64_t processors() {
    return std::max(1L, ::sysconf(_SC_NPROCESSORS_ONLN));
}

[[noreturn]] void spin(const Order& /*order*/) {
    for (volatile std::uint64_t turns = 0;;) {
        turns = turns + 1;
    }
}

[[noreturn]] void sleep_for_good(const Order& /*order*/) {
    for (;;) {
        ::pause();
    }
}

/// Writes and flushes the same piece again and again.
void write_for_good(const Order& order) {
    const auto path = order.path() + "/ordeal-io-hog";
    const Fd file(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    ::unlink(path.c_str());
    std::vector<char> piece(std::size_t{256} * 1024, 'o');
    while (file && ::pwrite(file.get(), piece.data(), piece.size(), 0) > 0) {
        ::fdatasync(file.get());
        ++piece.front();
    }
}

std::uint64_t available_memory() {
    std::ifstream lines("/proc/meminfo");
    std::string name;
    std::uint64_t kib = 0;
    for (std::string unit; lines >> name >> kib >> unit;) {
        if (name == "MemAvailable:") {
            return kib * 1024;
        }
    }
    return 0;
}

/// Takes pages until no more than `leave` is available, and holds them.
void take_memory(std::uint64_t leave) {
    constexpr std::size_t step = std::size_t{1} << 20U;
    while (available_memory() > leave) {
        auto* taken = ::mmap(nullptr,
                             step,
                             PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE,
                             -1,
                             0);
        if (taken == MAP_FAILED) {
            return;
        }
        for (std::size_t at = 0; at < step; at += page) {
            static_cast<volatile char*>(taken)[at] = 1;
        }
    }
}

[[noreturn]] void hold_memory(const Order& order) {
    take_memory(static_cast<std::uint64_t>(order.number("leave", 0)));
    sleep_for_good(order);
}

[[noreturn]] void eat_until_killed(const Order& order) {
    for (;;) {
        take_memory(0);
        // Nothing is said to be available and the kernel still gives: go on.
        auto* more = ::mmap(nullptr, page, PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (more == MAP_FAILED) {
            sleep_for_good(order);
        }
        std::memset(more, 1, page);
    }
}

/// On one processor, before everything but the kernel's own threads of the highest priority.
[[noreturn]] void spin_before_all(const Order& order) {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(order.number("processor", 0)), &one);
    ::sched_setaffinity(0, sizeof one, &one);
    const sched_param priority{spinning_priority};
    ::sched_setscheduler(0, SCHED_FIFO, &priority);
    spin(order);
}

class ByWorkers final : public HeldFault {
  public:
    ByWorkers(Order order, void (*work)(const Order&), std::int64_t count)
        : order_(std::move(order)), work_(work), count_(count) {}

    Status begin() override {
        for (std::int64_t started = 0; started < count_; ++started) {
            if (auto added = workers_.add(work_, order_); !added) {
                // A fork bomb is what uses up the processes.
                return started > 0 ? ok() : added;
            }
        }
        return ok();
    }

    void end() override { workers_.kill(); }

  private:
    Order order_;
    void (*work_)(const Order&);
    std::int64_t count_;
    Workers workers_;
};

class Hang final : public HeldFault {
  public:
    Status begin() override {
        // Otherwise the kernel keeps a twentieth of each second for everybody else.
        std::ofstream("/proc/sys/kernel/sched_rt_runtime_us") << -1;
        // The last one is this process's own processor: it gets no further.
        const sched_param before_them{spinning_priority + 1};
        ::sched_setscheduler(0, SCHED_FIFO, &before_them);
        for (std::int64_t number = 0; number < processors(); ++number) {
            const Order each{.kind = {}, .params = {{"processor", std::to_string(number)}}};
            if (auto added = workers_.add(spin_before_all, each); !added) {
                return added;
            }
        }
        return ok();
    }

    void end() override { workers_.kill(); }

    [[nodiscard]] bool silences() const override { return true; }

  private:
    Workers workers_;
};

}  // namespace

std::unique_ptr<HeldFault> make_load_fault(const Order& order) {
    const auto by = [&](void (*work)(const Order&), std::int64_t count) {
        return std::make_unique<ByWorkers>(order, work, count);
    };
    if (order.kind == "cpu_hog") {
        const auto workers = order.number("workers", 0);
        return by(spin, workers > 0 ? workers : processors());
    }
    if (order.kind == "fork_bomb") {
        return by(sleep_for_good, order.number("processes", 1));
    }
    if (order.kind == "io_hog") {
        return by(write_for_good, 1);
    }
    if (order.kind == "memory_hog") {
        return by(hold_memory, 1);
    }
    if (order.kind == "oom") {
        return by(eat_until_killed, 1);
    }
    return order.kind == "hang" ? std::make_unique<Hang>() : nullptr;
}

}  // namespace ordeal::agent
