#include "testbed/sim/sim_agenda.hpp"

#include <utility>

namespace ordeal {

SimAgenda::SimAgenda(SimScheduler& scheduler)
    : scheduler_(scheduler),
      task_(scheduler.spawn("world", [this](const std::stop_token& stop) { run(stop); })) {}

void SimAgenda::after(Duration delay, std::function<void()> action) {
    actions_.emplace(now() + delay, std::move(action));
    scheduler_.notify();
}

void SimAgenda::run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        const auto first = [this] {
            return actions_.empty() ? Instant::max() : actions_.begin()->first;
        };
        const Instant next = first();
        scheduler_.wait_until(next, stop, [&] { return first() < next; });
        while (!stop.stop_requested() && first() <= now()) {
            const auto action = actions_.extract(actions_.begin());
            action.mapped()();
        }
    }
}

}  // namespace ordeal
