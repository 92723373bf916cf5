#include "tests/injectors/injector_fixture.hpp"
#include "tests/injectors/program_fault_fixture.hpp"

namespace ordeal {
namespace {

TEST_P(ProgramFault, RunsUntilItIsHealed) {
    InjectorFixture sim(GetParam());
    ASSERT_TRUE(sim.prepare());
    EXPECT_EQ(sim.look()->presence, Presence::absent);
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    sim.pass(std::chrono::milliseconds(10));
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST_P(ProgramFault, IsNotActiveWhenItsProgramStandsStill) {
    InjectorFixture sim(GetParam());
    if (sim.fault.params.find<Bytes>("size") != nullptr) {  // more than it has by now
        sim.fault.params.set("size", Bytes{std::uint64_t{1} << 40U});
    }
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    const auto program = sim.host->program("ordeal-" + GetParam());
    ASSERT_TRUE(program);
    ASSERT_TRUE(sim.host->signal(program->process, Signal::stop));
    EXPECT_EQ(sim.look()->presence, Presence::absent);
}

TEST_P(ProgramFault, RefusesASecondOneOnTheSameHost) {
    InjectorFixture sim(GetParam());
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
