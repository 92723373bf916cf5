#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestDiskFull, EndsALoadThatWrites) {
    InjectorFixture sim("guest.disk_full");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.written_in(500ms), 0);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

}  // namespace
}  // namespace ordeal
