#include "core/service.hpp"
#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

using Names = std::vector<std::string>;

std::vector<Ownership> owners_in(const Notebook& notebook) {
    return ownership_of(History(notebook.notes));
}

TEST(ServiceOwner, SaysDeadWhenThreeQuestionsWereNotAnswered) {
    ProbeFixture sim("service.owner");
    const auto struck = sim.watch_a_while();
    sim.vm().hang();
    sim.pass(2s);
    const auto latency = sim.notebook.first(Opinion::dead, struck) - struck;
    EXPECT_GE(latency, 400ms);
    EXPECT_LE(latency, 800ms);
    EXPECT_EQ(owners_in(sim.notebook).back().owners, Names{});
}

TEST(ServiceOwner, TellsOfATakeoverAndItsAnnouncement) {
    ProbeFixture sim("service.owner", {.name = "vm"}, {"n1", "n2"});
    sim.add_member("vn");
    const auto struck = sim.watch_a_while();
    ASSERT_TRUE(sim.host->signal(*sim.host->qemu_process("vm"), Signal::kill));
    sim.pass(5s);
    const auto stretches = owners_in(sim.notebook);
    ASSERT_EQ(stretches.size(), 3U);
    EXPECT_EQ(stretches[0].owners, Names{"vm"});
    EXPECT_EQ(stretches[1].owners, Names{});
    EXPECT_EQ(stretches[2].owners, Names{"vn"});
    EXPECT_NEAR(seconds(stretches[2].from - struck), 0.5, 0.41);
    const auto claim = std::ranges::find_if(sim.notebook.notes, [&](const Event& note) {
        return note.kind == event::service_claim && note.at > struck;
    });
    ASSERT_NE(claim, sim.notebook.notes.end());
    EXPECT_EQ(claim->data.get<std::string>("owner"), "vn");
}

TEST(ServiceOwner, SeesTwoWhenOneComesBackThatWasOnlyFrozen) {
    ProbeFixture sim("service.owner", {.name = "vm"}, {"n1", "n2"});
    sim.add_member("vn");
    sim.watch_a_while();
    const auto qemu = *sim.host->qemu_process("vm");
    ASSERT_TRUE(sim.host->signal(qemu, Signal::stop));
    sim.pass(2s);
    ASSERT_EQ(owners_in(sim.notebook).back().owners, Names{"vn"});
    ASSERT_TRUE(sim.host->signal(qemu, Signal::cont));
    sim.pass(700ms);
    EXPECT_EQ(sim.notebook.remarks.back().detail, "vm and vn have it");
    sim.pass(3s);
    EXPECT_EQ(owners_in(sim.notebook).back().owners, Names{"vn"});
}

TEST(ServiceOwner, NamesAStrangerByItsHardwareAddress) {
    ProbeFixture sim("service.owner");
    sim.service.members.clear();
    sim.watch_a_while();
    EXPECT_EQ(owners_in(sim.notebook).back().owners, Names{sim_mac("vm")});
}

}  // namespace
}  // namespace ordeal
