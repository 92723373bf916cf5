#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(GuestNmi, IsServedByAGuestThatGoesOn) {
    InjectorFixture sim("guest.nmi");
    std::string said;
    const auto heard =
        sim.guest->on_console([&](Instant, const std::string& line) { said += line; });
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    ASSERT_EQ(sim.observe(), Presence::active);
    EXPECT_NE(said.find("NMI received"), std::string::npos);
    EXPECT_GT(sim.written_in(500ms), 0);
}

}  // namespace
}  // namespace ordeal
