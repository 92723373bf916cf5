#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

class HostDiskFull : public testing::Test {
  protected:
    HostDiskFull() { sim.fault.params.set("path", std::string("/srv")); }

    std::uint64_t free_blocks() {
        const auto said =
            sim.host->run({"stat", "-f", "-c", "%S %f", "/srv"}, InjectorFixture::step_deadline);
        return std::stoull(said->out.substr(said->out.find(' ')));
    }

    InjectorFixture sim{"host.disk_full"};
};

TEST_F(HostDiskFull, TakesAllTheSpaceAndGivesItBack) {
    const auto before = free_blocks();
    ASSERT_GT(before, 0U);
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(free_blocks(), 0U);
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
    EXPECT_EQ(free_blocks(), before);
}

TEST_F(HostDiskFull, LeavesWhatItIsTold) {
    sim.fault.params.set("leave", Bytes{std::uint64_t{64} << 20U});
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(free_blocks() * 4096, std::uint64_t{64} << 20U);
    EXPECT_EQ(sim.observe(), Presence::active);
}

TEST_F(HostDiskFull, RefusesAFileOfItsNameThatItHasNotMade) {
    const auto other = std::string("/srv/ordeal-host.disk_full.full");
    ASSERT_TRUE(sim.host->run({"fallocate", "-l", "5", other}, InjectorFixture::step_deadline));
    const auto prepared = sim.prepare();
    ASSERT_FALSE(prepared);
    EXPECT_EQ(prepared.error().kind, ErrorKind::refused);
}

TEST_F(HostDiskFull, RefusesAFileSystemThatIsFullAlready) {
    sim.fault.params.set("leave", Bytes{std::uint64_t{2} << 30U});
    EXPECT_FALSE(sim.prepare());
}

}  // namespace
}  // namespace ordeal
