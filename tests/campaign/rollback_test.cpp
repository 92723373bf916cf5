#include "campaign/rollback.hpp"

#include "campaign/undo_journal.hpp"
#include "injectors/catalogue.hpp"
#include "testbed/sim/sim_scheduler.hpp"
#include "testbed/sim/sim_testbed.hpp"
#include "tests/campaign/temporary_directory.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

std::unique_ptr<Injector> injector(std::string_view kind) {
    for (const auto& row : injectors::catalogue()) {
        if (row.kind == kind) {
            return row.make();
        }
    }
    return nullptr;
}

/// A controller that provisions a domain, stops its QEMU and then is gone without a word.
class RollbackTest : public testing::Test {
  protected:
    void SetUp() override {
        auto journal = UndoJournal::create(file_, {"run-1", "sim"});
        ASSERT_TRUE(journal);
        SimTestbed controller(world_);
        ASSERT_TRUE((*journal)->announce(RemoveDomain{"vm"}));
        ASSERT_TRUE(controller.provision({.name = "vm"}, "vm", 0, directory_.path()));
        auto host = controller.host(controller.hosts().front());
        ASSERT_TRUE(host);
        ASSERT_TRUE((*host)->hypervisor().start("vm"));
        Fault fault{.id = "f", .kind = "qemu.stop", .target = {(*host)->name(), "vm"}};
        const auto stop = injector("qemu.stop");
        InjectorContext context{
            controller, scheduler_, never_stopped, nullptr, scheduler_.now() + 5s};
        ASSERT_TRUE(stop->prepare(context, fault));
        ASSERT_TRUE((*journal)->announce(HealFault{fault}));
        ASSERT_TRUE(stop->inject(context, fault));
    }

    RollbackWorld world() {
        return {.open = [this](const std::string& name) -> Result<std::unique_ptr<Testbed>> {
                    EXPECT_EQ(name, "sim");
                    return std::unique_ptr<Testbed>(std::make_unique<SimTestbed>(world_));
                },
                .take_lab_down = [](const std::string&) { return ok(); }};
    }

    TemporaryDirectory directory_;
    std::filesystem::path file_ = directory_.path() / "undo.journal";
    SimScheduler scheduler_;
    SimWorld world_{scheduler_};
};

TEST_F(RollbackTest, HealsTheFaultAndRemovesTheDomain) {
    const auto report = roll_back(file_, scheduler_, world());
    ASSERT_TRUE(report) << report.error().text();
    ASSERT_EQ(report->items.size(), 2U);
    for (const auto& item : report->items) {
        EXPECT_TRUE(item.undone) << item.what << ": " << item.answer;
    }
    EXPECT_FALSE(report->residue());
    SimTestbed fresh(world_);
    const auto domains = (*fresh.host(fresh.hosts().front()))->hypervisor().domains();
    ASSERT_TRUE(domains);
    EXPECT_TRUE(domains->empty());
}

TEST_F(RollbackTest, FindsNothingToDoTheSecondTime) {
    ASSERT_TRUE(roll_back(file_, scheduler_, world()));
    const auto again = roll_back(file_, scheduler_, world());
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->items.empty());
    EXPECT_FALSE(again->residue());
}

TEST_F(RollbackTest, StandsBackWhileTheRunIsAtWork) {
    const auto run = UndoJournal::resume(file_);
    ASSERT_TRUE(run);
    const auto refused = roll_back(file_, scheduler_, world());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::refused);
}

TEST_F(RollbackTest, CallsATestbedThatDoesNotAnswerResidue) {
    auto silent = world();
    silent.open = [](const std::string&) -> Result<std::unique_ptr<Testbed>> {
        return fail(ErrorKind::timeout, "open the testbed", "no answer");
    };
    const auto report = roll_back(file_, scheduler_, silent);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->residue());
    EXPECT_FALSE(report->items.front().undone);
    EXPECT_FALSE(roll_back(file_, scheduler_, world())->residue()) << "and a later one mends it";
}

TEST_F(RollbackTest, TakesATestbedThatIsGoneForUndone) {
    auto gone = world();
    gone.open = [](const std::string&) -> Result<std::unique_ptr<Testbed>> {
        return fail(ErrorKind::not_found, "open the testbed", "there is no such lab");
    };
    const auto report = roll_back(file_, scheduler_, gone);
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->residue());
}

TEST_F(RollbackTest, TakesTheRunsOwnLabDownFirst) {
    {
        const auto journal = UndoJournal::resume(file_);
        ASSERT_TRUE((*journal)->announce(TakeDownLab{"mine"}));
    }
    std::vector<std::string> calls;
    auto order = world();
    order.take_lab_down = [&](const std::string& lab) {
        calls.push_back("down " + lab);
        return ok();
    };
    order.open = [&](const std::string&) -> Result<std::unique_ptr<Testbed>> {
        calls.emplace_back("open");
        return fail(ErrorKind::not_found, "open the testbed", "there is no such lab");
    };
    const auto report = roll_back(file_, scheduler_, order);
    ASSERT_TRUE(report);
    EXPECT_FALSE(report->residue());
    EXPECT_EQ(calls, (std::vector<std::string>{"down mine", "open"}));
}

TEST_F(RollbackTest, SaysWhichLabIsLeft) {
    {
        const auto journal = UndoJournal::resume(file_);
        ASSERT_TRUE((*journal)->announce(TakeDownLab{"mine"}));
    }
    auto stuck = world();
    stuck.take_lab_down = [](const std::string&) -> Status {
        return fail(ErrorKind::timeout, "take the lab down", "n1 is still there");
    };
    const auto report = roll_back(file_, scheduler_, stuck);
    ASSERT_TRUE(report);
    EXPECT_TRUE(report->residue());
    EXPECT_EQ(report->items.front().what, "lab mine");
    EXPECT_NE(report->items.front().answer.find("still there"), std::string::npos);
}

}  // namespace
}  // namespace ordeal
