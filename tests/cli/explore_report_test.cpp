#include "cli/explore_report.hpp"

#include "verifier/crash_run.hpp"

#include <gmock/gmock.h>

namespace ordeal::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(ExploreReport, SaysBadWhereTheOracleAloneCondemns) {
    verifier::crash::Trace trace;
    verifier::crash::Exploration found;
    found.coverage = {.possible = 4, .covered = 4, .runs = 2, .instants = 1};
    found.sound_leaves = 2;
    auto facts = verifier::crash_facts(trace, {}, found);
    EXPECT_THAT(explore_text(trace, {}, found, facts),
                StartsWith("No bad state among all that are possible"));
    verifier::add_oracle(facts, {.shown = 3, .instants = 1, .bad = {{.words = "row 7 is gone"}}});
    const auto text = explore_text(trace, {}, found, facts);
    EXPECT_THAT(text, StartsWith("BAD: the oracle condemns 1 of 3 sampled states"));
    EXPECT_THAT(text, HasSubstr("row 7 is gone"));
}

}  // namespace
}  // namespace ordeal::cli
