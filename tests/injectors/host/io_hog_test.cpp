#include "tests/injectors/injector_fixture.hpp"
#include "tests/injectors/program_fault_fixture.hpp"

namespace ordeal {
namespace {

INSTANTIATE_TEST_SUITE_P(HostIoHog, ProgramFault, testing::Values("host.io_hog"));

TEST(HostIoHog, LeavesNoDirectory) {
    InjectorFixture sim("host.io_hog");
    const std::string directory = "/var/tmp/ordeal-host.io_hog";
    auto& files = sim.world.machine("n1")->files;
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_TRUE(files.contains(directory));
    ASSERT_TRUE(sim.heal());
    sim.pass(std::chrono::milliseconds(10));
    EXPECT_FALSE(files.contains(directory));
    files[directory] = 0;  // as when nobody removed it
    EXPECT_EQ(sim.residue(), Presence::active);
}

}  // namespace
}  // namespace ordeal
