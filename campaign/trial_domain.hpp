#pragma once

#include "campaign/catalogues.hpp"
#include "campaign/following_host.hpp"
#include "campaign/trial_recorder.hpp"
#include "core/testbed.hpp"
#include "core/wire_mark.hpp"

#include <atomic>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace ordeal {

/// A domain's signs of life. All instants are scheduler time.
struct Pulse {
    std::optional<Instant> last_beat;
    std::optional<Instant> beating_since;  ///< start of the beats that go on without a gap
    std::optional<Instant> writing_since;  ///< first acknowledgement since then
};

/// One domain of a trial: its doors, its load and the probes that watch it. The trial's task makes
/// the calls; what the doors tell arrives from other threads.
class TrialDomain {
  public:
    /// `name` is the one that libvirt will know. All must outlive this.
    TrialDomain(Testbed& testbed,
                Scheduler& scheduler,
                TrialRecorder& recorder,
                DomainSpec spec,
                std::string name);
    ~TrialDomain();
    TrialDomain(const TrialDomain&) = delete;
    TrialDomain& operator=(const TrialDomain&) = delete;

    Status provision(int slot, const std::filesystem::path& directory);
    /// Starts it and waits for the agent's hello. Errors: timeout, unavailable (stopped).
    Status boot(Instant deadline, const std::stop_token& stop);
    /// Starts it on the host that it fails over to and waits for the agent's hello; what is
    /// acknowledged from here on belongs to no load that is judged. Errors: as of boot().
    Status fail_over(Instant deadline, const std::stop_token& stop);
    /// One task per probe of the experiment that watches this domain.
    Status start_probes(const Experiment& experiment, const Catalogues& catalogues);
    /// Starts the load that is judged, and records it.
    Status start_load(const LoadOrder& order, Duration allowance);
    /// A load for its own sake, after the capture: not recorded.
    Status restart_load(const LoadOrder& order, Duration allowance);
    Status stop_load(Duration allowance);
    /// Ends QEMU, as a power button held down. Success when there is none.
    Status destroy();
    /// Copies its disks into `directory`. Later acknowledgements count no more.
    Result<std::vector<Specimen>> capture(const std::filesystem::path& directory);
    /// Ends the probes, destroys and forgets the domain. Idempotent.
    Status remove();

    /// No QEMU runs it.
    [[nodiscard]] bool gone();
    [[nodiscard]] Pulse pulse() const;

    [[nodiscard]] const std::string& subject() const { return spec_.name; }

    [[nodiscard]] const DomainSpec& spec() const { return spec_; }

    [[nodiscard]] const Provisioned& provisioned() const { return provisioned_; }

    [[nodiscard]] Guest* guest() const { return guest_; }

    [[nodiscard]] const std::vector<std::unique_ptr<ProbeRecorder>>& observers() const {
        return observers_;
    }

  private:
    /// Acknowledgements that follow each other closely become one event.
    struct Unrecorded {
        Acknowledged range;
        Instant begun{};
    };

    Status start_on(Host& host, Instant deadline, const std::stop_token& stop);
    void subscribe();
    void beat(const Beat& one);
    void acknowledged(const Acknowledged& range);
    /// Of the load's disk, when it is recorded: the acknowledgement's place in the recording.
    void mark(const Acknowledged& range);
    void put_mark(std::uint64_t sequence);
    void note_cache_contracts();
    void record_acknowledged(const Acknowledged& range);
    void close_ledger();
    void record(std::string_view kind, Instant at, Fields data);

    Testbed& testbed_;
    Scheduler& scheduler_;
    TrialRecorder& recorder_;
    const DomainSpec spec_;
    Provisioned provisioned_;
    std::unique_ptr<FollowingHost> host_;
    Guest* guest_ = nullptr;

    mutable std::mutex mutex_;
    Pulse pulse_;
    std::map<std::int64_t, Unrecorded> unrecorded_;  ///< by writer
    bool ledger_open_ = false;
    std::optional<ledger::Mark> marking_;  ///< of the present load, when its disk is recorded
    std::string marked_disk_;
    std::atomic<bool> marks_lost_ = false;

    std::vector<std::unique_ptr<ProbeRecorder>> observers_;
    // Last, so that they end before what they use.
    std::vector<std::unique_ptr<Task>> probes_;
    std::vector<Subscription> subscriptions_;
};

}  // namespace ordeal
