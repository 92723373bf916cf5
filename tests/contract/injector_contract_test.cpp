#include "core/schema.hpp"
#include "tests/injectors/injector_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <string>

/// What every injector of the catalogue owes the runner, against the simulated world.
namespace ordeal {
namespace {

using namespace std::chrono_literals;

using Row = CatalogueRow<Injector>;

EntryInfo info_of(const Row& row) {
    Diagnostics wrong;
    const auto info = parse_schema(EntryRole::fault, row.kind, row.toml, wrong);
    EXPECT_EQ(to_text(wrong), "");
    return info.value_or(EntryInfo{});
}

class InjectorContract : public testing::TestWithParam<Row> {
  protected:
    [[nodiscard]] std::string undo() const { return info_of(GetParam()).undo; }

    /// It stays until somebody heals it; a lease passes by itself.
    [[nodiscard]] bool stays() const { return undo() != "none" && undo() != "lease"; }

    void order_all(Deed deed) {
        sim_.world.mishaps() = {.signals = deed,
                                .libvirt = deed,
                                .services = deed,
                                .guest_faults = deed,
                                .power = deed,
                                .commands = deed,
                                .network = deed,
                                .storage = deed};
    }

    void activate() {
        ASSERT_TRUE(sim_.prepare());
        ASSERT_TRUE(sim_.inject());
        ASSERT_EQ(sim_.observe(), Presence::active);
    }

    /// All of the world that a fault could change.
    std::string snapshot() {
        std::ostringstream text;
        const auto qemu = sim_.host->qemu_process("vm").value();
        const auto libvirtd = sim_.host->service_process("libvirtd").value();
        text << qemu.pid << sim_.host->process_status(qemu)->state << " " << libvirtd.pid
             << sim_.host->process_status(libvirtd)->state << " " << name_of(sim_.libvirt().state)
             << " " << sim_.vm().agent_answers() << " " << sim_.vm().network_answers() << " "
             << sim_.vm().load_runs() << " "
             << sim_.testbed.storage().server({"n1", "vm", "data"}).value()->pid;
        return text.str();
    }

    InjectorFixture sim_{GetParam().kind};
};

TEST_P(InjectorContract, HasASchemaThatSaysWhatItIs) {
    const auto info = info_of(GetParam());
    EXPECT_EQ(info.kind, GetParam().kind);
    EXPECT_TRUE(info.summary.ends_with("."));
    EXPECT_TRUE(info.target == "domain" || info.target == "host");
    EXPECT_TRUE(info.blast == "domain" || info.blast == "host");
    EXPECT_FALSE(info.undo.empty());
    EXPECT_NE(info.details.find("Activation: "), std::string::npos) << "say how it is proven";
}

TEST_P(InjectorContract, PrepareChangesNothing) {
    const auto before = snapshot();
    ASSERT_TRUE(sim_.prepare());
    sim_.pass(100ms);
    EXPECT_EQ(snapshot(), before);
    EXPECT_FALSE(sim_.fault.undo.empty());
}

TEST_P(InjectorContract, IsActiveAfterTheInjectionAndNotBefore) {
    ASSERT_TRUE(sim_.prepare());
    EXPECT_NE(sim_.observe(), Presence::active);
    ASSERT_TRUE(sim_.inject());
    EXPECT_EQ(sim_.observe(), Presence::active);
}

TEST_P(InjectorContract, UncoversAnInjectionThatDidNothing) {
    ASSERT_TRUE(sim_.prepare());
    order_all(Deed::does_nothing);
    ASSERT_TRUE(sim_.inject());
    EXPECT_NE(sim_.observe(), Presence::active);
}

TEST_P(InjectorContract, ReportsARefusedInjection) {
    ASSERT_TRUE(sim_.prepare());
    order_all(Deed::fails);
    EXPECT_FALSE(sim_.inject());
    EXPECT_NE(sim_.observe(), Presence::active);
}

TEST_P(InjectorContract, IsNotActiveInAWorldThatDoesNotAnswer) {
    ASSERT_TRUE(sim_.prepare());
    sim_.world.mishaps() = {.libvirt_hangs = true, .agent_silent = true, .blind = true};
    EXPECT_NE(sim_.observe(), Presence::active);
}

TEST_P(InjectorContract, HealsInAFreshProcessAndIsSeenToBeGone) {
    activate();
    const bool lives = sim_.vm().qemu().has_value();
    ASSERT_TRUE(sim_.heal());
    EXPECT_EQ(sim_.residue(), Presence::absent);
    if (undo() != "none" && lives) {
        sim_.pass(1s);
        EXPECT_EQ(sim_.libvirt().state, DomainState::running);
        EXPECT_TRUE(sim_.guest->ping(100ms));
    }
}

TEST_P(InjectorContract, HealsTwiceBeforeTheInjectionAndAfterTheTrialWasStopped) {
    ASSERT_TRUE(sim_.prepare());
    const auto before = snapshot();
    EXPECT_TRUE(sim_.heal());
    EXPECT_EQ(snapshot(), before);
    ASSERT_TRUE(sim_.inject());
    ASSERT_EQ(sim_.observe(), Presence::active);
    sim_.stop.request_stop();
    EXPECT_TRUE(sim_.heal());
    EXPECT_TRUE(sim_.heal());
    EXPECT_EQ(sim_.residue(), Presence::absent);
}

TEST_P(InjectorContract, HealsWhenTheDomainEndedMeanwhile) {
    activate();
    sim_.vm().destroy();
    sim_.pass(1s);
    EXPECT_TRUE(sim_.heal());
    EXPECT_EQ(sim_.residue(), Presence::absent);
}

TEST_P(InjectorContract, UncoversAHealingThatDidNothing) {
    activate();
    order_all(Deed::does_nothing);
    static_cast<void>(sim_.heal());  // one that looks may say that it did not help
    if (undo() != "lease") {
        EXPECT_EQ(sim_.residue(), stays() ? Presence::active : Presence::absent);
    }
}

TEST_P(InjectorContract, ReportsAHealingThatWasRefused) {
    activate();
    order_all(Deed::fails);
    const auto healed = sim_.heal();
    if (undo() != "lease") {
        EXPECT_EQ(healed.has_error(), stays());
        EXPECT_EQ(sim_.residue(), stays() ? Presence::active : Presence::absent);
    }
}

TEST_P(InjectorContract, DoesNotTakeSilenceForTheAbsenceOfResidue) {
    activate();
    ASSERT_TRUE(sim_.heal());
    sim_.world.mishaps() = {.libvirt_hangs = true, .blind = true};
    EXPECT_EQ(sim_.residue(), Presence::unknown);
}

TEST_P(InjectorContract, EachStepEndsByItsDeadlineInAWorldThatHangs) {
    ASSERT_TRUE(sim_.prepare());
    sim_.world.mishaps() = {.libvirt_hangs = true, .agent_silent = true};
    const auto timed = [&](auto step) {
        const auto begin = sim_.scheduler.now();
        static_cast<void>(step());
        return sim_.scheduler.now() - begin;
    };
    EXPECT_LE(timed([&] { return sim_.inject(); }), InjectorFixture::step_deadline);
    EXPECT_LE(timed([&] { return sim_.look(); }), InjectorFixture::step_deadline);
    EXPECT_LE(timed([&] { return sim_.heal(); }), InjectorFixture::step_deadline);
    EXPECT_LE(timed([&] { return sim_.residue(); }), InjectorFixture::step_deadline);
}

std::string name_of_row(const testing::TestParamInfo<Row>& row) {
    std::string name(row.param.kind);
    std::ranges::replace(name, '.', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Catalogue,
                         InjectorContract,
                         testing::ValuesIn(injectors::catalogue().begin(),
                                           injectors::catalogue().end()),
                         name_of_row);

}  // namespace
}  // namespace ordeal
