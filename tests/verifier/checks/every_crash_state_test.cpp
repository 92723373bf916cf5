#include "core/testbed.hpp"
#include "core/wire_mark.hpp"
#include "tests/verifier/crash/trace_story.hpp"
#include "tests/verifier/image_lab.hpp"
#include "tests/verifier/story.hpp"
#include "verifier/catalogue.hpp"
#include "verifier/crash_run.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace ordeal::verifier {

std::unique_ptr<Check> checks_every_crash_state();

namespace {

using namespace ordeal::testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const Params usual{{"fault", std::string("power-cut")},
                   {"damage", std::string("none")},
                   {"expect", std::string("sound")}};
const Params control{{"expect", std::string("bad")}};

/// A recorded disk with a ledger of 40 records, and what a test does to it.
class EveryCrashState : public ::testing::Test {
  protected:
    EveryCrashState()
        : image_(lab.image(plan, up_to(40))), story_(std::filesystem::file_size(image_) / 512) {}

    void acknowledge(std::uint64_t sequence) {
        const auto directory = LoadOrder{.run_id = plan.run}.directory();
        story_.mark(ledger::encode_mark({plan, directory, sequence}));
    }

    /// Examines and returns the facts' event in a history.
    Status examine(const Params& params = usual) {
        const auto bytes = story_.bytes();
        const auto path = lab.directory() / "disk.trace";
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(bytes.data()),
                   static_cast<std::streamsize>(bytes.size()));
        ExamineContext context{.tools = tools,
                               .recorder = recorder,
                               .directory = lab.directory(),
                               .history = History(),
                               .stop = stop_.get_token(),
                               .left = left_};
        return check->examine(context,
                              {.domain = std::string(vm),
                               .disk = {.name = "data"},
                               .image = image_,
                               .trace = path,
                               .base = image_},
                              params);
    }

    Finding judged(const Params& params = usual) {
        const auto status = examine(params);
        EXPECT_TRUE(status) << status.error().text();
        const auto findings = check->judge(History(recorder.events), {}, params);
        EXPECT_EQ(findings.size(), 1U);
        return findings.at(0);
    }

    void told(std::string_view source, Fields data) {
        recorder.record({Instant{},
                         std::string(event::write_cache),
                         std::string(source),
                         std::string(vm),
                         std::move(data)});
    }

    /// In the last sectors of the disk, which no file has.
    void write_harmlessly() {
        story_.written(std::filesystem::file_size(image_) / 512 - 4, "ab");
        story_.flushed();
    }

    ledger::Plan plan = plan_for(ledger::Profile::append_fsync);
    ImageLab lab;
    RealTools tools;
    KeepingRecorder recorder;
    std::unique_ptr<Check> check = checks_every_crash_state();
    std::stop_source stop_;
    Duration left_ = Duration::max();

  private:
    std::filesystem::path image_;

  protected:
    TraceStory story_;
};

TEST_F(EveryCrashState, PassesWhenAllAreCoveredAndSound) {
    write_harmlessly();
    const auto finding = judged();
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_THAT(finding.summary, HasSubstr("5 of 5 crash states covered, complete, none bad"));
    EXPECT_EQ(finding.subject, "vm/data");
    EXPECT_TRUE(finding.figures.get<bool>("complete"));
}

TEST_F(EveryCrashState, PassesNothingThatItWasKeptFromExploring) {
    write_harmlessly();
    left_ = Duration::zero();
    EXPECT_EQ(judged().verdict, Verdict::inconclusive) << "the trial's deadline";
    recorder.events.clear();
    left_ = Duration::max();
    stop_.request_stop();
    EXPECT_EQ(judged().verdict, Verdict::inconclusive) << "somebody wants it to end";
}

TEST_F(EveryCrashState, DrawsTheTimeFromTheFirstWriteOn) {
    story_.flushed();
    story_.flushed();
    write_harmlessly();
    judged();
    const auto& facts = recorder.events.at(0).data;
    EXPECT_EQ(facts.get<Duration>("first_write"), Duration(4000)) << "the fifth event";
    EXPECT_EQ(facts.get<Duration>("recorded"), Duration(7000));
    const auto picture = facts.get<std::vector<std::string>>("picture");
    EXPECT_THAT(picture.front(), HasSubstr(", 2, ")) << "flushes that were before, too";
}

TEST_F(EveryCrashState, FailsWithTheStateInWhichTheFilesystemIsBroken) {
    story_.written(4, "00");  // the group descriptors of a filesystem with blocks of 1 KiB
    const auto finding = judged();
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_THAT(finding.evidence, Contains(HasSubstr("structure at")));
    EXPECT_GT(finding.figures.get<std::int64_t>("bad_leaves"), 0);
}

TEST_F(EveryCrashState, FailsWhenAnAcknowledgedRecordIsNowhere) {
    write_harmlessly();
    acknowledge(40);
    acknowledge(41);
    const auto finding = judged();
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_THAT(finding.evidence, Contains(HasSubstr("ledger at")));
}

TEST_F(EveryCrashState, ControlPassesExactlyWhenSomethingIsBad) {
    write_harmlessly();
    EXPECT_EQ(judged(control).verdict, Verdict::fail);
    recorder.events.clear();
    acknowledge(40);
    acknowledge(41);  // which is nowhere
    const auto bad = judged(control);
    EXPECT_EQ(bad.verdict, Verdict::pass) << bad.summary;
}

TEST_F(EveryCrashState, KeepsWhatItFoundWhenTheOracleCannotBeAsked) {
    write_harmlessly();
    auto params = usual;
    params.set("oracle", std::vector<std::string>{"/no/such/oracle"});
    const auto finding = judged(params);
    EXPECT_EQ(finding.verdict, Verdict::inconclusive);
    EXPECT_THAT(finding.summary, HasSubstr("complete, none bad; the oracle could not be asked"));
}

TEST_F(EveryCrashState, ControlFailsWhereTheEnginesDisagree) {
    Fields facts{{"covered", std::string("1")},
                 {"possible", std::string("1")},
                 {"complete", true},
                 {"bad", std::string("1")},
                 {"bad_leaves", std::int64_t{1}},
                 {"sound_leaves", std::int64_t{1}},
                 {"disagreements", std::int64_t{1}}};
    EXPECT_EQ(crash_finding_expecting_bad(facts, "x").verdict, Verdict::fail);
    facts.set("bad_leaves", std::int64_t{2});
    EXPECT_EQ(crash_finding_expecting_bad(facts, "x").verdict, Verdict::pass);
    facts.set("disagreements", std::int64_t{0});
    EXPECT_EQ(crash_finding_expecting_bad(facts, "x").verdict, Verdict::pass);
    facts.set("bad_leaves", std::int64_t{0});
    EXPECT_EQ(crash_finding_expecting_bad(facts, "x").verdict, Verdict::fail);
    facts.set("unjudged_leaves", std::int64_t{1});
    EXPECT_EQ(crash_finding_expecting_bad(facts, "x").verdict, Verdict::inconclusive);
}

TEST_F(EveryCrashState, CannotSayWithoutTheAcknowledgementsThatArrived) {
    write_harmlessly();
    acknowledge(40);
    recorder.record(
        {Instant{},
         std::string(event::ledger_acknowledged),
         "runner",
         std::string(vm),
         {{"writer", std::int64_t{0}}, {"first", std::int64_t{38}}, {"last", std::int64_t{39}}}});
    const auto finding = judged();
    EXPECT_EQ(finding.verdict, Verdict::inconclusive);
    EXPECT_THAT(finding.summary, HasSubstr("only 1 of 2 acknowledgements"));
}

TEST_F(EveryCrashState, CannotSayWhenTheWriteCacheChanged) {
    write_harmlessly();
    told("guest", {{"device", std::string("vda")}, {"mode", std::string("write back")}});
    told("qemu", {{"disk", std::string("data")}, {"writeback", true}});
    told("qemu", {{"disk", std::string("data")}, {"writeback", true}});
    EXPECT_EQ(judged().verdict, Verdict::pass);
    told("guest", {{"device", std::string("vda")}, {"mode", std::string("write through")}});
    const auto findings = check->judge(History(recorder.events), {}, usual);
    EXPECT_EQ(findings.at(0).verdict, Verdict::inconclusive);
    EXPECT_THAT(findings.at(0).evidence,
                Contains("guest about vda: first write back, later write through"));
}

TEST_F(EveryCrashState, CannotSayWithoutARecording) {
    const auto findings = check->judge(History(), {}, usual);
    ASSERT_EQ(findings.size(), 1U);
    EXPECT_EQ(findings[0].verdict, Verdict::inconclusive);
}

TEST_F(EveryCrashState, DoesNotExamineWhatIsNoRecordingOfThisDisk) {
    story_ = TraceStory(8);
    EXPECT_EQ(examine().error().kind, ErrorKind::corrupt);
    EXPECT_THAT(recorder.events, IsEmpty());
}

}  // namespace
}  // namespace ordeal::verifier
