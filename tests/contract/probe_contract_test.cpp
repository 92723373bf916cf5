#include "core/schema.hpp"
#include "tests/probes/probe_fixture.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

/// What every probe of the catalogue owes the runner, against the simulated world.
namespace ordeal {
namespace {

using namespace std::chrono_literals;

using ProbeRow = CatalogueRow<Probe>;

class ProbeContract : public testing::TestWithParam<ProbeRow> {
  protected:
    [[nodiscard]] Duration interval() const { return sim_.params.get<Duration>("interval"); }

    [[nodiscard]] const Notebook& notebook() const { return sim_.notebook; }

    ProbeFixture sim_{GetParam().kind};
};

TEST_P(ProbeContract, HasASchemaThatSaysWhatAliveMeans) {
    Diagnostics wrong;
    const auto info = parse_schema(EntryRole::probe, GetParam().kind, GetParam().toml, wrong);
    ASSERT_TRUE(info) << to_text(wrong);
    EXPECT_TRUE(info->summary.ends_with("."));
    EXPECT_NE(info->details.find("Alive: "), std::string::npos);
    EXPECT_NE(info->details.find("Dead: "), std::string::npos);
    EXPECT_GT(interval(), 0ms);
}

TEST_P(ProbeContract, CallsAHealthyDomainAliveForAMinuteWithoutAFalseAlarm) {
    const auto settled = sim_.watch_a_while();
    EXPECT_EQ(notebook().opinion(), Opinion::alive);
    sim_.pass(60s);
    EXPECT_EQ(notebook().first(Opinion::dead, {}), Instant::max());
    EXPECT_EQ(notebook().first(Opinion::unknown, settled), Instant::max());
    EXPECT_TRUE(notebook().errors.empty());
}

TEST_P(ProbeContract, SpeaksOftenWhateverHappens) {
    sim_.watch_a_while();
    ASSERT_TRUE(sim_.host->signal(*sim_.host->qemu_process("vm"), Signal::kill));
    sim_.pass(10s);
    auto last = notebook().remarks.front().at;
    for (const auto& remark : notebook().remarks) {
        EXPECT_LE(remark.at - last, 2 * interval());
        last = remark.at;
    }
    EXPECT_LE(sim_.scheduler.now() - last, 2 * interval());
}

TEST_P(ProbeContract, StopsWithinAnIntervalWhateverHappens) {
    for (const bool dead : {false, true}) {
        if (dead) {
            sim_.vm().hang();
        }
        for (Duration phase = 0ms; phase < 200ms; phase += 13ms) {
            sim_.watch();
            sim_.pass(phase);
            const auto begin = sim_.scheduler.now();
            sim_.stop_watching();
            EXPECT_LE(sim_.scheduler.now() - begin, interval());
        }
    }
}

TEST_P(ProbeContract, DoesNotCallAliveWhatItCannotAsk) {
    for (const auto& mishaps : {SimMishaps{.libvirt_hangs = true}, SimMishaps{.blind = true}}) {
        ProbeFixture sim(GetParam().kind);
        sim.world.mishaps() = mishaps;
        sim.watch();
        sim.pass(30s);
        if (!sim.notebook.errors.empty()) {
            EXPECT_EQ(sim.notebook.opinion(), Opinion::unknown);
            EXPECT_EQ(sim.notebook.first(Opinion::alive, {}), Instant::max());
        }
        const bool asks_libvirt = GetParam().kind.starts_with("libvirt.");
        const bool reads_processes = GetParam().kind.starts_with("qemu.");
        EXPECT_EQ(sim.notebook.errors.empty(), mishaps.blind ? !reads_processes : !asks_libvirt);
    }
}

TEST_P(ProbeContract, SawNoLifeAfterTheEndOfQemu) {
    const auto death = sim_.watch_a_while();
    ASSERT_TRUE(sim_.host->signal(*sim_.host->qemu_process("vm"), Signal::kill));
    sim_.pass(5s);
    for (const auto& remark : notebook().remarks) {
        // libvirt itself needs some milliseconds to know.
        EXPECT_LE(remark.last_seen.value_or(Instant{}), death + 25ms) << remark.detail;
    }
}

TEST_P(ProbeContract, SaysItBrieflyAndSteadily) {
    const auto settled = sim_.watch_a_while();
    sim_.pass(20s);
    std::string detail;
    for (const auto& remark : notebook().remarks) {
        EXPECT_FALSE(remark.detail.empty());
        EXPECT_LT(remark.detail.size(), 60U);
        if (remark.at > settled) {
            // A detail that changes all the time would be recorded all the time.
            EXPECT_TRUE(detail.empty() || detail == remark.detail) << remark.detail;
            detail = remark.detail;
        }
    }
}

std::string name_of_probe(const testing::TestParamInfo<ProbeRow>& row) {
    std::string name(row.param.kind);
    std::ranges::replace(name, '.', '_');
    return name;
}

INSTANTIATE_TEST_SUITE_P(Catalogue,
                         ProbeContract,
                         testing::ValuesIn(probes::catalogue().begin(), probes::catalogue().end()),
                         name_of_probe);

}  // namespace
}  // namespace ordeal
