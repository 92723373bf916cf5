#pragma once

#include "core/run_record.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace ordeal {

/// Hears how a run goes. The runner makes the calls one at a time, but from several threads; they
/// must return quickly, for the trials wait.
class Progress {
  public:
    virtual ~Progress() = default;

    /// `run` has no trials yet.
    virtual void run_started(const RunRecord& /*run*/) {}

    /// `trial` has number, experiment, cell and seed; `slot` counts from 0.
    virtual void trial_started(const TrialRecord& /*trial*/, int /*slot*/) {}

    /// `name` is one of `phase::…`.
    virtual void phase_started(std::int64_t /*trial*/, std::string_view /*name*/) {}

    /// With verdict and findings, without history. Not called for a trial that was interrupted.
    virtual void trial_finished(const TrialRecord& /*trial*/) {}

    /// The first word of a stop: why the run ends early.
    virtual void stopping(const std::string& /*reason*/) {}

    /// `run` has no histories.
    virtual void run_finished(const RunRecord& /*run*/) {}
};

}  // namespace ordeal
