#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(StorageCut, TakesTheServerAwayAndBringsItBack) {
    InjectorFixture sim("storage.cut");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.written_in(1s), 0);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_GT(sim.written_in(1s), 0);
}

TEST(StorageCut, CanStopTheServerInstead) {
    InjectorFixture sim("storage.cut");
    sim.fault.params.set("how", std::string("stop"));
    const auto before = sim.testbed.storage().server({"n1", "vm", "data"}).value();
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_EQ(sim.testbed.storage().server({"n1", "vm", "data"}).value()->pid, before->pid);
}

TEST(StorageCut, LeavesNothingWhenTheDomainWasRemoved) {
    InjectorFixture sim("storage.cut");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    ASSERT_TRUE(sim.testbed.remove(sim.domain));
    EXPECT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(StorageCut, RefusesAServerThatIsDeadAlready) {
    InjectorFixture sim("storage.cut");
    const auto server = sim.testbed.storage().server({"n1", "vm", "data"}).value();
    ASSERT_TRUE(sim.host->signal(*server, Signal::kill));
    sim.pass(10ms);
    const auto prepared = sim.prepare();
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().kind, ErrorKind::unavailable);
    EXPECT_NE(prepared.error().text().find("disk data"), std::string::npos);
}

}  // namespace
}  // namespace ordeal
