#include "campaign/trial_recorder.hpp"

#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

/// A guest that floods its console for an hour stays below it.
constexpr std::size_t history_bound = 1'000'000;
constexpr Duration repetition = 1s;

}  // namespace

void TrialRecorder::record(Event event) {
    {
        const std::lock_guard lock(mutex_);
        if (events_.size() == history_bound) {
            ++lost_;
            return;
        }
        events_.push_back(event);
    }
    listeners_.call(event);
    writer_.record(trial_, event);
}

void TrialRecorder::record(std::string_view kind,
                           std::string_view source,
                           std::string_view subject,
                           Fields data) {
    record({.at = now(),
            .kind = std::string(kind),
            .source = std::string(source),
            .subject = std::string(subject),
            .data = std::move(data)});
}

History TrialRecorder::history() const {
    const std::lock_guard lock(mutex_);
    return History(events_);
}

std::size_t TrialRecorder::lost() const {
    const std::lock_guard lock(mutex_);
    return lost_;
}

ProbeRecorder::ProbeRecorder(Scheduler& scheduler,
                             TrialRecorder& recorder,
                             std::string probe,
                             std::string subject,
                             Duration interval)
    : scheduler_(scheduler),
      recorder_(recorder),
      probe_(std::move(probe)),
      subject_(std::move(subject)),
      interval_(interval) {
    view_.since = scheduler.now();
}

void ProbeRecorder::saw(Opinion opinion,
                        std::string detail,
                        std::optional<Instant> last_seen,
                        Fields facts) {
    const auto now = scheduler_.now();
    bool changed = false;
    {
        const std::lock_guard lock(mutex_);
        changed = !recorded_ || opinion != view_.opinion;
        if (!changed && detail == detail_ && now - *recorded_ < repetition) {
            return;
        }
        if (changed) {
            view_ = {opinion, now};
        }
        if (opinion != Opinion::unknown) {
            error_.clear();
        }
        detail_ = detail;
        recorded_ = now;
    }
    facts.set("opinion", std::string(name_of(opinion)));
    facts.set("detail", std::move(detail));
    facts.set("interval", interval_);
    if (last_seen) {
        facts.set("last_seen", recorder_.trial_time(*last_seen));
    }
    recorder_.record({.at = recorder_.trial_time(now),
                      .kind = std::string(event::observation),
                      .source = probe_,
                      .subject = subject_,
                      .data = std::move(facts)});
    if (changed) {
        scheduler_.notify();
    }
}

void ProbeRecorder::note(std::string_view event_kind, Instant at, Fields data) {
    recorder_.record({.at = recorder_.trial_time(at),
                      .kind = std::string(event_kind),
                      .source = probe_,
                      .subject = subject_,
                      .data = std::move(data)});
}

// A probe that cannot look tries again at its next interval: say it once.
void ProbeRecorder::failed(const Error& error) {
    auto text = error.text();
    {
        const std::lock_guard lock(mutex_);
        if (text == error_) {
            return;
        }
        error_ = text;
    }
    recorder_.record(event::probe_error, probe_, subject_, {{"error", std::move(text)}});
}

ProbeRecorder::View ProbeRecorder::view() const {
    const std::lock_guard lock(mutex_);
    return view_;
}

}  // namespace ordeal
