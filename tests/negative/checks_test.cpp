#include "core/wire_epoch.hpp"
#include "tests/verifier/crash/trace_story.hpp"
#include "tests/verifier/image_lab.hpp"
#include "tests/verifier/service_stories.hpp"
#include "tests/verifier/stories.hpp"
#include "verifier/catalogue.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <map>

/// Every check of the catalogue against something it must fail, a control it must pass, and a
/// history in which nothing happened. A new check without a row here fails the first test.
namespace ordeal::verifier {
namespace {

using namespace ordeal::testing;
using ms = milliseconds;
using Findings = std::vector<Finding>;

struct Controls {
    std::function<Findings(const Check&)> defect;
    std::function<Findings(const Check&)> control;
};

Findings judge(const Check& check, const Story& story, const Params& params) {
    return check.judge(story.history(), Experiment{}, params);
}

Params observe_libvirt() {
    return {{"observers", std::vector<std::string>{"libvirt.state"}},
            {"within", Duration(std::chrono::seconds(2))},
            {"expect", std::string("agrees")}};
}

/// libvirt says running while the guest is frozen; the control says what became of it.
Findings frozen_guest(const Check& check, Opinion libvirt_says) {
    Story story = frozen_story();
    story.watched(ms(0), ms(2000), "libvirt.state", Opinion::alive);
    story.watched(ms(2500), load_end, "libvirt.state", libvirt_says);
    return judge(check, ended(story), observe_libvirt());
}

Findings recovery(const Check& check, Duration taken) {
    Story story = killed_story();
    story.phase(ms(7000), phase::recover);
    story.event(
        ms(40000), event::recovered, "runner", {{"agent_back", taken}, {"load_back", taken}});
    return judge(check, story, {{"within", Duration(std::chrono::seconds(10))}});
}

/// A disk that dropped what was flushed last: the image as it was three fsyncs before the end.
Findings dropped_flushes(const Check& check, std::uint64_t on_disk) {
    ImageLab lab;
    RealTools tools;
    const auto plan = plan_for(ledger::Profile::append_fsync);
    return examine(check, tools, lab.image(plan, up_to(on_disk)), acknowledged_history(plan, 40))
        .findings;
}

Findings bitmap(const Check& check, bool corrupted) {
    ImageLab lab;
    RealTools tools;
    const auto image = lab.image(plan_for(ledger::Profile::append_fsync), up_to(40));
    if (corrupted) {
        lab.zero_block(image, lab.number(image, "Block bitmap at "));
    }
    return examine(check, tools, image, {}).findings;
}

/// A disk whose block two instances keep: in turn as when both run at once, or one after the other.
Findings two_instances(const Check& check, bool at_once) {
    ImageLab lab;
    const auto image = lab.image(plan_for(ledger::Profile::append_fsync), up_to(1));
    std::optional<epoch::Block> block;
    const auto look = [&block](epoch::Keeper& keeper) {
        block = keeper.next(block);
        keeper.written();
    };
    epoch::Keeper first(1);
    epoch::Keeper second(2);
    look(first);
    look(second);
    look(at_once ? first : second);

    std::fstream file(image, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-static_cast<std::streamoff>(epoch::reserved), std::ios::end);
    const auto sector = epoch::to_sector(*block);
    file.write(sector.data(), sector.size());
    file.close();

    RealTools tools;
    KeepingRecorder recorder;
    const History before{std::vector<Event>{}};
    ExamineContext context{tools, recorder, {}, image.parent_path(), before};
    EXPECT_TRUE(check.examine(context, {"vm", {.name = "data", .epoch = true}, image}, {}));
    return check.judge(History(recorder.events), Experiment{}, {});
}

/// A recorded disk on which a crash finds a write in flight: to the sector, counted from the disk's
/// end when negative.
Findings write_in_flight(const Check& check, std::int64_t sector) {
    ImageLab lab;
    const auto image = lab.image(plan_for(ledger::Profile::append_fsync), up_to(40));
    const auto sectors = std::filesystem::file_size(image) / 512;
    TraceStory story(sectors);
    story.written(sector < 0 ? sectors - static_cast<std::uint64_t>(-sector)
                             : static_cast<std::uint64_t>(sector),
                  "0");
    const auto bytes = story.bytes();
    const auto trace = lab.directory() / "disk.trace";
    std::ofstream(trace, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
    RealTools tools;
    KeepingRecorder recorder;
    const History before{std::vector<Event>{}};
    ExamineContext context{tools, recorder, {}, lab.directory(), before};
    EXPECT_TRUE(check.examine(
        context,
        {.domain = "vm", .disk = {.name = "data"}, .image = image, .trace = trace, .base = image},
        {}));
    return check.judge(History(recorder.events), Experiment{}, {});
}

Findings judged(const Check& check, const ServiceStory& story, const Params& params) {
    return check.judge(story.history(), service_experiment(), params);
}

const std::map<std::string_view, Controls>& controls() {
    static const std::map<std::string_view, Controls> table{
        {"every_crash_state",
         // The group descriptors of a filesystem with blocks of 1 KiB; what no file has.
         {[](const Check& check) { return write_in_flight(check, 4); },
          [](const Check& check) { return write_in_flight(check, -4); }}},
        {"fails_back",
         {[](const Check& check) {
              return judged(check, lost_until(ms(4000)), {{"within", Duration(ms(1000))}});
          },
          [](const Check& check) {
              return judged(check, lost_and_back(), {{"within", Duration(ms(5000))}});
          }}},
        {"fails_over_within",
         {[](const Check& check) {
              return judged(check, lost_until(ms(4000)), {{"within", Duration(ms(1900))}});
          },
          [](const Check& check) {
              return judged(check, lost_until(ms(4000)), {{"within", Duration(ms(2100))}});
          }}},
        {"fence_was_true",
         {[](const Check& check) { return judged(check, fenced(false), {}); },
          [](const Check& check) { return judged(check, fenced(true), {}); }}},
        {"filesystem_sound",
         {[](const Check& check) { return bitmap(check, true); },
          [](const Check& check) { return bitmap(check, false); }}},
        {"no_acked_write_lost",
         {[](const Check& check) { return dropped_flushes(check, 37); },
          [](const Check& check) { return dropped_flushes(check, 40); }}},
        {"one_owner",
         {[](const Check& check) { return judged(check, owned_twice(ms(400)), {}); },
          [](const Check& check) { return judged(check, owned_twice(ms(200)), {}); }}},
        {"recovers_within",
         {[](const Check& check) { return recovery(check, ms(10500)); },
          [](const Check& check) { return recovery(check, ms(9500)); }}},
        {"single_writer",
         {[](const Check& check) { return two_instances(check, true); },
          [](const Check& check) { return two_instances(check, false); }}},
        {"state_agrees",
         {[](const Check& check) { return frozen_guest(check, Opinion::alive); },
          [](const Check& check) { return frozen_guest(check, Opinion::dead); }}},
    };
    return table;
}

Verdict verdict_of(const Findings& findings) {
    std::vector<Verdict> verdicts;
    for (const auto& finding : findings) {
        verdicts.push_back(finding.verdict);
    }
    return combine(verdicts);
}

TEST(EveryCheck, HasADefectItMustCatchAndAControl) {
    for (const auto& row : catalogue()) {
        EXPECT_TRUE(controls().contains(row.kind))
            << row.kind << " has no negative control: add a row to tests/negative/checks_test.cpp";
    }
    EXPECT_EQ(catalogue().size(), controls().size());
}

class EachCheck : public ::testing::TestWithParam<std::size_t> {
  protected:
    const CatalogueRow<Check>& row = catalogue()[GetParam()];
    std::unique_ptr<Check> check = row.make();
};

TEST_P(EachCheck, FailsTheDefect) {
    const auto findings = controls().at(row.kind).defect(*check);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(verdict_of(findings), Verdict::fail) << findings[0].summary;
}

TEST_P(EachCheck, PassesTheControl) {
    const auto findings = controls().at(row.kind).control(*check);
    ASSERT_FALSE(findings.empty());
    EXPECT_EQ(verdict_of(findings), Verdict::pass) << findings[0].summary;
}

TEST_P(EachCheck, IsInconclusiveWhenNothingHappened) {
    const auto findings = check->judge(History{}, Experiment{}, observe_libvirt());
    ASSERT_FALSE(findings.empty());
    for (const auto& finding : findings) {
        EXPECT_EQ(finding.verdict, Verdict::inconclusive) << finding.summary;
        EXPECT_EQ(finding.check, row.kind);
        EXPECT_FALSE(finding.summary.empty());
    }
}

INSTANTIATE_TEST_SUITE_P(Catalogue,
                         EachCheck,
                         ::testing::Range(std::size_t{0}, catalogue().size()),
                         [](const auto& row) { return std::string(catalogue()[row.param].kind); });

}  // namespace
}  // namespace ordeal::verifier
