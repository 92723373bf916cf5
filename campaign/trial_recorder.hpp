#pragma once

#include "campaign/run_writer.hpp"
#include "core/history.hpp"
#include "core/listeners.hpp"
#include "core/probe.hpp"
#include "core/scheduler.hpp"

#include <functional>
#include <mutex>
#include <string>
#include <vector>

namespace ordeal {

/// One trial's history as it grows: kept for the checks and passed on to the run's writer. Trial
/// time begins with the recorder. Thread-safe.
class TrialRecorder final : public Recorder {
  public:
    TrialRecorder(Scheduler& scheduler, RunWriter& writer, std::int64_t trial)
        : scheduler_(scheduler), writer_(writer), trial_(trial), start_(scheduler.now()) {}

    void record(Event event) override;
    /// Records it as of now.
    void record(std::string_view kind,
                std::string_view source,
                std::string_view subject,
                Fields data = {});

    [[nodiscard]] Instant now() const { return scheduler_.now() - start_; }

    [[nodiscard]] Instant trial_time(Instant scheduler_time) const {
        return scheduler_time - start_;
    }

    [[nodiscard]] Instant scheduler_time(Instant trial_time) const { return start_ + trial_time; }

    /// `hear` is called with each event from now on, as Listeners say.
    [[nodiscard]] Subscription listen(std::function<void(const Event&)> hear) {
        return listeners_.add(std::move(hear));
    }

    /// All until now.
    [[nodiscard]] History history() const;
    /// Events that did not fit into the bound of a history.
    [[nodiscard]] std::size_t lost() const;

  private:
    Scheduler& scheduler_;
    RunWriter& writer_;
    const std::int64_t trial_;
    const Instant start_;
    Listeners<Event> listeners_;
    mutable std::mutex mutex_;
    std::vector<Event> events_;
    std::size_t lost_ = 0;
};

/// Records what one probe says about one domain, when it changes and otherwise once a second.
/// Thread-safe.
class ProbeRecorder final : public Observer {
  public:
    /// `subject` is the domain's name in the experiment. All must outlive this.
    ProbeRecorder(Scheduler& scheduler,
                  TrialRecorder& recorder,
                  std::string probe,
                  std::string subject,
                  Duration interval);

    void saw(Opinion opinion,
             std::string detail,
             std::optional<Instant> last_seen = {},
             Fields facts = {}) override;
    void note(std::string_view event_kind, Instant at, Fields data) override;
    void failed(const Error& error) override;

    struct View {
        Opinion opinion = Opinion::unknown;
        Instant since{};  ///< scheduler time of the last change of opinion
    };

    /// The present opinion. A change of it is notified to the scheduler.
    [[nodiscard]] View view() const;

    [[nodiscard]] const std::string& probe() const { return probe_; }

    [[nodiscard]] const std::string& subject() const { return subject_; }

  private:
    Scheduler& scheduler_;
    TrialRecorder& recorder_;
    const std::string probe_;
    const std::string subject_;
    const Duration interval_;
    mutable std::mutex mutex_;
    View view_;
    std::string detail_;
    std::string error_;
    std::optional<Instant> recorded_;
};

}  // namespace ordeal
