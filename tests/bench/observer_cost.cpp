#include "core/probe.hpp"
#include "core/schema.hpp"
#include "core/toml_reader.hpp"
#include "probes/catalogue.hpp"
#include "testbed/lab_testbed.hpp"
#include "testbed/thread_scheduler.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <fmt/format.h>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

// What each observer costs: a guest under load in a lab of its own, one observer at a time with the
// defaults of its schema. Prints a row of a Markdown table for each.
//
//   observer_cost [SECONDS]      for each observer; default 10

namespace ordeal {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto patience = 120s;
constexpr auto domain = "observed";

[[noreturn]] void give_up(const Error& error) {
    fmt::print(stderr, "observer_cost: {}\n", error.text());
    std::exit(1);
}

template <class T>
T must(Result<T> result) {
    return result ? std::move(*result) : (give_up(result.error()), std::move(*result));
}

void must_do(const Status& status) {
    if (!status) {
        give_up(status.error());
    }
}

Duration clock_now(clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Tells when the probe's thread was woken last: between that and what it says lies its look.
class WatchedScheduler final : public Scheduler {
  public:
    explicit WatchedScheduler(ThreadScheduler& scheduler) : scheduler_(scheduler) {}

    [[nodiscard]] Instant now() const override { return scheduler_.now(); }

    [[nodiscard]] WallTime wall() const override { return scheduler_.wall(); }

    Woken wait_until(Instant deadline,
                     const std::stop_token& stop,
                     const std::function<bool()>& ready = {}) override {
        const auto why = scheduler_.wait_until(deadline, stop, ready);
        woken = now();
        woken_cpu = clock_now(CLOCK_THREAD_CPUTIME_ID);
        return why;
    }

    void notify() override { scheduler_.notify(); }

    [[nodiscard]] std::unique_ptr<Task> spawn(
        std::string name, std::function<void(const std::stop_token&)> body) override {
        return scheduler_.spawn(std::move(name), std::move(body));
    }

    Instant woken{};  ///< by the probe's thread alone
    Duration woken_cpu{};

  private:
    ThreadScheduler& scheduler_;
};

/// Counts what the probe says, on the probe's own thread.
class Counter final : public Observer {
  public:
    explicit Counter(WatchedScheduler& scheduler) : scheduler_(scheduler) {}

    void saw(Opinion said, std::string, std::optional<Instant>, Fields) override {
        if (scheduler_.woken != Instant{}) {
            looks.push_back(scheduler_.now() - scheduler_.woken);
            cpu += clock_now(CLOCK_THREAD_CPUTIME_ID) - scheduler_.woken_cpu;
        }
        opinion = said;
    }

    void note(std::string_view, Instant, Fields) override {}

    void failed(const Error& error) override { trouble = error.answer; }

    std::vector<Duration> looks;
    Duration cpu{};
    Opinion opinion = Opinion::unknown;
    std::string trouble;

  private:
    WatchedScheduler& scheduler_;
};

Params defaults(const CatalogueRow<Probe>& row) {
    Diagnostics wrong;
    const auto info = parse_schema(EntryRole::probe, row.kind, row.toml, wrong);
    const auto nothing = parse_toml("# nothing\n", "defaults", wrong);
    if (!info || !nothing) {
        give_up(fail(ErrorKind::internal, "read the schema", to_text(wrong)));
    }
    return read_params(*nothing, nothing->root, info->params, {}, UnknownKeys::report, wrong);
}

/// CPU time that the controller used while `span` passed.
Duration controller_cpu(ThreadScheduler& scheduler, Duration span) {
    const auto before = clock_now(CLOCK_PROCESS_CPUTIME_ID);
    scheduler.wait_for(span, {});
    return clock_now(CLOCK_PROCESS_CPUTIME_ID) - before;
}

double microseconds(Duration duration) {
    return std::chrono::duration<double, std::micro>(duration).count();
}

void measure(const CatalogueRow<Probe>& row,
             Testbed& testbed,
             ThreadScheduler& scheduler,
             Duration span) {
    const std::string name = domain;
    const auto params = defaults(row);
    WatchedScheduler watched(scheduler);
    Counter counter(watched);
    auto* host = must(testbed.host("n1"));
    auto* guest = must(testbed.guest(name));
    const auto idle = controller_cpu(scheduler, span);
    const std::shared_ptr<Probe> probe = row.make();
    auto task = scheduler.spawn("probe", [&](const std::stop_token& stop) {
        ProbeContext context{.scheduler = watched,
                             .host = *host,
                             .guest = *guest,
                             .domain = name,
                             .params = params,
                             .observer = counter};
        probe->watch(context, stop);
    });
    const auto busy = controller_cpu(scheduler, span);
    task->request_stop();
    task->join();
    auto& looks = counter.looks;
    if (looks.empty()) {
        fmt::print("| `{}` | none | | | | |\n", row.kind);
        return;
    }
    std::ranges::sort(looks);
    const auto count = static_cast<double>(looks.size());
    fmt::print("| `{}` | {} | {} | {:.0f} µs | {:.0f} µs | {:.0f} µs | {:.0f} µs | {} |\n",
               row.kind,
               to_text(params.get<Duration>("interval")),
               looks.size(),
               microseconds(looks[looks.size() / 2]),
               microseconds(looks[looks.size() * 95 / 100]),
               microseconds(counter.cpu) / count,
               std::max(0.0, microseconds(busy - idle) / count),
               counter.opinion == Opinion::unknown ? "unknown: " + counter.trouble
                                                   : name_of(counter.opinion));
}

int measure_all(Duration span) {
    const std::string lab = "observers-" + std::to_string(::getpid());
    const auto directory = fs::temp_directory_path() / ("ordeal-" + lab);
    auto up = must(Lab::up({.name = lab}));
    ThreadScheduler scheduler;
    {
        auto testbed =
            must(LabTestbed::open({.lab = lab, .accelerator = Accelerator::tcg}, scheduler));
        must(testbed->provision({.name = "vm", .disks = {{.name = "data"}}}, domain, 0, directory));
        auto* host = must(testbed->host("n1"));
        must_do(host->hypervisor().start(domain));
        auto* guest = must(testbed->guest(domain));
        must(guest->wait_hello(scheduler.now() + patience));
        must_do(guest->start_load(
            {.spec = {.domain = "vm", .profile = "append_fsync", .rate = 50}, .run_id = 1},
            patience));
        fmt::print(
            "| observer | looks every | looks | a look takes, median | 95th percentile | "
            "its thread's CPU time a look | the controller's, more than idle | says |\n"
            "|---|--:|--:|--:|--:|--:|--:|---|\n");
        for (const auto& row : probes::catalogue()) {
            measure(row, *testbed, scheduler, span);
        }
        must_do(testbed->remove(domain));
    }
    must_do(up.down());
    fs::remove_all(directory);
    return 0;
}

}  // namespace
}  // namespace ordeal

int main(int argc, char** argv) {
    const int seconds = argc > 1 ? std::atoi(argv[1]) : 10;
    if (seconds < 1) {
        std::fputs("usage: observer_cost [SECONDS]\n", stderr);
        return 2;
    }
    return ordeal::measure_all(std::chrono::seconds(seconds));
}
