#include "reports/crash_states.hpp"

#include "reports/equivalence.hpp"
#include "reports/html.hpp"
#include "reports/json.hpp"
#include "reports/junit.hpp"
#include "reports/markdown.hpp"

#include <gmock/gmock.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>

namespace ordeal::reports {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

const std::string id = "00f3a9c2d1b4e587.12.3-1.9-1";
const std::string least = "00f3a9c2d1b4e587.12.9-1";

Fields facts(bool bad) {
    std::vector<std::string> picture(120, "0, 0, none");
    picture[10] = "12, 3, sound";
    picture[60] = bad ? "40, 1, bad" : "40, 1, sound";
    Fields facts{{"disk", std::string("data")},
                 {"trace", std::string("00f3a9c2d1b4e587")},
                 {"fault", std::string("power-cut")},
                 {"sector", Bytes{512}},
                 {"first_write", Duration(std::chrono::milliseconds(1500))},
                 {"recorded", Duration(std::chrono::seconds(2))},
                 {"possible", std::string("2.53e89")},
                 {"covered", std::string("2.53e89")},
                 {"complete", true},
                 {"bad", std::string(bad ? "4" : "0")},
                 {"bad_leaves", std::int64_t{bad ? 1 : 0}},
                 {"recovery_runs", std::int64_t{7}},
                 {"recovery_possible", std::string("7.7e90")},
                 {"recovery_covered", std::string("7.7e90")},
                 {"bad_recovery", std::string("0")},
                 {"caveats", std::vector<std::string>{"completions only"}},
                 {"epochs", std::int64_t{742}},
                 {"runs", std::int64_t{1559}},
                 {"picture", picture}};
    if (bad) {
        facts.set("bad_states",
                  std::vector<std::string>{"structure | 1500000 | 4 | " + id + " | " + least +
                                           " | <root> is gone"});
    }
    return facts;
}

TrialRecord trial(std::int64_t number, const std::string& machine, bool bad, double margin = 0) {
    TrialRecord trial{.number = number,
                      .experiment = "crash",
                      .cell = {{"machine", machine}},
                      .verdict = bad ? Verdict::fail : Verdict::pass,
                      .reason = "because"};
    Finding finding{.check = "every_crash_state", .subject = "vm/data", .verdict = trial.verdict};
    finding.figures.set("margin", margin);
    trial.findings.push_back(std::move(finding));
    trial.history =
        History({{Instant{}, std::string(event::examined), "every_crash_state", "vm", facts(bad)}});
    return trial;
}

RunRecord run_of(std::vector<TrialRecord> trials) {
    RunRecord run{.id = "r", .finished = true, .planned_trials = static_cast<int>(trials.size())};
    run.trials = std::move(trials);
    return run;
}

RunRecord two_arms(int trials, int bad) {
    std::vector<TrialRecord> all;
    for (int i = 0; i < trials; ++i) {
        all.push_back(trial(2 * i + 1, "virtual", i < bad, 0.2));
        all.push_back(trial(2 * i + 2, "bare", false, 0.2));
    }
    return run_of(std::move(all));
}

TEST(CrashStates, AreToldInEveryFormat) {
    const auto run = run_of({trial(1, "virtual", true)});
    EXPECT_THAT(render_html(run), HasSubstr("2.53e89 of 2.53e89 covered, complete"));
    EXPECT_THAT(render_html(run), HasSubstr(id));
    EXPECT_THAT(render_html(run), HasSubstr("with fewest writes: <code>" + least));
    EXPECT_THAT(render_html(run), HasSubstr("7.7e90 of 7.7e90 covered, 0 bad"));
    EXPECT_THAT(render_html(run), HasSubstr("completions only"));
    EXPECT_THAT(render_markdown(run), HasSubstr("of 2\\.53e89, complete |"));
    EXPECT_THAT(render_junit(run), HasSubstr(id));
    const auto json = nlohmann::json::parse(render_json(run));
    const auto& told = json["trials"][0]["crash_states"][0];
    EXPECT_EQ(told["subject"], "vm");
    EXPECT_EQ(told["facts"]["possible"], "2.53e89");
}

TEST(CrashStates, PictureShowsFlushesAndBadStates) {
    const auto count = [](const std::string& svg, const std::string& words) {
        std::size_t found = 0;
        for (auto at = svg.find(words); at != std::string::npos; at = svg.find(words, at + 1)) {
            ++found;
        }
        return found;
    };
    const auto svg = crash_svg(facts(true), "t<i>tle");
    pugi::xml_document document;
    EXPECT_TRUE(document.load_string(svg.c_str()));
    EXPECT_EQ(count(svg, "class=\"bad\""), 2U) << "a column and its mark";
    EXPECT_EQ(count(svg, "class=\"flush\""), 2U);
    EXPECT_EQ(count(svg, "class=\"sound\""), 1U);
    EXPECT_THAT(svg, HasSubstr(">first write, 1.5 s<"));
    EXPECT_THAT(svg, HasSubstr(">1.6 s<"));
    EXPECT_THAT(crash_svg(facts(false), "t"), Not(HasSubstr("class=\"bad\"")));
    EXPECT_THAT(crash_svg({}, "t"), IsEmpty());
}

TEST(CrashStates, NothingThatIsToldLeavesItsElement) {
    EXPECT_THAT(render_html(run_of({trial(1, "virtual", true)})), Not(HasSubstr("<root>")));
}

TEST(CrashStates, ATrialWithoutARecordingTellsNone) {
    auto silent = trial(1, "virtual", false);
    silent.history = History();
    EXPECT_THAT(explorations(silent), IsEmpty());
    EXPECT_THAT(render_html(run_of({silent})), Not(HasSubstr("class=\"crash\"")));
}

TEST(Equivalence, IsShownByEnoughTrialsWithoutAFailure) {
    const auto run = two_arms(20, 0);
    const auto summary = summarize(run);
    const auto found = equivalences(summary);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(found[0].shown());
    EXPECT_NEAR(found[0].high, 1 - std::pow(0.025, 1.0 / 20), 1e-9);
    EXPECT_NEAR(found[0].low, -found[0].high, 1e-9);
    EXPECT_THAT(found[0].sentence(), HasSubstr("are equivalent within ±20 percentage points"));
    EXPECT_THAT(render_markdown(run), HasSubstr("equivalent within"));
    EXPECT_THAT(render_html(run), HasSubstr("Whether the variants do the same"));
}

TEST(Equivalence, IsNotShownByFewTrialsNorByADifference) {
    const auto few = two_arms(5, 0);
    EXPECT_FALSE(equivalences(summarize(few)).at(0).shown());
    const auto different = two_arms(20, 6);
    const auto summary = summarize(different);
    const auto found = equivalences(summary).at(0);
    EXPECT_FALSE(found.shown());
    EXPECT_GT(found.high, 0.3);
    EXPECT_THAT(found.sentence(), HasSubstr("are not shown to be equivalent"));
}

TEST(Equivalence, IsNotAskedForWithoutAMargin) {
    const auto run = run_of({trial(1, "virtual", false), trial(2, "bare", false)});
    EXPECT_THAT(equivalences(summarize(run)), IsEmpty());
}

}  // namespace
}  // namespace ordeal::reports
