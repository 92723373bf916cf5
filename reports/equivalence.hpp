#pragma once

#include "reports/summary.hpp"

#include <string>
#include <vector>

/// Whether two variants of an experiment do the same, where the experiment asks.
namespace ordeal::reports {

/// Two cells compared by how often a check fails. The unit is the trial; inconclusive ones are left
/// out. Two one-sided tests, each at 5 %, of a difference of at least `margin`: both reject exactly
/// when `low` and `high` lie within it. Each is the difference of exact one-sided bounds of 97.5 %
/// for the two rates, which is exact enough to be on the safe side.
/// Source: D. Schuirmann, J. Pharmacokinetics and Biopharmaceutics 15 (1987) 657; Clopper–Pearson.
struct Equivalence {
    std::string check;
    const CellSummary* a = nullptr;
    const CellSummary* b = nullptr;
    Counts in_a;
    Counts in_b;
    double margin = 0;
    double low = -1;  ///< bounds of the failure rate in a minus that in b
    double high = 1;

    [[nodiscard]] bool shown() const { return -margin < low && high < margin; }

    /// "… are equivalent within ±20 percentage points: …", plain text.
    [[nodiscard]] std::string sentence() const;
};

/// For each experiment with two cells and a check whose findings state a figure "margin" > 0.
[[nodiscard]] std::vector<Equivalence> equivalences(const RunSummary& summary);

}  // namespace ordeal::reports
