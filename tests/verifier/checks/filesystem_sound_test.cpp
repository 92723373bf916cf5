#include "tests/verifier/image_lab.hpp"
#include "verifier/catalogue.hpp"

#include <gmock/gmock.h>

#include <deque>
#include <fstream>

namespace ordeal::verifier {

std::unique_ptr<Check> checks_filesystem_sound();

namespace {

using namespace ordeal::testing;
using ::testing::Contains;
using ::testing::HasSubstr;
using Words = std::vector<std::string>;

class FilesystemSound : public ::testing::Test {
  protected:
    std::filesystem::path image(const std::string& filesystem = "ext3") {
        return lab.image(plan, up_to(40), filesystem);
    }

    Finding judged(const std::filesystem::path& made,
                   const Params& params = {},
                   const std::string& filesystem = "ext3") {
        const auto examined =
            examine(*checks_filesystem_sound(), tools, made, {}, filesystem, params);
        EXPECT_TRUE(examined.status) << examined.status.error().text();
        EXPECT_EQ(examined.findings.size(), 1U);
        return examined.findings.at(0);
    }

    static std::string grade(const Finding& finding) {
        return finding.figures.get<std::string>("grade");
    }

    ledger::Plan plan = plan_for(ledger::Profile::append_fsync);
    ImageLab lab;
    RealTools tools;
};

/// Answers each call with the next of its outputs.
class ScriptedTools : public Tools {
  public:
    explicit ScriptedTools(std::deque<Result<Output>> answers) : answers_(std::move(answers)) {}

    Result<Output> run(const Words& argv, Duration /*deadline*/) override {
        calls.push_back(argv);
        if (answers_.empty()) {
            return fail(ErrorKind::internal, "run " + argv[0], "not in the script");
        }
        auto answer = answers_.front();
        answers_.pop_front();
        return answer;
    }

    std::vector<Words> calls;

  private:
    std::deque<Result<Output>> answers_;
};

TEST_F(FilesystemSound, PassesACleanOne) {
    for (const auto* filesystem : {"ext3", "ext4"}) {
        const auto finding = judged(image(filesystem), {}, filesystem);
        EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
        EXPECT_EQ(grade(finding), "clean");
    }
}

TEST_F(FilesystemSound, PassesOneThatNeedsItsJournalReplayed) {
    const auto made = image();
    lab.only_in_journal(made, lab.blocks(made, "/ledger-7").at(0));
    const auto finding = judged(made);
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_EQ(grade(finding), "journal_replayed");
    EXPECT_THAT(finding.evidence, Contains(HasSubstr("recovering journal")));
    EXPECT_EQ(judged(made, {{"accept", Words{"clean"}}}).verdict, Verdict::fail);
}

TEST_F(FilesystemSound, PassesOrphansThatAMountWouldClear) {
    const auto made = image();
    // Unlinked while open, then the crash: no name, no links, on the orphan list.
    lab.debugfs(made,
                {"set_inode_field /ledger-7/append-0 links_count 0",
                 "set_inode_field /ledger-7/append-0 dtime 0",
                 "set_super_value last_orphan 13",
                 "unlink /ledger-7/append-0"});
    const auto finding = judged(made);
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_THAT(finding.evidence, Contains(HasSubstr("Clearing orphaned inode 13")));
}

TEST_F(FilesystemSound, FailsABitmapThatIsWrong) {
    const auto made = image();
    lab.zero_block(made, lab.number(made, "Block bitmap at "));
    const auto finding = judged(made);
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_EQ(grade(finding), "repaired");
    EXPECT_THAT(finding.evidence, Contains(HasSubstr("Block bitmap differences")));
    EXPECT_EQ(judged(made, {{"accept", Words{"clean", "repaired"}}}).verdict, Verdict::pass);
}

TEST_F(FilesystemSound, FailsADestroyedJournal) {
    const auto made = image();
    lab.only_in_journal(made, lab.blocks(made, "/ledger-7").at(0));
    lab.zero_block(made, lab.blocks(made, "<8>").at(0));
    const auto finding = judged(made);
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_EQ(grade(finding), "repaired");
}

TEST_F(FilesystemSound, FailsWhatTheKernelMarkedAsFaulty) {
    const auto made = image();
    lab.debugfs(made, {"set_super_value state 3"});  // valid, and errors were met
    const auto finding = judged(made);
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_EQ(grade(finding), "repaired");
}

TEST_F(FilesystemSound, CallsAnImageWithoutFilesystemBroken) {
    const auto made = lab.directory() / "empty.img";
    std::ofstream(made).flush();
    std::filesystem::resize_file(made, 16 << 20);
    const auto finding = judged(made);
    EXPECT_EQ(finding.verdict, Verdict::fail) << finding.summary;
    EXPECT_EQ(grade(finding), "broken");
}

TEST_F(FilesystemSound, SaysWhichToolIsMissing) {
    ScriptedTools none({fail(ErrorKind::missing, "run e2fsck", "no such program")});
    const auto examined = examine(*checks_filesystem_sound(), none, image(), {});
    ASSERT_FALSE(examined.status);
    EXPECT_EQ(examined.status.error().kind, ErrorKind::missing);
    EXPECT_EQ(examined.findings.at(0).verdict, Verdict::inconclusive);
}

TEST_F(FilesystemSound, DoesNotTakeAFailingToolForAVerdict) {
    ScriptedTools usage({Tools::Output{16, "", "usage"}});
    const auto examined = examine(*checks_filesystem_sound(), usage, image(), {});
    ASSERT_FALSE(examined.status);
    EXPECT_EQ(examined.status.error().kind, ErrorKind::unavailable);
}

TEST_F(FilesystemSound, IsInconclusiveForAnXfsWithALog) {
    ScriptedTools dirty({Tools::Output{
        0, "", "ALERT: The filesystem has valuable metadata changes in a log which is being\n"}});
    const auto examined = examine(*checks_filesystem_sound(), dirty, image(), {}, "xfs");
    ASSERT_TRUE(examined.status);
    EXPECT_EQ(examined.findings.at(0).verdict, Verdict::inconclusive);
    EXPECT_THAT(examined.findings[0].evidence, Contains(HasSubstr("valuable metadata")));
}

TEST_F(FilesystemSound, RepairsAnXfsOnACopy) {
    ScriptedTools script({Tools::Output{1, "bad magic", ""},
                          Tools::Output{0, "repaired", ""},
                          Tools::Output{0, "fine", ""}});
    const auto made = image();
    const auto examined = examine(*checks_filesystem_sound(), script, made, {}, "xfs");
    ASSERT_TRUE(examined.status);
    EXPECT_EQ(examined.findings.at(0).verdict, Verdict::fail);
    EXPECT_EQ(grade(examined.findings[0]), "repaired");
    EXPECT_NE(script.calls.at(1).back(), made.string());
}

TEST_F(FilesystemSound, IsInconclusiveWhenADiskWasNotExamined) {
    const auto check = checks_filesystem_sound();
    EXPECT_EQ(check->judge(History{}, Experiment{}, {}).at(0).verdict, Verdict::inconclusive);
    const auto examined = examine(*check, tools, image(), {});
    Experiment two;
    two.domains = {{.name = "vm", .disks = {{.name = "data"}, {.name = "more"}}}};
    const auto findings = check->judge(examined.history, two, {});
    ASSERT_EQ(findings.size(), 2U);
    EXPECT_EQ(findings[0].verdict, Verdict::pass);
    EXPECT_EQ(findings[1].verdict, Verdict::inconclusive);
}

TEST_F(FilesystemSound, ExaminesOnceWhatTwoChecksNeed) {
    const auto made = image();
    EXPECT_EQ(judged(made).verdict, Verdict::pass);
    ScriptedTools second({Tools::Output{0, "clean", ""}});
    const auto examined = examine(*checks_filesystem_sound(), second, made, {});
    ASSERT_TRUE(examined.status);
    ASSERT_EQ(second.calls.size(), 1U) << "the replayed copy is shared";
    EXPECT_EQ(second.calls[0].at(1), "-fn");
}

}  // namespace
}  // namespace ordeal::verifier
