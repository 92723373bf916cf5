#include "campaign/guardian.hpp"

#include "campaign/undo_journal.hpp"
#include "testbed/sim/sim_scheduler.hpp"
#include "tests/campaign/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <thread>
#include <unistd.h>

namespace ordeal {
namespace {

/// The guardian's process body in a thread, with the pipe's writing end as the controller.
class GuardTest : public testing::Test {
  protected:
    void SetUp() override {
        ASSERT_TRUE(UndoJournal::create(file_, {"run-1", "sim"}));
        std::array<int, 2> ends{};
        ASSERT_EQ(::pipe(ends.data()), 0);
        reading_ = Fd(ends[0]);
        writing_ = Fd(ends[1]);
    }

    void leave_open_lab() {
        const auto journal = UndoJournal::resume(file_);
        ASSERT_TRUE((*journal)->announce(TakeDownLab{"mine"}));
    }

    Watch run(int attempts = 3) {
        SimScheduler scheduler;
        const RollbackWorld world{
            .open = [](const std::string&) -> Result<std::unique_ptr<Testbed>> {
                return fail(ErrorKind::not_found, "open the testbed", "gone");
            },
            .take_lab_down = [this](const std::string&) -> Status {
                ++downs_;
                return downs_ < succeeds_at_ ? Status(fail(ErrorKind::timeout, "down", "not yet"))
                                             : ok();
            }};
        return guard(
            reading_.get(),
            file_,
            scheduler,
            world,
            [this](const std::string& line) { log_ += line + "\n"; },
            attempts);
    }

    TemporaryDirectory directory_;
    std::filesystem::path file_ = directory_.path() / "undo.journal";
    Fd reading_;
    Fd writing_;
    int downs_ = 0;
    int succeeds_at_ = 1;
    std::string log_;
};

TEST_F(GuardTest, DoesNothingAfterBye) {
    leave_open_lab();
    ASSERT_EQ(::write(writing_.get(), "b", 1), 1);
    EXPECT_EQ(run(), Watch::dismissed);
    EXPECT_EQ(downs_, 0);
}

TEST_F(GuardTest, RollsBackWhenTheControllerDies) {
    leave_open_lab();
    writing_ = Fd();
    EXPECT_EQ(run(), Watch::rolled_back);
    EXPECT_EQ(downs_, 1);
    EXPECT_NE(log_.find("undone: lab mine"), std::string::npos) << log_;
}

TEST_F(GuardTest, TriesAgainUntilNothingIsLeft) {
    leave_open_lab();
    writing_ = Fd();
    succeeds_at_ = 3;
    EXPECT_EQ(run(), Watch::rolled_back);
    EXPECT_EQ(downs_, 3);
}

TEST_F(GuardTest, SaysResidueWhenItsAttemptsAreUsedUp) {
    leave_open_lab();
    writing_ = Fd();
    succeeds_at_ = 100;
    EXPECT_EQ(run(), Watch::residue);
    EXPECT_NE(log_.find("ordeal rollback"), std::string::npos);
}

TEST(Guardian, IsRefusedWhenItsProcessDoesNotWatch) {
    const TemporaryDirectory directory;
    const auto guardian = Guardian::start({"false"}, directory.path() / "guardian.log");
    ASSERT_FALSE(guardian);
    EXPECT_EQ(guardian.error().kind, ErrorKind::unavailable);
}

TEST(Guardian, HearsByeAndEnds) {
    const TemporaryDirectory directory;
    auto guardian =
        Guardian::start({"sh", "-c", "echo 'guardian: watching'; test \"$(head -c 1)\" = b"},
                        directory.path() / "guardian.log");
    ASSERT_TRUE(guardian) << guardian.error().text();
    EXPECT_TRUE(guardian->alive());
    EXPECT_TRUE(guardian->bye());
}

}  // namespace
}  // namespace ordeal
