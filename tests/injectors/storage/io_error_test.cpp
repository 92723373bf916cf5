#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

DomainSpec with_policy(const std::string& werror) {
    auto spec = vm_with_disk();
    spec.disks[0].werror = werror;
    return spec;
}

TEST(StorageIoError, IsSeenByTheGuestWithPolicyReport) {
    InjectorFixture sim("storage.io_error", with_policy("report"));
    std::string said;
    const auto heard =
        sim.guest->on_console([&](Instant, const std::string& line) { said += line + "\n"; });
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_NE(said.find("I/O error"), std::string::npos);
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

TEST(StorageIoError, PausesTheDomainWithPolicyStopAndHealingLetsItGoOn) {
    InjectorFixture sim("storage.io_error", with_policy("stop"));
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::active);
    EXPECT_EQ(sim.libvirt().state, DomainState::paused);
    EXPECT_EQ(sim.libvirt().reason, "ioerror");
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.libvirt().state, DomainState::running);
}

TEST(StorageIoError, IsNotActiveWhenNothingIsWritten) {
    InjectorFixture sim("storage.io_error");
    ASSERT_TRUE(sim.guest->stop_load(1s));
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.observe(), Presence::absent);
    EXPECT_EQ(sim.residue(), Presence::active);
    ASSERT_TRUE(sim.heal());
    EXPECT_EQ(sim.residue(), Presence::absent);
}

TEST(StorageIoError, IsForDisksWithAServerOnly) {
    auto plain = vm_with_disk();
    plain.disks[0].backing = "file";
    InjectorFixture sim("storage.io_error", plain);
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::not_found);
}

TEST(StorageIoError, IsRefusedTwiceAtATime) {
    InjectorFixture sim("storage.io_error");
    ASSERT_TRUE(sim.prepare());
    ASSERT_TRUE(sim.inject());
    EXPECT_EQ(sim.prepare().error().kind, ErrorKind::refused);
}

}  // namespace
}  // namespace ordeal
