#include "testbed/sim/sim_testbed.hpp"

#include "tests/sim/sim_fixture.hpp"

#include <gtest/gtest.h>

#include <fstream>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

class SimTestbedTest : public testing::Test {
  protected:
    SimTestbedTest() {
        beats_ = sim_.guest->on_beat([this](const Beat& beat) { last_beat_ = beat; });
        network_beats_ = sim_.guest->on_network_beat([this](const Beat&) { ++network_count_; });
        acknowledgements_ = sim_.guest->on_acknowledged([this](const Acknowledged& range) {
            EXPECT_EQ(range.first, next_);
            next_ = range.last + 1;
        });
        events_ = std::move(sim_.host->hypervisor()
                                .subscribe("vm",
                                           [this](const DomainEvent& event) {
                                               told_ += event.event + "/" + event.detail + " ";
                                           })
                                .value());
        console_ = sim_.guest->on_console(
            [this](Instant, const std::string& line) { said_ += line + "\n"; });
    }

    [[nodiscard]] Duration silence() const { return sim_.scheduler.now() - last_beat_.arrived; }

    SimFixture sim_;
    Beat last_beat_;
    int network_count_ = 0;
    std::int64_t next_ = 100;  // half a second at 200 records a second went before
    std::string told_;
    std::string said_;
    Subscription beats_;
    Subscription network_beats_;
    Subscription acknowledgements_;
    Subscription events_;
    Subscription console_;
};

TEST_F(SimTestbedTest, AHealthyGuestBeatsOnBothWaysAndWrites) {
    sim_.pass(10s);
    EXPECT_LT(silence(), 110ms);
    EXPECT_NEAR(network_count_, 100, 1);
    EXPECT_GT(last_beat_.acknowledged, 2000U);
    EXPECT_TRUE(last_beat_.load_running);
    EXPECT_TRUE(sim_.guest->ping(100ms));
    EXPECT_EQ(sim_.libvirt().state, DomainState::running);
    const auto qemu = *sim_.host->qemu_process("vm");
    EXPECT_GT(sim_.host->process_status(qemu)->cpu_time, 5s);
}

TEST_F(SimTestbedTest, LibvirtLearnsOfAKilledQemuALittleLater) {
    const auto qemu = *sim_.host->qemu_process("vm");
    ASSERT_TRUE(sim_.host->signal(qemu, Signal::kill));
    sim_.pass(2ms);
    EXPECT_EQ(sim_.host->process_status(qemu).error().kind, ErrorKind::not_found);
    EXPECT_EQ(sim_.libvirt().state, DomainState::running);
    sim_.pass(50ms);
    EXPECT_EQ(sim_.libvirt().state, DomainState::shut_off);
    EXPECT_EQ(told_, "stopped/failed ");
    sim_.pass(1s);
    EXPECT_GT(silence(), 1s);
}

TEST_F(SimTestbedTest, LibvirtCallsAFrozenQemuRunning) {
    const auto qemu = *sim_.host->qemu_process("vm");
    ASSERT_TRUE(sim_.host->signal(qemu, Signal::stop));
    sim_.pass(5s);
    EXPECT_EQ(sim_.libvirt().state, DomainState::running);
    EXPECT_EQ(sim_.host->process_status(qemu)->state, 'T');
    EXPECT_GT(silence(), 4s);
    EXPECT_FALSE(sim_.guest->ping(100ms));
    EXPECT_EQ(sim_.host->hypervisor().suspend("vm").error().kind, ErrorKind::timeout);
    ASSERT_TRUE(sim_.host->signal(qemu, Signal::cont));
    sim_.pass(200ms);
    EXPECT_LT(silence(), 110ms);
}

TEST_F(SimTestbedTest, LibvirtLearnsOfAPanicOnlyThroughPvpanic) {
    ASSERT_TRUE(sim_.guest->inject("panic", {}, 1s));
    sim_.pass(1s);
    EXPECT_NE(said_.find("Kernel panic - not syncing"), std::string::npos);
    EXPECT_EQ(sim_.libvirt().state, DomainState::crashed);
    EXPECT_EQ(told_, "crashed/panicked ");

    SimFixture without({.name = "vm", .pvpanic = false});
    ASSERT_TRUE(without.guest->inject("panic", {}, 1s));
    without.pass(10s);
    EXPECT_EQ(without.libvirt().state, DomainState::running);
}

TEST_F(SimTestbedTest, OnCrashDecidesWhatBecomesOfAPanickedDomain) {
    SimFixture destroyed({.name = "vm", .on_crash = "destroy"});
    destroyed.vm().panic();
    destroyed.pass(1s);
    EXPECT_FALSE(destroyed.host->qemu_process("vm"));

    SimFixture restarted({.name = "vm", .on_crash = "restart"});
    const auto before = restarted.guest->wait_hello(restarted.scheduler.now())->boot_id;
    restarted.vm().panic();
    restarted.pass(100ms);
    EXPECT_NE(restarted.guest->wait_hello(restarted.scheduler.now() + 10s)->boot_id, before);
}

TEST_F(SimTestbedTest, SuspendStopsTheGuestAndResumeLetsItGoOn) {
    ASSERT_TRUE(sim_.host->hypervisor().suspend("vm"));
    sim_.pass(2s);
    EXPECT_EQ(sim_.libvirt().state, DomainState::paused);
    EXPECT_GT(silence(), 1900ms);
    ASSERT_TRUE(sim_.host->hypervisor().resume("vm"));
    sim_.pass(200ms);
    EXPECT_LT(silence(), 110ms);
    EXPECT_EQ(told_, "suspended/paused resumed/unpaused ");
}

TEST_F(SimTestbedTest, AKilledLibvirtdLeavesTheGuestAlone) {
    ASSERT_TRUE(sim_.host->signal(*sim_.host->service_process("libvirtd"), Signal::kill));
    sim_.pass(1s);
    EXPECT_LT(silence(), 110ms);
    EXPECT_EQ(sim_.host->hypervisor().state("vm").error().kind, ErrorKind::unavailable);
    sim_.vm().destroy();
    sim_.pass(1s);
    EXPECT_EQ(told_, "connection_lost/ ");
    ASSERT_TRUE(sim_.host->start_service("libvirtd"));
    EXPECT_EQ(sim_.libvirt().state, DomainState::shut_off);
}

TEST_F(SimTestbedTest, ADomainStartsAgainWithANewBoot) {
    const auto before = sim_.guest->wait_hello(sim_.scheduler.now())->boot_id;
    ASSERT_TRUE(sim_.host->hypervisor().destroy("vm"));
    EXPECT_FALSE(sim_.guest->wait_hello(sim_.scheduler.now() + 5s));
    ASSERT_TRUE(sim_.host->hypervisor().start("vm"));
    const auto hello = sim_.guest->wait_hello(sim_.scheduler.now() + 5s);
    ASSERT_TRUE(hello);
    EXPECT_NE(hello->boot_id, before);
}

TEST_F(SimTestbedTest, CapturesOnlyASuppliedImageOfADeadDomain) {
    SimFixture sim({.name = "vm", .disks = {{.name = "data"}}});
    const auto image = testing::TempDir() + "/sim_testbed.raw";
    const auto copy = image + ".copy";
    std::ofstream(image) << "bits";
    sim.world.supply_image("data", image);
    EXPECT_EQ(sim.testbed.capture("vm", "data", copy).error().kind, ErrorKind::refused);
    ASSERT_TRUE(sim.host->hypervisor().destroy("vm"));
    EXPECT_EQ(sim.testbed.capture("vm", "log", copy).error().kind, ErrorKind::not_found);
    EXPECT_EQ(sim.testbed.capture("vm", "data", copy)->image, copy);
    std::filesystem::remove(image);
    EXPECT_TRUE(std::filesystem::remove(copy));
}

TEST_F(SimTestbedTest, MishapsLieHangAndRefuse) {
    const auto qemu = *sim_.host->qemu_process("vm");
    auto& mishaps = sim_.world.mishaps();
    mishaps = {.signals = Deed::does_nothing, .libvirt = Deed::fails, .agent_silent = true};
    EXPECT_TRUE(sim_.host->signal(qemu, Signal::kill));
    EXPECT_EQ(sim_.host->hypervisor().destroy("vm").error().kind, ErrorKind::refused);
    EXPECT_EQ(sim_.guest->stop_load(1s).error().kind, ErrorKind::timeout);
    sim_.pass(1s);
    EXPECT_TRUE(sim_.host->process_status(qemu));
    mishaps = {.libvirt_hangs = true, .blind = true};
    const auto before = sim_.scheduler.now();
    EXPECT_EQ(sim_.host->hypervisor().alive(300ms).error().kind, ErrorKind::timeout);
    EXPECT_EQ(sim_.scheduler.now() - before, 300ms);
    EXPECT_EQ(sim_.host->process_status(qemu).error().kind, ErrorKind::unavailable);
    mishaps = {};
    EXPECT_TRUE(sim_.testbed.remove("vm"));
    EXPECT_TRUE(sim_.testbed.remove("vm"));
}

TEST_F(SimTestbedTest, ASecondTestbedSeesTheHostsAndReachesTheAgentsOfRunningGuests) {
    SimTestbed second(sim_.world);
    EXPECT_EQ((*second.host("n1"))->hypervisor().state("vm")->state, DomainState::running);
    ASSERT_TRUE(second.guest("vm"));
    EXPECT_TRUE((*second.guest("vm"))->look("data", 1s));
    ASSERT_TRUE(sim_.host->hypervisor().destroy("vm"));
    SimTestbed third(sim_.world);
    EXPECT_EQ(third.guest("vm").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace ordeal
