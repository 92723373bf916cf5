#include "probes/common.hpp"

#include <array>
#include <mutex>
#include <string>
#include <string_view>

namespace ordeal::probes {
namespace {

struct Pattern {
    std::string_view words;
    std::string_view name;
};

/// Words of the Linux kernel (6.1); the first that a line contains decides.
constexpr std::array patterns{Pattern{"Kernel panic - not syncing", "panic"},
                              Pattern{"blocked for more than", "hung_task"},
                              Pattern{"soft lockup", "hung_task"},
                              Pattern{"self-detected stall", "hung_task"},
                              Pattern{"detected stalls on CPUs/tasks", "hung_task"},
                              Pattern{"Oops: ", "oops"},
                              Pattern{"BUG: ", "oops"},
                              Pattern{"kernel BUG at", "oops"},
                              Pattern{"general protection fault", "oops"},
                              Pattern{"Remounting filesystem read-only", "remounted_read_only"},
                              Pattern{"Filesystem has been shut down", "remounted_read_only"},
                              Pattern{"Shutting down filesystem", "remounted_read_only"},
                              Pattern{"I/O error", "io_error"}};

std::string_view classify(std::string_view line) {
    for (const auto& [words, name] : patterns) {
        if (line.find(words) != std::string_view::npos) {
            return name;
        }
    }
    return {};
}

class Watch final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        std::mutex mutex;
        std::string trouble;  // the class of the last line that matters, in this boot
        bool panicked = false;
        const auto lines = context.guest.on_console([&](Instant at, const std::string& line) {
            const auto found = classify(line);
            if (found.empty()) {
                return;
            }
            context.observer.note(
                event::console, at, {{"class", std::string(found)}, {"line", line}});
            {
                const std::lock_guard lock(mutex);
                trouble = panicked ? trouble : found;
                panicked = panicked || found == "panic";
            }
            context.scheduler.notify();
        });
        const auto hellos = context.guest.on_hello([&](const Hello&) {
            const std::lock_guard lock(mutex);
            trouble.clear();
            panicked = false;
        });
        const auto interval = context.params.get<Duration>("interval");
        while (!stop.stop_requested()) {
            std::string now_trouble;
            bool dead = false;
            {
                const std::lock_guard lock(mutex);
                now_trouble = trouble;
                dead = panicked;
            }
            context.observer.saw(dead ? Opinion::dead : Opinion::alive,
                                 now_trouble.empty() ? "no panic" : now_trouble);
            context.scheduler.wait_for(interval, stop, [&] {
                const std::lock_guard lock(mutex);
                return trouble != now_trouble;
            });
        }
    }
};

}  // namespace

std::unique_ptr<Probe> console_watch() {
    return std::make_unique<Watch>();
}

}  // namespace ordeal::probes
