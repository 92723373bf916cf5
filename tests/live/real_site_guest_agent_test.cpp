#include "tests/live/real_site.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace ordeal::live {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

const fs::path guest_agent = cache_directory() / "unpacked/usr/sbin/qemu-ga";

/// The guest has QEMU's own agent, with the libraries that the loader finds.
class LongLiveGuestAgent : public LongLiveRealSite {
  protected:
    void SetUp() override {
        if (!fs::exists(guest_agent)) {
            GTEST_SKIP() << "needs " << guest_agent;
        }
        LongLiveRealSite::SetUp();
    }

    fs::path initramfs() override {
        const auto made = folder_ / "initramfs";
        // The kernel unpacks one archive after the other.
        const std::string script = R"sh(set -e
            root=$1/root
            mkdir -p "$root/bin"
            cp -L "$2" "$root/bin/qemu-ga"
            ldd "$2" | grep -o '/[^ ]*' | while read -r file; do
                mkdir -p "$root$(dirname "$file")"
                cp -L "$file" "$root$file"
            done
            cp -L "$3" "$4"
            cd "$root"
            find . | cpio --quiet -o -H newc -R 0:0 >>"$4")sh";
        EXPECT_TRUE(run_or_fail({"bash",
                                 "-c",
                                 script,
                                 "bash",
                                 folder_.string(),
                                 guest_agent.string(),
                                 LongLiveRealSite::initramfs().string(),
                                 made.string()},
                                {.deadline = patience}));
        return made;
    }

    /// How many outages this observer noticed, by the report.
    int noticed(const std::string& observer) const {
        std::ifstream file(folder_ / "run/report.json");
        const auto report = nlohmann::json::parse(file, nullptr, false);
        for (const auto& each : report.at("cells").at(0).at("observers")) {
            if (each.at("observer") == observer) {
                return each.at("noticed").get<int>();
            }
        }
        return -1;
    }
};

TEST_F(LongLiveGuestAgent, IsADoorToAGuestThatHasNoOtherAgent) {
    const auto with_agent = replaced(site(), "guest = \"agent\"", "guest = \"guest-agent\"");
    const auto wanted =
        experiment("quickstart/kill-qemu",
                   {{"deadline = \"90s\"", "deadline = \"10min\""},
                    {"within = \"2s\"", "within = \"60s\""},
                    {"within = \"30s\"", "within = \"10min\""},
                    {"[[probe]]\n", "[[probe]]\nkind = \"libvirt.guest_agent\"\n\n[[probe]]\n"}});
    const auto ran = ordeal(
        with_agent,
        {"run", wanted, "--trials", "1", "--seed", "5", "--out", (folder_ / "run").string()});
    EXPECT_EQ(ran.exit.code, 3) << "no load, so that nothing can be said of writes: " << ran.out;
    EXPECT_THAT(ran.err,
                AllOf(HasSubstr("observer agent.heartbeat of vm: none"),
                      Not(HasSubstr("observer libvirt.guest_agent of vm: none")),
                      HasSubstr("check no_acked_write_lost: inconclusive")));
    EXPECT_EQ(noticed("libvirt.guest_agent"), 1) << ran.out << ran.err;
    EXPECT_EQ(virsh("domstate canary"), "running\n");
}

}  // namespace
}  // namespace ordeal::live
