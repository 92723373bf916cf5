// Figures of the crash-state explorer on a recorded trace, as one line of JSON.
// explore_bench TRACE BASE SCRATCH_DIRECTORY
//
// Rates are of this thread's or process's processor time where they say "per core", so that a busy
// machine does not spoil them much; everything else is of the wall clock.
#include "testbed/process.hpp"
#include "verifier/crash/exploration.hpp"
#include "verifier/crash/ext_engine.hpp"

#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <fmt/format.h>
#include <fstream>
#include <sys/resource.h>
#include <unistd.h>

namespace {

using namespace ordeal::verifier::crash;  // NOLINT(google-build-using-namespace)
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr std::size_t rulings_wanted = 300;
constexpr std::size_t copies_wanted = 40;

class BenchTools : public ordeal::Tools {
  public:
    ordeal::Result<Output> run(const std::vector<std::string>& argv,
                               ordeal::Duration deadline) override {
        auto done = ordeal::run(argv, {.deadline = deadline, .env = {{"LC_ALL", "C"}}});
        if (!done) {
            return done.error();
        }
        return Output{done->exit.code, done->out, done->err};
    }
};

double seconds_since(Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
}

double in_seconds(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

double processor_seconds(int who) {
    struct rusage usage {};

    ::getrusage(who, &usage);
    return in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime);
}

double peak_mib() {
    struct rusage usage {};

    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

struct Explored {
    Exploration found;
    double seconds = 0;
    double core_seconds = 0;

    /// Images recovered and checked, all passes.
    [[nodiscard]] double images() const {
        return static_cast<double>(found.coverage.runs + found.recovery.runs);
    }
};

Explored explore(const Trace& trace,
                 const std::vector<std::byte>& base,
                 unsigned workers,
                 unsigned depth) {
    ExplorationOptions options;
    options.workers = workers;
    options.recovery_depth = depth;
    const auto start = Clock::now();
    const auto before = processor_seconds(RUSAGE_SELF);
    auto found = explore_trace(trace, base, options, ext_engine, [](unsigned) { return nullptr; });
    if (!found) {
        throw std::runtime_error(found.error().text());
    }
    return {
        std::move(found.value()), seconds_since(start), processor_seconds(RUSAGE_SELF) - before};
}

/// Rulings of the referee a second, one leaf of each of some instants.
double rulings_a_second(const Trace& trace,
                        const std::vector<std::byte>& base,
                        const fs::path& in) {
    BenchTools tools;
    Referee referee(tools, in, "referee.img");
    const auto engine = ext_engine();
    BaseImage image(base);
    CrashModel model(trace, image, {});
    Explorer explorer(image);
    double spent = 0;
    std::size_t rulings = 0;
    const auto visit = [&](const Leaf& /*leaf*/, ImageView& view) {
        engine->write_back();
        const auto start = Clock::now();
        const auto ruling = referee.rule_recovered(view);
        // The first starts the server.
        spent += rulings++ == 0 ? 0 : seconds_since(start);
        if (!ruling || !ruling->sound) {
            throw std::runtime_error("e2fsck condemns an image of a sound trace");
        }
    };
    while (const auto* instant = model.next()) {
        bool first = true;
        if (auto done = explorer.explore(
                *instant,
                [&](ImageView& view) { (void)engine->examine(view); },
                visit,
                [&] { return std::exchange(first, false); });
            !done || rulings > rulings_wanted) {
            break;
        }
    }
    return static_cast<double>(rulings - 1) / spent;
}

void copy_sparsely(int from, int to, off_t size) {
    std::vector<std::byte> buffer(std::size_t{1} << 20U);
    (void)::ftruncate(to, 0);
    (void)::ftruncate(to, size);
    for (off_t at = 0; (at = ::lseek(from, at, SEEK_DATA)) >= 0;) {
        const auto end = ::lseek(from, at, SEEK_HOLE);
        while (at < end) {
            const auto take =
                std::min<std::size_t>(buffer.size(), static_cast<std::size_t>(end - at));
            const auto got = ::pread(from, buffer.data(), take, at);
            if (got <= 0 || ::pwrite(to, buffer.data(), static_cast<std::size_t>(got), at) != got) {
                throw std::runtime_error("sparse copy");
            }
            at += got;
        }
    }
}

/// The usual way: of each sampled state a sparse copy, and e2fsck on it.
double copies_a_second(const std::vector<std::byte>& base, const fs::path& in) {
    const auto state = (in / "state.img").string();
    const auto copy = (in / "copy.img").string();
    const int from = ::open(state.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const int to = ::open(copy.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const std::vector<std::byte> zeroes(4096);
    (void)::ftruncate(from, static_cast<off_t>(base.size()));
    for (std::size_t at = 0; at < base.size(); at += zeroes.size()) {
        if (std::memcmp(base.data() + at, zeroes.data(), zeroes.size()) != 0) {
            (void)!::pwrite(from, base.data() + at, zeroes.size(), static_cast<off_t>(at));
        }
    }
    BenchTools tools;
    const auto start = Clock::now();
    for (std::size_t count = 0; count < copies_wanted; ++count) {
        copy_sparsely(from, to, static_cast<off_t>(base.size()));
        const auto checked = tools.run({"e2fsck", "-fy", copy}, std::chrono::minutes(1));
        if (!checked || checked->exit_code > 1) {
            throw std::runtime_error("e2fsck condemns the base");
        }
    }
    const auto took = seconds_since(start);
    ::close(from);
    ::close(to);
    fs::remove(state);
    fs::remove(copy);
    return copies_wanted / took;
}

void measure(const Trace& trace, const std::vector<std::byte>& base, const fs::path& in) {
    const auto plain = explore(trace, base, 1, 0);
    const auto one = explore(trace, base, 1, 1);
    const auto two = explore(trace, base, 2, 1);
    const auto peak = peak_mib();
    const auto copies = copies_a_second(base, in);
    fmt::print(
        "{{\"possible\":\"{}\",\"complete\":{},\"bad\":{},\"instants\":{},\"runs\":{},"
        "\"recovery_possible\":\"{}\",\"recovery_runs\":{},\"acknowledged\":{},",
        to_text(one.found.coverage.possible),
        one.found.complete(),
        one.found.bad_leaves,
        one.found.coverage.instants,
        one.found.coverage.runs,
        to_text(one.found.recovery.possible),
        one.found.recovery.runs,
        one.found.acknowledged);
    fmt::print(
        "\"seconds\":{:.3f},\"core_seconds\":{:.3f},\"seconds_with_recovery\":{:.3f},"
        "\"core_seconds_with_recovery\":{:.3f},\"seconds_two\":{:.3f},\"two_ratio\":{:.2f},"
        "\"images_a_second_core\":{:.0f},",
        plain.seconds,
        plain.core_seconds,
        one.seconds,
        one.core_seconds,
        two.seconds,
        one.seconds / two.seconds,
        one.images() / one.core_seconds);
    fmt::print(
        "\"rulings_a_second\":{:.0f},\"copies_a_second\":{:.0f},\"against_copies\":{:.0f},"
        "\"image_mib\":{},\"peak_mib\":{:.0f}}}\n",
        rulings_a_second(trace, base, in),
        copies,
        one.images() / one.seconds / copies,
        base.size() >> 20U,
        peak);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 4) {
        std::fputs("explore_bench TRACE BASE SCRATCH_DIRECTORY\n", stderr);
        return 2;
    }
    try {
        const auto trace = read_trace(argv[1]);
        if (!trace) {
            throw std::runtime_error(trace.error().text());
        }
        std::vector<std::byte> base(trace->header.disk_size);
        std::ifstream(argv[2], std::ios::binary)
            .read(reinterpret_cast<char*>(base.data()), static_cast<std::streamsize>(base.size()));
        measure(trace.value(), base, argv[3]);
        return 0;
    } catch (const std::exception& wrong) {
        fmt::print(stderr, "explore_bench: {}\n", wrong.what());
        return 1;
    }
}
