// Faults of the guest's clock.
#include "guest-agents/held_fault.hpp"
#include "guest-agents/system_failure.hpp"

#include <fstream>
#include <sstream>
#include <sys/timex.h>
#include <utility>

namespace ordeal::agent {
namespace {

using namespace std::chrono_literals;

Duration clock_now(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// Adds to the clock at once, see adjtimex(2): no time is lost between reading and setting.
Status add_to_clock(Duration by) {
    auto whole = std::chrono::floor<std::chrono::seconds>(by);
    timex order{};
    order.modes = ADJ_SETOFFSET | ADJ_NANO;
    order.time.tv_sec = whole.count();
    order.time.tv_usec = (by - whole).count();
    return ::adjtimex(&order) < 0 ? Status(system_failure("step the clock")) : ok();
}

class ClockStep final : public HeldFault {
  public:
    explicit ClockStep(const Order& order) : by_(order.number("by", 0)) {}

    Status begin() override { return add_to_clock(by_); }

    void end() override { static_cast<void>(add_to_clock(-by_)); }

  private:
    Duration by_;
};

/// The length of a tick decides how fast the clock goes. CLOCK_MONOTONIC_RAW does not follow it and
/// tells at the end how far the clock went wrong.
class ClockSkew final : public HeldFault {
  public:
    explicit ClockSkew(const Order& order) : ppm_(order.number("ppm", 0)) {}

    Status begin() override {
        timex read{};
        if (::adjtimex(&read) < 0) {
            return system_failure("read the clock's tick");
        }
        tick_ = read.tick;
        ahead_ = clock_now(CLOCK_REALTIME) - clock_now(CLOCK_MONOTONIC_RAW);
        return set_tick(tick_ + ppm_ * tick_ / 1'000'000);
    }

    void end() override {
        static_cast<void>(set_tick(tick_));
        const auto ahead = clock_now(CLOCK_REALTIME) - clock_now(CLOCK_MONOTONIC_RAW);
        static_cast<void>(add_to_clock(ahead_ - ahead));
    }

  private:
    static Status set_tick(long tick) {
        timex order{};
        order.modes = ADJ_TICK;
        order.tick = tick;
        return ::adjtimex(&order) < 0 ? Status(system_failure("set the clock's tick")) : ok();
    }

    std::int64_t ppm_;
    long tick_ = 0;
    Duration ahead_{};
};

/// The first that the kernel has besides the present one, or the one that is named.
class ClockSource final : public HeldFault {
  public:
    explicit ClockSource(const Order& order) : wanted_(order.text("to")) {}

    Status begin() override {
        before_ = read("current");
        std::istringstream names(read("available"));
        auto other = wanted_;
        for (std::string name; other.empty() && names >> name;) {
            other = name == before_ ? "" : name;
        }
        if (other.empty()) {
            return fail(ErrorKind::missing, "switch the clock source", "there is only " + before_);
        }
        return set(other);
    }

    void end() override { static_cast<void>(set(before_)); }

  private:
    static std::string path(const std::string& which) {
        return "/sys/devices/system/clocksource/clocksource0/" + which + "_clocksource";
    }

    static std::string read(const std::string& which) {
        std::string line;
        std::ifstream file(path(which));
        std::getline(file, line);
        return line.substr(0, which == "current" ? line.find_last_not_of(' ') + 1 : line.size());
    }

    static Status set(const std::string& name) {
        std::ofstream(path("current")) << name;
        return read("current") == name ? ok()
                                       : Status(fail(ErrorKind::refused,
                                                     "switch the clock source to " + name,
                                                     "it is " + read("current")));
    }

    std::string wanted_;
    std::string before_;
};

}  // namespace

std::unique_ptr<HeldFault> make_clock_fault(const Order& order) {
    if (order.kind == "clock_step") {
        return std::make_unique<ClockStep>(order);
    }
    if (order.kind == "clock_skew") {
        return std::make_unique<ClockSkew>(order);
    }
    return order.kind == "clocksource" ? std::make_unique<ClockSource>(order) : nullptr;
}

}  // namespace ordeal::agent
