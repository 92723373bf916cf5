#include "reports/deciders.hpp"

#include "testbed/cache.hpp"
#include "testbed/lab_testbed.hpp"
#include "testbed/thread_scheduler.hpp"
#include "tests/live/needs.hpp"

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <unistd.h>
#include <vector>

// The real programs that act on libvirt's word, asked of a domain in each state, against the rules
// that reports/deciders.hpp says they follow. The domain has no operating system: nobody here looks
// into it.

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto deadline = 60s;
constexpr auto domain = "subject";

constexpr auto domain_definition = R"(<domain type='qemu'>
  <name>subject</name>
  <memory unit='MiB'>16</memory>
  <os><type arch='x86_64' machine='q35'>hvm</type></os>
  <on_crash>preserve</on_crash>
  <devices>
    <controller type='usb' model='none'/>
    <memballoon model='none'/>
    <panic model='isa'/>
  </devices>
</domain>)";

fs::path unpacked() {
    return cache_directory() / "unpacked";
}

class LiveDeciders : public testing::Test {
  protected:
    void SetUp() override {
        const auto need =
            missing_need({unpacked() / "usr/lib/ocf/resource.d/heartbeat/VirtualDomain",
                          unpacked() / "usr/sbin/fence_virsh",
                          unpacked() / "usr/lib/python3/dist-packages/pexpect",
                          "/usr/bin/virsh",
                          "/usr/bin/ssh",
                          "/usr/bin/python3"});
        if (!need.empty()) {
            GTEST_SKIP() << need;
        }
        name_ = "deciders-" + std::to_string(::getpid());
        auto up = Lab::up({.name = name_});
        ASSERT_TRUE(up) << up.error().text();
        lab_.emplace(std::move(*up));
        auto opened = LabTestbed::open({.lab = name_, .accelerator = Accelerator::tcg}, scheduler_);
        ASSERT_TRUE(opened) << opened.error().text();
        testbed_ = std::move(*opened);
        host_ = *testbed_->host("n1");
    }

    void TearDown() override {
        testbed_.reset();
        if (lab_) {
            EXPECT_TRUE(lab_->down());
        }
    }

    HostOutput shell(const std::string& line) {
        auto output = host_->run({"sh", "-c", "export HOME=/run/ordeal/root; " + line}, deadline);
        EXPECT_TRUE(output) << line << ": " << output.error().text();
        return output ? *output : HostOutput{.exit_code = -1};
    }

    void must(const std::string& line) {
        const auto output = shell(line);
        EXPECT_EQ(output.exit_code, 0) << line << "\n" << output.err;
    }

    /// `[ "$(virsh domstate VM)" = running ] || virsh start VM`, without the start.
    std::string script() {
        const auto line = std::string("[ \"$(virsh domstate ") + domain + ")\" = running ]";
        return shell(line).exit_code == 0 ? "alive" : "dead";
    }

    /// Exit codes of the OCF resource agent API: 0 running, 7 not running, others are errors, of
    /// which Pacemaker restarts the resource as well.
    std::string virtual_domain() {
        const auto root = (unpacked() / "usr/lib/ocf").string();
        const auto output =
            shell("OCF_ROOT=" + root +
                  " OCF_RESOURCE_INSTANCE=subject OCF_RESKEY_config=/run/ordeal/subject.xml"
                  " OCF_RESKEY_hypervisor=qemu:///system OCF_RESKEY_autoset_utilization_cpu=false"
                  " OCF_RESKEY_autoset_utilization_hv_memory=false"
                  " OCF_RESKEY_autoset_utilization_host_memory=false HA_VARRUN=/run/ "
                  "HA_RSCTMP=/run/ordeal"
                  " __OCF_ACTION=monitor timeout 30 " +
                  root + "/resource.d/heartbeat/VirtualDomain monitor");
        EXPECT_NE(output.exit_code, 124) << "it never came to a conclusion";
        return output.exit_code == 0 ? "alive" : "dead";
    }

    /// 0 is on, 2 is off; others: it could not find out.
    std::string fence_virsh() {
        const auto root = unpacked().string();
        const auto output =
            shell("PYTHONPATH=" + root + "/usr/share/fence:" + root +
                  "/usr/lib/python3/dist-packages timeout 50 python3 " + root +
                  "/usr/sbin/fence_virsh -a n1 -l root -x -k /run/ordeal/root/.ssh/id_ed25519 -n " +
                  domain + " -o status");
        return output.exit_code == 0 ? "alive" : output.exit_code == 2 ? "dead" : "unknown";
    }

    void compare(std::optional<bool> process) {
        const auto status = host_->hypervisor().state(domain);
        const std::string state = status ? std::string(name_of(status->state)) : "";
        const std::map<std::string, std::string> real{{"script.domstate", script()},
                                                      {"pacemaker.virtualdomain", virtual_domain()},
                                                      {"fence_virsh.status", fence_virsh()}};
        for (const auto& rules : reports::deciders()) {
            EXPECT_EQ(real.at(std::string(rules.name)), rules.conclude({state, process}))
                << rules.name << " of a domain that is " << (state.empty() ? "unknown" : state);
        }
        states_.push_back(state);
    }

    ThreadScheduler scheduler_;
    std::string name_;
    std::optional<Lab> lab_;
    std::unique_ptr<LabTestbed> testbed_;
    Host* host_ = nullptr;
    std::vector<std::string> states_;
};

TEST_F(LiveDeciders, FollowTheRulesThatWeSayTheyFollow) {
    must(std::string("cat >/run/ordeal/define.xml <<'END'\n") + domain_definition +
         "\nEND\nvirsh define /run/ordeal/define.xml && virsh start subject && "
         "virsh dumpxml subject >/run/ordeal/subject.xml");
    compare(true);
    must("virsh suspend subject");
    compare(true);
    must("virsh resume subject");
    // As a guest's driver does it: https://www.qemu.org/docs/master/specs/pvpanic.html
    must(
        "virsh qemu-monitor-command --hmp subject 'o /b 0x505 1' && "
        "timeout 30 sh -c 'until virsh domstate subject | grep -q crashed; do :; done'");
    compare(true);
    must("virsh destroy subject");
    compare(false);
    must("virsh undefine subject");
    compare(false);
    EXPECT_EQ(
        states_,
        (std::vector<std::string>{"running", "paused", "crashed", "shut off", "not defined"}));
}

}  // namespace
}  // namespace ordeal
