#include "core/run_record.hpp"

namespace ordeal {

Verdict RunRecord::verdict() const {
    std::vector<Verdict> verdicts;
    verdicts.reserve(trials.size() + 1);
    for (const auto& trial : trials) {
        verdicts.push_back(trial.verdict);
    }
    if (static_cast<int>(trials.size()) < planned_trials) {
        verdicts.push_back(Verdict::inconclusive);
    }
    return combine(verdicts);
}

}  // namespace ordeal
