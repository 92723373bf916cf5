#include "injectors/guest_fault.hpp"

#include <atomic>
#include <mutex>
#include <optional>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration standstill = 1s;
constexpr int least_beats = 3;

struct Heard {
    std::mutex mutex;
    std::optional<Beat> first;
    std::optional<Beat> last;
    int beats = 0;
};

/// A load that runs and gets nothing done, by an agent that lives.
Result<Observation> stands_still(InjectorContext& context, const Fault& fault) {
    if (context.guest == nullptr) {
        return fail(ErrorKind::unavailable,
                    "look at the load of " + fault.target.domain,
                    "the guest's doors are closed");
    }
    Heard heard;
    {
        const auto listening = context.guest->on_beat([&](const Beat& beat) {
            const std::lock_guard lock(heard.mutex);
            heard.first = heard.first ? heard.first : beat;
            heard.last = beat;
            ++heard.beats;
        });
        context.scheduler.wait_for(standstill, context.stop);
    }
    if (heard.beats < least_beats || !heard.last->load_running) {
        return Observation{Presence::unknown,
                           heard.beats < least_beats ? "the agent hardly beats" : "no load runs"};
    }
    const auto done = heard.last->acknowledged - heard.first->acknowledged;
    const bool waits = done == 0 && heard.last->intended > heard.last->acknowledged;
    return Observation{waits ? Presence::active : Presence::absent,
                       "the agent beats, and its load wrote " + std::to_string(done) +
                           " records in " + to_text(standstill)};
}

}  // namespace

std::unique_ptr<Injector> guest_fsfreeze() {
    return make_guest_fault({.order = "fs_freeze",
                             .observe = stands_still,
                             .activation_time = std::chrono::seconds(10)});
}

}  // namespace ordeal::injectors
