#include "testbed/sim/sim_scheduler.hpp"

#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <tuple>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Instant start = 1000s;
constexpr WallTime wall_start{std::chrono::seconds(1'767'225'600)};

/// More waits than any honest task needs at one instant.
constexpr int most_waits_at_once = 100'000;

[[noreturn]] void broken(const std::string& rule) {
    std::fprintf(stderr, "simulated scheduler: %s\n", rule.c_str());
    std::abort();
}

}  // namespace

struct SimScheduler::Strand {
    int number = 0;
    std::string name;
    Instant deadline{};
    std::stop_token stop;
    const std::function<bool()>* ready = nullptr;
    std::uint64_t evaluated_at = 0;  ///< count of notifications when `ready` was last evaluated
    Woken woken = Woken::deadline;
    Instant waited_at{};  ///< instant of the last wait, and how many there were at it
    int waits = 0;
    bool stuck = false;
    bool ended = false;
    std::thread::id thread;
    std::condition_variable turn;
};

bool SimScheduler::ByDeadline::operator()(const Strand* left, const Strand* right) const {
    return std::tie(left->deadline, left->number) < std::tie(right->deadline, right->number);
}

class SimScheduler::SimTask final : public Task {
  public:
    SimTask(SimScheduler& scheduler,
            std::string name,
            std::function<void(const std::stop_token&)> body)
        : scheduler_(scheduler) {
        strand_.number = ++scheduler.spawned_;
        strand_.name = std::move(name);
        scheduler_.begin_wait(strand_, scheduler_.now(), {}, nullptr);
        thread_ = std::thread([this, body = std::move(body)] {
            scheduler_.await_turn(strand_);
            strand_.thread = std::this_thread::get_id();
            body(stop_.get_token());
            scheduler_.finish(strand_);
        });
    }

    SimTask(const SimTask&) = delete;
    SimTask& operator=(const SimTask&) = delete;

    ~SimTask() override {
        request_stop();
        join();
    }

    void request_stop() override { stop_.request_stop(); }

    void join() override {
        if (thread_.joinable()) {
            scheduler_.wait_until(Instant::max(), {}, [this] { return strand_.ended; });
            thread_.join();
        }
    }

  private:
    SimScheduler& scheduler_;
    Strand strand_;
    std::stop_source stop_;
    std::thread thread_;
};

SimScheduler::SimScheduler(Duration horizon)
    : now_(start.count()),
      horizon_(start + horizon),
      main_(std::make_unique<Strand>()),
      running_(main_.get()) {
    main_->name = "main";
    main_->thread = std::this_thread::get_id();
}

SimScheduler::~SimScheduler() {
    if (!waiting_.empty()) {
        broken("destroyed before its tasks");
    }
}

WallTime SimScheduler::wall() const {
    return wall_start + std::chrono::duration_cast<WallTime::duration>(now() - start);
}

Woken SimScheduler::wait_until(Instant deadline,
                               const std::stop_token& stop,
                               const std::function<bool()>& ready) {
    Strand& self = *running_;
    if (self.thread != std::this_thread::get_id()) {
        broken("a thread that is no task waits in it");
    }
    if (std::exchange(self.waited_at, now()) != now()) {
        self.waits = 0;
    } else if (++self.waits > most_waits_at_once) {
        broken("task " + self.name + " waits again and again, but time does not go on");
    }
    if (ready && ready()) {
        return Woken::ready;
    }
    if (deadline <= now()) {
        return Woken::deadline;
    }
    if (stop.stop_requested()) {
        return Woken::stopped;
    }
    begin_wait(self, deadline, stop, ready ? &ready : nullptr);
    hand_on();
    await_turn(self);
    if (std::exchange(self.stuck, false)) {
        throw SimStuck("nothing can happen any more; waiting: " + describe_waiters() + self.name);
    }
    return self.woken;
}

std::unique_ptr<Task> SimScheduler::spawn(std::string name,
                                          std::function<void(const std::stop_token&)> body) {
    return std::make_unique<SimTask>(*this, std::move(name), std::move(body));
}

void SimScheduler::begin_wait(Strand& strand,
                              Instant deadline,
                              const std::stop_token& stop,
                              const std::function<bool()>* ready) {
    strand.deadline = deadline;
    strand.stop = stop;
    strand.ready = ready;
    strand.evaluated_at = notifications_;
    waiting_.insert(&strand);
}

bool SimScheduler::can_go_on(Strand& strand) {
    const bool due = strand.deadline <= now();
    const bool stopped = strand.stop.stop_requested();
    const bool notified = strand.evaluated_at != notifications_;
    if (strand.ready != nullptr && (due || stopped || notified)) {
        strand.evaluated_at = notifications_;
        if ((*strand.ready)()) {
            strand.woken = Woken::ready;
            return true;
        }
    }
    strand.woken = due ? Woken::deadline : Woken::stopped;
    return due || stopped;
}

SimScheduler::Strand* SimScheduler::choose() {
    for (Strand* strand : waiting_) {
        if (can_go_on(*strand)) {
            return strand;
        }
    }
    if (waiting_.empty() || (*waiting_.begin())->deadline > horizon_) {
        return nullptr;
    }
    Strand* earliest = *waiting_.begin();
    now_ = earliest->deadline.count();
    can_go_on(*earliest);
    return earliest;
}

void SimScheduler::hand_on() {
    Strand* next = choose();
    if (next == nullptr) {
        next = main_.get();
        next->stuck = true;
    }
    waiting_.erase(next);
    const std::lock_guard lock(turn_mutex_);
    running_ = next;
    next->turn.notify_one();
}

void SimScheduler::await_turn(Strand& strand) {
    std::unique_lock lock(turn_mutex_);
    strand.turn.wait(lock, [&] { return running_ == &strand; });
}

void SimScheduler::finish(Strand& strand) {
    strand.ended = true;
    notify();
    hand_on();
}

std::string SimScheduler::describe_waiters() const {
    std::string names;
    for (const Strand* strand : waiting_) {
        names += strand->name + ", ";
    }
    return names;
}

}  // namespace ordeal
