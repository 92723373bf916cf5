#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(StorageLostFlush, IsNoticedByNobodyWhileItHolds) {
    InjectorFixture sim("storage.lost_flush");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_GT(sim.written_in(500ms), 0);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

TEST(StorageLostFlush, IsNotActiveWhenNothingIsWritten) {
    InjectorFixture sim("storage.lost_flush");
    ASSERT_TRUE(sim.guest->stop_load(1s));
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
