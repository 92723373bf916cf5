#pragma once

#include "campaign/catalogues.hpp"
#include "campaign/trial_domain.hpp"
#include "campaign/trial_recorder.hpp"
#include "core/service.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ordeal {

/// What observations of the service are about.
inline constexpr const char* service_subject = "service";

/// The service of a trial: the probes that watch it, whoever has it. The trial's task makes the
/// calls.
class TrialService {
  public:
    /// All must outlive this.
    TrialService(Testbed& testbed, Scheduler& scheduler, TrialRecorder& recorder)
        : testbed_(testbed), scheduler_(scheduler), recorder_(recorder) {}

    /// One task for each probe of the service. `missing` when the testbed has no place for clients.
    Status start(const Experiment& experiment,
                 const Catalogues& catalogues,
                 std::span<const std::unique_ptr<TrialDomain>> domains);
    /// Ends the probes. Idempotent.
    void stop();

    [[nodiscard]] const std::vector<std::unique_ptr<ProbeRecorder>>& observers() const {
        return observers_;
    }

  private:
    Status start(const ProbeSpec& spec, const Catalogues& catalogues, TrialDomain& first);

    Testbed& testbed_;
    Scheduler& scheduler_;
    TrialRecorder& recorder_;
    std::optional<ServiceView> view_;
    std::vector<std::unique_ptr<ProbeRecorder>> observers_;
    std::vector<std::unique_ptr<Task>> probes_;  // last: they use what is above
};

}  // namespace ordeal
