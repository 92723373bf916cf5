#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(StorageTornWrite, IsNoticedByNobodyWhileItHolds) {
    InjectorFixture sim("storage.torn_write");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_GT(sim.written_in(500ms), 0);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

TEST(StorageTornWrite, IsNotActiveWhenNothingIsWritten) {
    InjectorFixture sim("storage.torn_write");
    ASSERT_TRUE(sim.guest->stop_load(1s));
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::absent);
}

}  // namespace
}  // namespace ordeal
