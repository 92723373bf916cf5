#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(QemuVcpuProgress, SeesAPausedAndAStoppedGuest) {
    for (const bool stop : {true, false}) {
        ProbeFixture sim("qemu.vcpu_progress");
        const auto struck = sim.watch_a_while();
        ASSERT_EQ(sim.notebook.opinion(), Opinion::alive);
        if (stop) {
            ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::stop));
        } else {
            ASSERT_TRUE(sim.host->hypervisor().suspend("vm"));
        }
        sim.pass(5s);
        const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
        EXPECT_GE(latency, 800ms);
        EXPECT_LE(latency, 1300ms);
    }
}

TEST(QemuVcpuProgress, TakesASpinningKernelForAWorkingOne) {
    ProbeFixture sim("qemu.vcpu_progress", {.name = "vm", .pvpanic = false});
    sim.watch_a_while();
    sim.vm().panic();
    sim.pass(5s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

TEST(QemuVcpuProgress, GoesOnAfterTheGuestWasStartedAgain) {
    ProbeFixture sim("qemu.vcpu_progress");
    sim.watch_a_while();
    sim.vm().destroy();
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::dead);
    ASSERT_TRUE(sim.host->hypervisor().start("vm"));
    sim.pass(1s);
    EXPECT_EQ(sim.notebook.opinion(), Opinion::alive);
}

}  // namespace
}  // namespace ordeal
