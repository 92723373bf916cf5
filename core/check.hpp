#pragma once

#include "core/experiment.hpp"
#include "core/fields.hpp"
#include "core/history.hpp"
#include "core/testbed.hpp"

#include <stop_token>
#include <string>
#include <vector>

namespace ordeal {

enum class Verdict { pass, fail, inconclusive };

[[nodiscard]] std::string_view name_of(Verdict verdict);
[[nodiscard]] Verdict verdict_from(std::string_view name);

/// Fail beats inconclusive beats pass; nothing examined is inconclusive, never a pass.
[[nodiscard]] Verdict combine(const std::vector<Verdict>& verdicts);

/// What a check found out about one subject (a domain, an observer, a disk).
struct Finding {
    std::string check;
    std::string subject;
    Verdict verdict = Verdict::inconclusive;
    std::string summary;                ///< one sentence with the number that decides
    std::vector<std::string> evidence;  ///< instants, words of tools, quoted lines
    Fields figures;  ///< for aggregation over trials, e.g. detection_latency (Duration)
};

/// Runs tools for an examination. Seam: real processes, or scripted answers in tests.
class Tools {
  public:
    struct Output {
        int exit_code = 0;
        std::string out;
        std::string err;
    };

    virtual ~Tools() = default;
    /// Runs a program to its end, in the C locale. `missing` when there is no such program.
    virtual Result<Output> run(const std::vector<std::string>& argv, Duration deadline) = 0;
};

struct ExamineContext {
    Tools& tools;
    Recorder& recorder;
    Instant at{};                     ///< trial time to stamp on what is recorded
    std::filesystem::path directory;  ///< for evidence; exists
    const History& history;           ///< until now (acknowledgements)
    /// Who may take long ends early by these, and says in its facts what it left out.
    std::stop_token stop = {};
    Duration left = Duration::max();  ///< until the trial's deadline
};

/// Judges one property of a trial.
class Check {
  public:
    virtual ~Check() = default;
    /// Gathers facts from a dead domain's disk into the history as `event::examined`; the
    /// specimen's image may be changed only through a copy. Default: nothing to gather.
    virtual Status examine(ExamineContext& context,
                           const Specimen& specimen,
                           const Params& params) const;
    /// Pure: the same history gives the same findings. Never empty; what could not be examined is a
    /// finding with Verdict::inconclusive.
    [[nodiscard]] virtual std::vector<Finding> judge(const History& history,
                                                     const Experiment& experiment,
                                                     const Params& params) const = 0;
};

}  // namespace ordeal
