#include "testbed/lab/lab.hpp"

#include "testbed/cache.hpp"
#include "testbed/namespaces.hpp"
#include "testbed/process.hpp"
#include "testbed/procfs.hpp"
#include "testbed/ssh.hpp"
#include "testbed/wait.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

std::string said(const Argv& argv) {
    // libvirtd's first look at QEMU starts it several times.
    const auto output = run(argv, {.deadline = 120s});
    return output ? output->out + output->err : output.error().text();
}

/// The machine as other tools than ours see it. Host names of interfaces, named network
/// namespaces, mounts, firewall and our run directory.
std::string machine(const std::string& lab) {
    return said({"ip", "-brief", "link"}) + said({"ip", "netns", "list"}) +
           said({"cat", "/proc/self/mountinfo"}) + said({"nft", "list", "ruleset"}) +
           said({"find", "/run/ordeal/" + lab});
}

/// Processes that live on mounts of this lab, by any way they were started.
std::vector<std::string> processes_of(const std::string& lab) {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator("/proc")) {
        std::ifstream file(entry.path() / "mountinfo");
        for (std::string line; std::getline(file, line);) {
            if (line.find("ordeal/" + lab + "/") != std::string::npos) {
                found.push_back(entry.path().filename().string());
                break;
            }
        }
    }
    return found;
}

std::string missing_need() {
    if (::geteuid() != 0) {
        return "needs root";
    }
    for (const auto* program :
         {"/usr/sbin/libvirtd", "/usr/bin/tini", "/usr/bin/virsh", "/usr/bin/ipmitool"}) {
        if (::access(program, X_OK) != 0) {
            return std::string("needs ") + program;
        }
    }
    for (const auto* program : {"usr/sbin/sshd", "usr/bin/ipmi_sim"}) {
        if (const auto found = unpacked_program(program); !found) {
            return "needs " + found.error().text();
        }
    }
    return "";
}

class LiveLab : public ::testing::Test {
  protected:
    void SetUp() override {
        if (const auto need = missing_need(); !need.empty()) {
            GTEST_SKIP() << need;
        }
    }

    void TearDown() override {
        if (auto left = Lab::open(options_.name)) {
            EXPECT_TRUE(left->down());
        }
    }

    const LabOptions options_{.name = "test-" + std::to_string(::getpid()), .stop = {}};
};

/// A lab that is up for the length of a test.
class RunningLab : public LiveLab {
  protected:
    void SetUp() override {
        LiveLab::SetUp();
        if (IsSkipped()) {
            return;
        }
        auto lab = Lab::up(options_);
        ASSERT_TRUE(lab) << lab.error().text();
        lab_.emplace(std::move(*lab));
    }

    const LabNode& node() const { return lab_->nodes().front(); }

    pid_t init() const { return static_cast<pid_t>(node().init().pid); }

    Result<SshSession> connect(const SshTarget& target) const {
        auto socket =
            connect_inside(static_cast<pid_t>(lab_->rack().pid), node().address(), 22, 5s);
        if (!socket) {
            return socket.error();
        }
        return SshSession::open(target, 10s, std::move(*socket));
    }

    std::string virsh(const Argv& words) const {
        Argv argv{"virsh", "-c", node().libvirt_uri()};
        argv.insert(argv.end(), words.begin(), words.end());
        return said(argv);
    }

    std::optional<Lab> lab_;
};

TEST_F(LiveLab, LeavesTheMachineAsItWas) {
    const auto before = machine(options_.name);
    auto lab = Lab::up(options_);
    ASSERT_TRUE(lab) << lab.error().text();
    EXPECT_THAT(processes_of(options_.name), Not(IsEmpty())) << "the inventory sees nothing";
    EXPECT_NE(machine(options_.name), before) << "its run directory is there";
    const auto down = lab->down();
    ASSERT_TRUE(down) << down.error().text();
    EXPECT_EQ(machine(options_.name), before);
    EXPECT_THAT(processes_of(options_.name), IsEmpty());
}

TEST_F(LiveLab, ShowsNothingInTheHostsNetworkAndMounts) {
    const auto seen = [] {
        return said({"ip", "-brief", "address"}) + said({"cat", "/proc/self/mountinfo"}) +
               said({"ip", "netns", "list"});
    };
    const auto before = seen();
    const auto lab = Lab::up(options_);
    ASSERT_TRUE(lab) << lab.error().text();
    EXPECT_EQ(seen(), before);
}

TEST_F(LiveLab, DiesWithAControllerKilledWhileStartingIt) {
    const auto before = machine(options_.name);
    const auto complete = [&] {
        const auto state = load_lab_state("/run/ordeal/" + options_.name);
        return state && state->complete;
    };
    int interrupted = 0;
    for (const auto moment : {0ms, 5ms, 10ms, 20ms, 40ms, 80ms, 120ms, 160ms}) {
        const pid_t controller = ::fork();
        if (controller == 0) {
            ::_exit(Lab::up(options_) ? 0 : 1);
        }
        static_cast<void>(wait_until(moment, [] { return false; }));
        ::kill(controller, SIGKILL);
        ::waitpid(controller, nullptr, 0);
        const auto gone_or_complete = [&] {
            return complete() || processes_of(options_.name).empty();
        };
        EXPECT_TRUE(wait_until(5s, gone_or_complete)) << "killed after " << moment.count() << " ms";
        interrupted += complete() ? 0 : 1;
        if (auto rest = Lab::open(options_.name)) {
            const auto down = rest->down();
            EXPECT_TRUE(down) << down.error().text();
        }
        EXPECT_THAT(processes_of(options_.name), IsEmpty());
        EXPECT_EQ(machine(options_.name), before) << "killed after " << moment.count() << " ms";
    }
    EXPECT_GT(interrupted, 0) << "every start was complete before its controller was killed";
}

TEST_F(RunningLab, RefusesASecondOneOfTheSameName) {
    const auto second = Lab::up(options_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::refused);
    EXPECT_TRUE(node().alive()) << "the refused start must not touch the running lab";
}

TEST_F(RunningLab, IsTakenDownByAnotherProcess) {
    const pid_t other = ::fork();
    if (other == 0) {
        auto lab = Lab::open(options_.name);
        ::_exit(lab && lab->down() ? 0 : 1);
    }
    int status = -1;
    ASSERT_EQ(::waitpid(other, &status, 0), other);
    EXPECT_EQ(status, 0);
    EXPECT_THAT(processes_of(options_.name), IsEmpty());
    EXPECT_FALSE(Lab::open(options_.name));
    EXPECT_TRUE(lab_->down()) << "already down is fine";
}

TEST_F(RunningLab, ReportsItsServices) {
    auto status = lab_->status();
    ASSERT_EQ(status.nodes.size(), 2U) << "and the storage node";
    EXPECT_TRUE(status.complete);
    EXPECT_TRUE(status.nodes[0].alive);
    EXPECT_EQ(status.nodes[0].domains, 0);
    for (const auto& seen : status.nodes) {
        for (const auto& service : seen.services) {
            EXPECT_TRUE(service.process) << seen.name << " " << service.name;
        }
    }
    ASSERT_EQ(status.nodes[1].services.size(), 1U);
    EXPECT_EQ(status.nodes[1].services[0].name, "sshd");
    ASSERT_TRUE(node().stop_service("sshd", 2s));
    const auto sshd = node().service_process("sshd");
    ASSERT_FALSE(sshd);
    EXPECT_EQ(sshd.error().kind, ErrorKind::not_found);
    const auto again = node().start_service("sshd", 5s);
    EXPECT_TRUE(again) << again.error().text();
    EXPECT_EQ(node().start_service("cron", 1s).error().kind, ErrorKind::usage);
}

TEST_F(RunningLab, RunsCommandsInsideTheNode) {
    const auto output =
        run({"sh", "-c", "hostname; cat /proc/1/comm; getent hosts n1"}, {.inside = init()});
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_THAT(output->out, HasSubstr("n1\ntini\n10.76.1.1"));
    EXPECT_THAT(said(node().shell({"ip", "-brief", "address", "show", "guest"})),
                HasSubstr("10.77.0.1/16"));
}

TEST_F(RunningLab, LendsItsNetworkToASocket) {
    sockaddr_in heartbeat{};
    heartbeat.sin_family = AF_INET;
    heartbeat.sin_port = htons(7701);
    ::inet_pton(AF_INET, node().address(Plane::guest).c_str(), &heartbeat.sin_addr);
    const auto* address = reinterpret_cast<const sockaddr*>(&heartbeat);
    const auto inside = socket_inside(init(), AF_INET, SOCK_DGRAM, 0);
    ASSERT_TRUE(inside) << inside.error().text();
    EXPECT_EQ(::bind(inside->get(), address, sizeof heartbeat), 0);
    const Fd outside(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    EXPECT_NE(::bind(outside.get(), address, sizeof heartbeat), 0) << "the address is the node's";
}

constexpr const char* small_domain = R"(<domain type='qemu'>
  <name>survivor</name><memory unit='MiB'>32</memory>
  <os><type arch='x86_64' machine='pc'>hvm</type></os>
  <devices><emulator>/usr/bin/qemu-system-x86_64</emulator></devices>
</domain>)";

TEST_F(RunningLab, KeepsDomainsThroughALibvirtdKill) {
    const auto definition = lab_->directory() / "survivor.xml";
    std::ofstream(definition) << small_domain;
    ASSERT_THAT(virsh({"create", definition.string()}), HasSubstr("created"));
    pid_t inner = 0;
    std::ifstream(node().outside("/run/libvirt/qemu/survivor.pid")) >> inner;
    const auto qemu = process_inside(init(), inner);
    ASSERT_TRUE(qemu) << qemu.error().text();

    const auto libvirtd = node().service_process("libvirtd");
    ASSERT_TRUE(libvirtd) << libvirtd.error().text();
    ASSERT_TRUE(send_signal(*libvirtd, Signal::kill));
    ASSERT_TRUE(wait_gone(*libvirtd, 5s));
    EXPECT_FALSE(node().service_process("libvirtd"));
    EXPECT_FALSE(lab_->status().nodes[0].domains);
    EXPECT_TRUE(process_status(qemu->ref));

    const auto restarted = node().start_service("libvirtd", 10s);
    ASSERT_TRUE(restarted) << restarted.error().text();
    EXPECT_NE(node().service_process("libvirtd")->pid, libvirtd->pid);
    EXPECT_THAT(virsh({"domstate", "survivor"}), HasSubstr("running"));
    EXPECT_TRUE(process_status(qemu->ref)) << "the same QEMU";
    EXPECT_EQ(lab_->status().nodes[0].domains, 1);
    EXPECT_THAT(virsh({"destroy", "survivor"}), HasSubstr("destroyed"));
    EXPECT_TRUE(wait_gone(qemu->ref, 5s)) << "PID 1 of the node reaps";
}

TEST_F(RunningLab, AnswersOverSsh) {
    auto session = connect(node().ssh());
    ASSERT_TRUE(session) << session.error().text();
    const std::string awkward = "a b'c\"d$(id);*\n|&\\";
    const auto echoed = session->run({"printf", "%s", awkward});
    ASSERT_TRUE(echoed) << echoed.error().text();
    EXPECT_EQ(echoed->out, awkward);
    const auto output = session->run({"sh", "-c", "cat; hostname >&2; exit 7"}, {.input = "fed"});
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(output->out, "fed");
    EXPECT_EQ(output->err, "n1\n");
    EXPECT_EQ(output->exit.code, 7);
    const auto killed = session->run({"sh", "-c", "kill -TERM $$"});
    ASSERT_TRUE(killed) << killed.error().text();
    EXPECT_EQ(killed->exit.signal, SIGTERM);
    for (int round = 0; round < 5; ++round) {  // what libssh had read itself was once not seen
        const auto big =
            session->run({"head", "-c", "3000000", "/dev/zero"}, {.output_limit = Bytes{1000}});
        ASSERT_TRUE(big) << big.error().text();
        EXPECT_EQ(big->out.size(), 1000U);
        EXPECT_TRUE(big->truncated);
    }
    const auto late = session->run({"sleep", "30"}, {.deadline = 200ms});
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, ErrorKind::timeout);
}

TEST_F(RunningLab, TellsOfASessionThatIsLostInTheMiddleOfACommand) {
    auto session = connect(node().ssh());
    ASSERT_TRUE(session) << session.error().text();
    constexpr const char* kill_sshd = R"(p=$PPID
        until grep -q sshd /proc/$p/comm; do p=$(awk '/^PPid/ {print $2}' /proc/$p/status); done
        kill -9 $p; sleep 30)";
    const auto lost = session->run({"sh", "-c", kill_sshd}, {.deadline = 20s});
    ASSERT_FALSE(lost);
    EXPECT_EQ(lost.error().kind, ErrorKind::unavailable) << lost.error().text();
    EXPECT_THAT(lost.error().text(), HasSubstr(node().ssh().host)) << "the host is named";
    EXPECT_FALSE(session->connected());
    EXPECT_TRUE(connect(node().ssh())) << "the next one is as good as ever";
}

TEST_F(RunningLab, RefusesAnUnknownHostKeyAndAStrangersKey) {
    auto target = node().ssh();
    target.known_hosts = lab_->directory() / "nobody";
    std::ofstream(target.known_hosts) << "";
    const auto unknown = connect(target);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, ErrorKind::refused);

    const auto other_key = generate_ssh_key(lab_->directory() / "other_key");
    ASSERT_TRUE(other_key);
    std::ofstream(target.known_hosts) << node().address() << " " << *other_key << "\n";
    const auto changed = connect(target);
    ASSERT_FALSE(changed);
    EXPECT_EQ(changed.error().kind, ErrorKind::refused);

    target = node().ssh();
    target.key = lab_->directory() / "other_key";
    const auto stranger = connect(target);
    ASSERT_FALSE(stranger);
    EXPECT_EQ(stranger.error().kind, ErrorKind::refused);
}

TEST(LabName, RejectsPathsAndEmptiness) {
    for (const auto* name : {"", "../x", "a/b", "A", "."}) {
        const auto lab = Lab::open(name);
        ASSERT_FALSE(lab) << name;
        EXPECT_EQ(lab.error().kind, ErrorKind::usage) << name;
    }
    EXPECT_EQ(Lab::open("no-such-lab").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace ordeal
