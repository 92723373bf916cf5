#include "campaign/site_fit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fmt/ranges.h>

namespace ordeal {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::filesystem::path source = ORDEAL_SOURCE_DIR;

class SiteFit : public ::testing::Test {
  protected:
    SiteFit() {
        auto read = load_site(source / "docs/examples/sample-site.toml", out);
        EXPECT_EQ(to_text(out), "");
        site = std::move(read).value();
    }

    Definition load(const std::string& experiment) {
        auto definition = load_definition(source / "experiments" / experiment, kinds, out);
        EXPECT_EQ(to_text(out), "");
        return std::move(definition).value();
    }

    std::vector<std::string> fit(Definition& definition) {
        return fit_to_site(definition, site, kinds, out);
    }

    SiteTarget& target() { return site.targets.front(); }

    const KindLibrary kinds = builtin_kinds().value();
    Site site;
    Diagnostics out;
};

TEST_F(SiteFit, EveryExperimentOfSitesFitsTheSample) {
    int seen = 0;
    for (const auto& entry : std::filesystem::directory_iterator(source / "experiments/site")) {
        if (entry.path().extension() == ".toml") {
            auto definition = load("site/" + entry.path().filename().string());
            static_cast<void>(fit(definition));
            EXPECT_EQ(to_text(out), "") << entry.path();
            ++seen;
        }
    }
    EXPECT_GT(seen, 0);
}

TEST_F(SiteFit, RefusesWhatTheFileDoesNotPermit) {
    auto definition = load("site/host-power-cut.toml");
    site.hosts.front().target = false;
    static_cast<void>(fit(definition));
    EXPECT_THAT(to_text(out),
                AllOf(HasSubstr(":10: error: testbed \"sample-site\" permits "
                                "no faults of host \"n1\""),
                      HasSubstr("target = \"n1\""),
                      HasSubstr("^")));
    out.clear();
    target().name = "mv";
    static_cast<void>(fit(definition));
    EXPECT_THAT(to_text(out), AllOf(HasSubstr("permits no target \"vm\""), HasSubstr("\"mv\"")));
    out.clear();
    target().name = "vm";
    target().host = "n2";
    static_cast<void>(fit(definition));
    EXPECT_THAT(to_text(out), HasSubstr("target \"vm\" is on host \"n2\""));
}

TEST_F(SiteFit, RefusesWhatOnlyTheLabCanDo) {
    auto recorded = load("crash/crash-ext3.toml");
    static_cast<void>(fit(recorded));
    EXPECT_THAT(to_text(out), HasSubstr("is to be recorded, which only the lab can"));
    out.clear();
    target().name = "writer";
    auto bare = load("evaluation-2010/filesystem.toml");
    static_cast<void>(fit(bare));
    EXPECT_THAT(to_text(out), HasSubstr("is a bare machine, which only the lab has"));
}

TEST_F(SiteFit, KeepsAllThatAnAgentMakesVisible) {
    auto definition = load("quickstart/kill-qemu.toml");
    target().disks.front().image = "/dev/vg/canary";
    const auto before = definition.cells.front();
    const auto notes = fit(definition);
    const auto& cell = definition.cells.front();
    EXPECT_EQ(cell.loads.size(), before.loads.size());
    EXPECT_EQ(cell.probes.size(), before.probes.size());
    EXPECT_EQ(cell.domains.front().disks.size(), before.domains.front().disks.size());
    EXPECT_EQ(cell.domains.front().host, "n1");
    for (const auto& note : notes) {
        EXPECT_THAT(note, Not(HasSubstr("inconclusive")));
    }
}

TEST_F(SiteFit, SaysWhatIsNotSeenOfAGuestWithoutAgentAndWhichChecksItCosts) {
    auto definition = load("quickstart/kill-qemu.toml");
    target().guest = SiteGuest::nothing;
    target().console.clear();
    const auto notes = fit(definition);
    EXPECT_EQ(to_text(out), "");
    const auto& cell = definition.cells.front();
    EXPECT_THAT(cell.loads, IsEmpty());
    EXPECT_THAT(cell.domains.front().disks, IsEmpty());
    const auto watches = [&](const char* kind) {
        return std::ranges::find(cell.probes, kind, &ProbeSpec::kind) != cell.probes.end();
    };
    EXPECT_FALSE(watches("agent.heartbeat"));
    EXPECT_FALSE(watches("network.heartbeat"));
    EXPECT_FALSE(watches("load.progress"));
    EXPECT_FALSE(watches("console.watch"));
    EXPECT_TRUE(watches("network.ping"));
    EXPECT_TRUE(watches("libvirt.state"));
    EXPECT_THAT(notes,
                Contains("observer agent.heartbeat of vm: none: ordeal's agent is not in the "
                         "guest"));
    EXPECT_THAT(notes, Contains(HasSubstr("check no_acked_write_lost: inconclusive")));
    EXPECT_THAT(notes, Contains(HasSubstr("check filesystem_sound: inconclusive")));
}

TEST_F(SiteFit, SaysWhichFaultsCannotActThere) {
    auto power = load("site/host-power-cut.toml");
    site.hosts.front().bmc.reset();
    EXPECT_THAT(fit(power),
                Contains(HasSubstr("it cannot act, so that its trials are inconclusive: "
                                   "the host has no [host.bmc]")));
    auto cut = load("site/management-partition.toml");
    site.hosts.front().devices.clear();
    EXPECT_THAT(fit(cut), Contains(HasSubstr("the host has no [host.devices]")));
    site.hosts.front().devices = {{Plane::management, "eno1"}};
    EXPECT_THAT(fit(cut), Not(Contains(HasSubstr("it cannot act"))));
    auto errors = load("site/storage-io-error.toml");
    EXPECT_THAT(fit(errors), Contains(HasSubstr("a disk that ordeal serves itself")));
    EXPECT_EQ(to_text(out), "");
}

}  // namespace
}  // namespace ordeal
