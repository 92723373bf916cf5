#pragma once

#include "testbed/cache.hpp"
#include "testbed/domain_xml.hpp"
#include "testbed/lab/lab.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/namespaces.hpp"
#include "testbed/process.hpp"
#include "tests/live/needs.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

namespace ordeal::live {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

inline constexpr auto patience = 120s;

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto found = text.find(from);
    EXPECT_NE(found, text.npos) << from;
    return found == text.npos ? text : text.replace(found, from.size(), to);
}

/// A node of the lab taken for a real host: the program knows it by a testbed file alone, and comes
/// by libvirt over ssh, by ssh and by IPMI to a domain that plain virsh has made.
class LiveRealSite : public ::testing::Test {
  protected:
    void SetUp() override {
        if (const auto need = missing_need(
                {"/usr/bin/ipmitool", cache_directory() / "unpacked/usr/bin/ipmi_sim"});
            !need.empty()) {
            GTEST_SKIP() << need;
        }
        auto lab = Lab::up({.name = name_, .nodes = 1, .deadline = patience});
        ASSERT_TRUE(lab) << lab.error().text();
        lab_.emplace(std::move(*lab));
        fs::create_directories(folder_);
        ASSERT_TRUE(run_or_fail({"truncate", "-s", "64M", image_.string()}));
        ASSERT_TRUE(run_or_fail({"mke2fs", "-q", "-F", "-t", "ext3", image_.string()}));
        std::ofstream(console_).flush();
        const auto lab_files = lab_->directory().string();
        std::ofstream(folder_ / "ssh")
            << "#!/bin/sh\nexec ssh -F none -o BatchMode=yes -o UserKnownHostsFile=" << lab_files
            << "/known_hosts -o IdentitiesOnly=yes -i " << lab_files << "/client_key \"$@\"\n";
        fs::permissions(folder_ / "ssh", fs::perms::owner_all);
        fs::create_directories(node().outside("/run/ordeal/agents"));
        define("<target xmlns='https://ordeal.dev/xmlns/target/1'/>");
        virsh("start canary");
    }

    void TearDown() override {
        if (lab_) {
            const auto down = lab_->down();
            EXPECT_TRUE(down) << down.error().text();
        }
        fs::remove_all(folder_);
    }

    const LabNode& node() const { return lab_->nodes().front(); }

    /// Of the guest of the domain.
    virtual fs::path initramfs() { return cache_directory() / "guest/current/initramfs"; }

    void define(const std::string& opt_in) {
        const auto guest = cache_directory() / "guest/current";
        const DomainPlace place{.name = "canary",
                                .accelerator = Accelerator::tcg,
                                .kernel = guest / "vmlinuz",
                                .initramfs = initramfs(),
                                .disks = {{.image = image_, .file = image_}},
                                .console = console_,
                                .agent_socket = "/run/ordeal/agents/canary.sock",
                                .bridge = "guest",
                                .mac = "52:54:4d:00:00:51",
                                .address = "10.77.1.81/16",
                                .gateway = node().address(Plane::guest),
                                .heartbeat = rack_address(Plane::guest) + ":7701",
                                .directory = folder_};
        const auto xml = domain_xml({.name = "canary", .disks = {{.name = "data"}}}, place);
        const std::string uuid = "<uuid>6f3c1b1e-0000-4000-8000-0000000000aa</uuid>";
        std::ofstream(folder_ / "canary.xml")
            << replaced(xml, "<metadata>", uuid + "<metadata>" + opt_in);
        virsh("define " + (folder_ / "canary.xml").string());
    }

    /// Takes the mark from the domain as it runs, too.
    void opt_out() {
        virsh("metadata canary https://ordeal.dev/xmlns/target/1 --remove --live --config");
    }

    std::string virsh(const std::string& words) {
        const auto said =
            run({"sh", "-c", "virsh -q " + words},
                {.deadline = patience, .inside = static_cast<pid_t>(node().init().pid)});
        EXPECT_TRUE(said && said->exit.success()) << words << (said ? said->err : "");
        return said ? said->out : "";
    }

    /// The testbed file of the site.
    std::string site() const {
        const auto lab = lab_->directory().string();
        std::ostringstream text;
        text << "[testbed]\nname = \"" << name_ << "\"\nheartbeat = \""
             << rack_address(Plane::guest) << ":7701\"\n[[host]]\nname = \"n1\"\ntarget = true\n"
             << "libvirt = \"qemu+ssh://root@" << node().address()
             << "/system?command=" << (folder_ / "ssh").string() << "\"\n"
             << "sysrq_trigger = \"/run/ordeal/sysrq\"\n[host.ssh]\naddress = \""
             << node().address() << "\"\nkey = \"" << lab << "/client_key\"\nknown_hosts = \""
             << lab << "/known_hosts\"\n[host.bmc]\naddress = \"" << power_address(1)
             << "\"\nuser = \"ordeal\"\npassword = \"file:" << lab
             << "/power_password\"\ncipher_suite = 3\n[host.planes]\nmanagement = \""
             << node().address() << "\"\nstorage = \"" << node().address(Plane::storage)
             << "\"\nguest = \"" << node().address(Plane::guest)
             << "\"\n[host.devices]\nstorage = \"storage\"\n"
             << "guest = \"uplink\"\n[[target]]\nname = \"vm\"\n"
             << "domain = \"canary\"\nhost = \"n1\"\nguest = \"agent\"\n"
             << "agent_socket = \"/run/ordeal/agents/canary.sock\"\nconsole = \""
             << console_.string() << "\"\naddress = \"10.77.1.81\"\n[[target.disk]]\n"
             << "name = \"data\"\nmount = \"/data\"\nfilesystem = \"ext3\"\nimage = \""
             << image_.string() << "\"\n";
        return text.str();
    }

    /// Runs the program where the controller of a real site would stand.
    Output ordeal(const std::string& site, std::vector<std::string> words) {
        const auto file = folder_ / "site.toml";
        std::ofstream(file, std::ios::trunc) << site;
        Argv argv{"nsenter",
                  "--net=/proc/" + std::to_string(lab_->rack().pid) + "/ns/net",
                  ORDEAL_PROGRAM};
        words.insert(words.begin() + 1, {"--testbed", file.string()});
        argv.insert(argv.end(), words.begin(), words.end());
        const auto output = run(argv, {.deadline = 280s, .cwd = folder_});
        EXPECT_TRUE(output) << output.error().text();
        return output ? *output : Output{};
    }

    /// A shipped experiment, changed: each text by what follows it.
    std::string experiment(const std::string& name,
                           const std::vector<std::pair<std::string, std::string>>& changes) const {
        std::ifstream shipped(fs::path(ORDEAL_SOURCE_DIR) / "experiments" / (name + ".toml"));
        std::string text{std::istreambuf_iterator(shipped), {}};
        for (const auto& [from, to] : changes) {
            text = replaced(text, from, to);
        }
        const auto file = folder_ / fs::path(name + ".toml").filename();
        std::ofstream(file) << text;
        return file.string();
    }

    /// With time for a busy machine.
    std::string kill_qemu() const {
        return experiment("quickstart/kill-qemu",
                          {{"deadline = \"90s\"", "deadline = \"10min\""},
                           {"within = \"2s\"", "within = \"60s\""},
                           {"within = \"30s\"", "within = \"10min\""}});
    }

    const std::string name_ = "real-" + std::to_string(::getpid());
    const fs::path folder_ = fs::temp_directory_path() / ("ordeal-" + name_);
    const fs::path image_ = folder_ / "data.img";
    const fs::path console_ = folder_ / "canary.console";
    std::optional<Lab> lab_;
};

/// Whole trials, which take minutes where many share the processors.
class LongLiveRealSite : public LiveRealSite {
  protected:
    void SetUp() override {
        if (std::getenv("ORDEAL_LONG_TESTS") == nullptr) {
            GTEST_SKIP() << "needs ORDEAL_LONG_TESTS=1 in the environment";
        }
        LiveRealSite::SetUp();
    }
};

/// What a controller at the site does, in its network.
template <class Work>
void at_the_site(const Lab& lab, Work work) {
    const auto done = inside_namespaces(static_cast<pid_t>(lab.rack().pid), Namespaces::net, [&] {
        work();
        return ok();
    });
    EXPECT_TRUE(done) << done.error().text();
}

}  // namespace ordeal::live
