#include "tests/verifier/image_lab.hpp"
#include "verifier/catalogue.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace ordeal::verifier {

std::unique_ptr<Check> checks_no_acked_write_lost();

namespace {

using namespace ordeal::testing;
using ledger::Profile;
using ::testing::HasSubstr;

class NoAckedWriteLost : public ::testing::Test {
  protected:
    Finding judged(const std::filesystem::path& image,
                   const ledger::Plan& plan,
                   std::uint64_t acknowledged) {
        const auto examined = examine(
            *checks_no_acked_write_lost(), tools, image, acknowledged_history(plan, acknowledged));
        EXPECT_TRUE(examined.status) << examined.status.error().text();
        EXPECT_EQ(examined.findings.size(), 1U);
        return examined.findings.at(0);
    }

    static std::int64_t figure(const Finding& finding, std::string_view name) {
        return finding.figures.get<std::int64_t>(name, -1);
    }

    ImageLab lab;
    RealTools tools;
};

TEST_F(NoAckedWriteLost, PassesWhenAllIsThereAndCountsTheUnacknowledged) {
    for (const auto profile :
         {Profile::append_fsync, Profile::rename_fsync, Profile::overwrite_direct}) {
        const auto plan = plan_for(profile);
        const auto finding = judged(lab.image(plan, up_to(41)), plan, 40);
        EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
        EXPECT_EQ(figure(finding, "acknowledged"), 40);
        EXPECT_EQ(figure(finding, "unacknowledged_present"), 1) << ledger::name_of(profile);
    }
}

TEST_F(NoAckedWriteLost, FailsADiskThatDroppedTheLastFlushes) {
    for (const auto profile :
         {Profile::append_fsync, Profile::rename_fsync, Profile::overwrite_direct}) {
        const auto plan = plan_for(profile);
        const auto before_the_last_fsyncs = lab.image(plan, up_to(37));
        const auto finding = judged(before_the_last_fsyncs, plan, 40);
        EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
        EXPECT_EQ(figure(finding, "lost"), 3) << ledger::name_of(profile);
        EXPECT_THAT(finding.evidence, ::testing::Contains(HasSubstr("lost: 38, 39, 40")));
    }
}

TEST_F(NoAckedWriteLost, FailsAZeroedRecord) {
    const auto plan = plan_for(Profile::append_fsync);
    const auto image = lab.image(plan, up_to(40));
    lab.zero_block(image, lab.blocks(image, "/ledger-7/append-0").at(4 * 10));
    const auto finding = judged(image, plan, 40);
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_EQ(figure(finding, "lost"), 1);
}

TEST_F(NoAckedWriteLost, FailsAMissingFile) {
    const auto plan = plan_for(Profile::rename_fsync);
    const auto image = lab.image(plan, up_to(16));
    lab.debugfs(image, {"rm /ledger-7/slot-3"});
    const auto finding = judged(image, plan, 16);
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_EQ(figure(finding, "lost"), 1);
}

TEST_F(NoAckedWriteLost, FailsAMissingLedger) {
    const auto plan = plan_for(Profile::append_fsync);
    auto elsewhere = plan;
    elsewhere.run = 8;
    const auto finding = judged(lab.image(elsewhere, up_to(40)), plan, 40);
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_EQ(figure(finding, "lost"), 40);
}

TEST_F(NoAckedWriteLost, FailsAHalfRecordWhereTheProfileIsAtomic) {
    const auto plan = plan_for(Profile::rename_fsync);
    const auto image = lab.image(plan, up_to(16));
    lab.zero_block(image, lab.blocks(image, "/ledger-7/slot-15").at(2));
    const auto finding = judged(image, plan, 15);  // record 16 was never acknowledged
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_EQ(figure(finding, "half_there"), 1);
    EXPECT_EQ(figure(finding, "lost"), 0);
}

TEST_F(NoAckedWriteLost, FindsWhatOnlyTheJournalHolds) {
    const auto plan = plan_for(Profile::append_fsync);
    const auto image = lab.image(plan, up_to(40));
    lab.only_in_journal(image, lab.blocks(image, "/ledger-7").at(0));
    const auto finding = judged(image, plan, 40);
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_THAT(finding.evidence, ::testing::Contains(HasSubstr("after replay")));
}

TEST_F(NoAckedWriteLost, FailsWhatWasInADestroyedJournalAlone) {
    const auto plan = plan_for(Profile::append_fsync);
    const auto image = lab.image(plan, up_to(40));
    lab.only_in_journal(image, lab.blocks(image, "/ledger-7/append-0").at(0));
    lab.zero_block(image, lab.blocks(image, "<8>").at(0));
    const auto finding = judged(image, plan, 40);
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_EQ(figure(finding, "lost"), 1);
}

TEST_F(NoAckedWriteLost, ReadsAfterRepairWhereAMountWouldRefuse) {
    const auto plan = plan_for(Profile::append_fsync);
    const auto image = lab.image(plan, up_to(40));
    lab.debugfs(image, {"set_super_value state 3", "set_inode_field <11> mode 0"});
    const auto finding = judged(image, plan, 40);
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_THAT(finding.evidence, ::testing::Contains(HasSubstr("after repair")));
}

TEST_F(NoAckedWriteLost, FailsAnImageThatHoldsNoFilesystem) {
    const auto plan = plan_for(Profile::append_fsync);
    const auto image = lab.directory() / "empty.img";
    std::ofstream(image).flush();
    std::filesystem::resize_file(image, 16 << 20);
    const auto finding = judged(image, plan, 40);
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_EQ(figure(finding, "lost"), 40);
}

TEST_F(NoAckedWriteLost, IsInconclusiveWhenNothingWasAcknowledged) {
    const auto plan = plan_for(Profile::append_fsync);
    const auto finding = judged(lab.image(plan, up_to(3)), plan, 0);
    EXPECT_EQ(finding.verdict, Verdict::inconclusive) << finding.summary;
    EXPECT_EQ(figure(finding, "unacknowledged_present"), 3);
}

TEST_F(NoAckedWriteLost, IsInconclusiveWithoutAnExamination) {
    const auto check = checks_no_acked_write_lost();
    const auto plan = plan_for(Profile::append_fsync);
    for (const auto& history : {History{}, History(acknowledged_history(plan, 40))}) {
        const auto findings = check->judge(history, Experiment{}, {});
        ASSERT_EQ(findings.size(), 1U);
        EXPECT_EQ(findings[0].verdict, Verdict::inconclusive);
    }
}

TEST_F(NoAckedWriteLost, IsInconclusiveWhenAcknowledgementsCameAfterTheExamination) {
    const auto plan = plan_for(Profile::append_fsync);
    auto examined = examine(*checks_no_acked_write_lost(),
                            tools,
                            lab.image(plan, up_to(40)),
                            acknowledged_history(plan, 40));
    std::vector<Event> events(examined.history.all().begin(), examined.history.all().end());
    events.push_back(
        {std::chrono::seconds(11),
         std::string(event::ledger_acknowledged),
         "agent",
         "vm",
         {{"writer", std::int64_t{0}}, {"first", std::int64_t{40}}, {"last", std::int64_t{41}}}});
    const auto findings =
        checks_no_acked_write_lost()->judge(History(std::move(events)), Experiment{}, {});
    EXPECT_EQ(findings.at(0).verdict, Verdict::inconclusive) << findings[0].summary;
}

TEST_F(NoAckedWriteLost, IsInconclusiveForXfs) {
    const auto plan = plan_for(Profile::append_fsync);
    const auto examined = examine(*checks_no_acked_write_lost(),
                                  tools,
                                  lab.directory() / "unread.img",
                                  acknowledged_history(plan, 40),
                                  "xfs");
    ASSERT_TRUE(examined.status);
    EXPECT_EQ(examined.findings.at(0).verdict, Verdict::inconclusive);
    EXPECT_THAT(examined.findings[0].summary, HasSubstr("xfs"));
}

TEST_F(NoAckedWriteLost, LeavesTheSpecimenAsItWas) {
    const auto plan = plan_for(Profile::append_fsync);
    const auto image = lab.image(plan, up_to(40));
    lab.only_in_journal(image, lab.blocks(image, "/ledger-7").at(0));
    const auto before = content(image);
    EXPECT_EQ(judged(image, plan, 40).verdict, Verdict::pass);
    EXPECT_TRUE(before == content(image));
}

}  // namespace
}  // namespace ordeal::verifier
