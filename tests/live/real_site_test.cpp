#include "testbed/cache.hpp"
#include "testbed/domain_xml.hpp"
#include "testbed/lab/lab.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/namespaces.hpp"
#include "testbed/process.hpp"
#include "testbed/site/campaign_lock.hpp"
#include "testbed/site/remote_host.hpp"
#include "testbed/site/site_file.hpp"
#include "testbed/wait.hpp"
#include "tests/live/needs.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

// A node of the lab taken for a real host: the program knows it by a testbed file alone, and comes
// by libvirt over ssh, by ssh and by IPMI to a domain that plain virsh has made. No times.

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto patience = 120s;

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto found = text.find(from);
    EXPECT_NE(found, text.npos) << from;
    return found == text.npos ? text : text.replace(found, from.size(), to);
}

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

    void define(const std::string& opt_in) {
        const auto guest = cache_directory() / "guest/current";
        const DomainPlace place{.name = "canary",
                                .accelerator = Accelerator::tcg,
                                .kernel = guest / "vmlinuz",
                                .initramfs = guest / "initramfs",
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
             << "/power_password\"\ncipher_suite = 3\n[[target]]\nname = \"vm\"\n"
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

    /// A shipped experiment with time for a busy machine.
    std::string experiment() const {
        std::ifstream shipped(fs::path(ORDEAL_SOURCE_DIR) /
                              "experiments/quickstart/kill-qemu.toml");
        std::string text{std::istreambuf_iterator(shipped), {}};
        text = replaced(text, "deadline = \"90s\"", "deadline = \"10min\"");
        text = replaced(text, "within = \"2s\"", "within = \"60s\"");
        text = replaced(text, "within = \"30s\"", "within = \"10min\"");
        std::ofstream(folder_ / "kill-qemu.toml") << text;
        return (folder_ / "kill-qemu.toml").string();
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

TEST_F(LiveRealSite, TheDoctorFindsEveryDoorOpenAndSaysWhichIsShut) {
    ASSERT_TRUE(wait_until(patience, [&] {
        std::ifstream file(console_);
        const std::string text{std::istreambuf_iterator(file), {}};
        return text.find("agent starts") != text.npos;
    }));
    Output good;
    // The agent may answer a moment later than it says.
    EXPECT_TRUE(wait_until(patience,
                           [&] {
                               good = ordeal(site(), {"doctor"});
                               return good.exit.code == 0;
                           }))
        << good.out << good.err;
    for (const auto* door : {"libvirt", "ssh", "power", "domain", "agent", "ping", "disk"}) {
        EXPECT_THAT(good.out, HasSubstr(door));
    }
    const auto wrong = folder_ / "wrong";
    ASSERT_TRUE(run({"sh", "-c", "umask 077; echo no >" + wrong.string()}));
    const auto password = lab_->directory() / "power_password";
    const auto shut = ordeal(replaced(site(), password.string(), wrong.string()), {"doctor"});
    EXPECT_EQ(shut.exit.code, 3);
    EXPECT_THAT(shut.out, AllOf(HasSubstr("does not accept the password"), HasSubstr("mend: ")));
    // Another host's key, and none at all.
    const auto hosts = folder_ / "hosts";
    ASSERT_TRUE(run({"sh",
                     "-c",
                     "ssh-keygen -q -t ed25519 -N '' -f " + (folder_ / "other").string() +
                         " && echo " + node().address() + " $(cut -d' ' -f1,2 " +
                         (folder_ / "other.pub").string() + ") >" + hosts.string()}));
    const auto door = "\nknown_hosts = \"" + lab_->directory().string() + "/known_hosts\"";
    const auto named = [&](const fs::path& file) {
        return replaced(site(), door, "\nknown_hosts = \"" + file.string() + "\"");
    };
    const auto changed = ordeal(named(hosts), {"doctor"});
    EXPECT_EQ(changed.exit.code, 3);
    EXPECT_THAT(changed.out, AllOf(HasSubstr("host key has changed"), HasSubstr("ssh-keygen -f")));
    const auto unknown = ordeal(named("/dev/null"), {"doctor"});
    EXPECT_THAT(unknown.out, AllOf(HasSubstr("host key is not in"), HasSubstr("ssh-keyscan")));
    const auto refused = ordeal(replaced(site(),
                                         "\nkey = \"" + (lab_->directory() / "client_key").string(),
                                         "\nkey = \"" + (folder_ / "other").string()),
                                {"doctor"});
    EXPECT_EQ(refused.exit.code, 3);
    EXPECT_THAT(refused.out, HasSubstr("log in by ssh to root@" + node().address()));
    opt_out();
    const auto stranger = ordeal(site(), {"doctor"});
    EXPECT_THAT(stranger.out, AllOf(HasSubstr("has not opted in"), HasSubstr("virsh metadata")));
}

TEST_F(LongLiveRealSite, RunsAShippedExperimentAndLeavesTheTargetRunning) {
    const auto pid = virsh("domid canary");
    const auto ran = ordeal(
        site(),
        {"run", experiment(), "--trials", "1", "--seed", "5", "--out", (folder_ / "run").string()});
    EXPECT_EQ(ran.exit.code, 0) << ran.out << ran.err;
    EXPECT_EQ(virsh("domstate canary"), "running\n");
    EXPECT_NE(virsh("domid canary"), pid) << "it was killed and came back";
}

TEST_F(LongLiveRealSite, SaysWhatItCannotSeeOfAGuestWithNothingInIt) {
    const auto bare = replaced(site(), "guest = \"agent\"", "guest = \"nothing\"");
    const auto other = lock_campaign("site-" + name_);
    ASSERT_TRUE(other);
    const std::vector<std::string> words{
        "run", experiment(), "--trials", "1", "--out", (folder_ / "run").string()};
    const auto second = ordeal(bare, words);
    EXPECT_EQ(second.exit.code, 4) << "two campaigns at one site" << second.err;
    EXPECT_THAT(second.err, HasSubstr("another campaign runs there"));
    const_cast<Fd&>(*other).reset();

    const auto ran = ordeal(bare, words);
    EXPECT_EQ(ran.exit.code, 3) << ran.out << ran.err;
    EXPECT_THAT(ran.err,
                AllOf(HasSubstr("observer agent.heartbeat of vm: none"),
                      HasSubstr("check no_acked_write_lost: inconclusive")));
    EXPECT_EQ(virsh("domstate canary"), "running\n");
    std::ifstream report(folder_ / "run/report.json");
    EXPECT_THAT(std::string(std::istreambuf_iterator(report), {}),
                HasSubstr("observer agent.heartbeat of vm: none"))
        << "the report says it, too";

    opt_out();
    const auto stranger = ordeal(bare, {"run", experiment(), "--trials", "1"});
    EXPECT_EQ(stranger.exit.code, 3) << stranger.err;
    EXPECT_THAT(stranger.out + stranger.err, HasSubstr("has not opted in"));
    EXPECT_THAT(stranger.out + stranger.err, Not(HasSubstr("residue")));
}

/// What a controller at the site does, in its network.
template <class Work>
void at_the_site(const Lab& lab, Work work) {
    const auto done = inside_namespaces(static_cast<pid_t>(lab.rack().pid), Namespaces::net, [&] {
        work();
        return ok();
    });
    EXPECT_TRUE(done) << done.error().text();
}

TEST_F(LiveRealSite, ComesBySshDirectlyOverAJumpAndWithAnAgentsKey) {
    Diagnostics wrong;
    auto read = parse_site(site(), "site.toml", wrong);
    ASSERT_TRUE(read) << to_text(wrong);
    const auto direct = route_to(*read, *read->hosts.front().ssh);
    at_the_site(*lab_, [&] {
        const auto hostname = [&](const SshRoute& route) {
            const auto said = RemoteShell("n1", route).run({"hostname"}, {.deadline = patience});
            return said ? said->out : said.error().text();
        };
        EXPECT_EQ(hostname(direct), "n1\n");
        auto jump = direct;
        jump.jump = direct.target;
        EXPECT_EQ(hostname(jump), "n1\n");

        const auto socket = (folder_ / "agent").string();
        const auto agent = Child::spawn({"ssh-agent", "-D", "-a", socket});
        ASSERT_TRUE(agent);
        ASSERT_TRUE(wait_until(patience, [&] { return fs::exists(socket); }));
        ASSERT_TRUE(run_or_fail({"ssh-add", "-q", direct.target.key.string()},
                                {.env = {{"SSH_AUTH_SOCK", socket}}}));
        ::setenv("SSH_AUTH_SOCK", socket.c_str(), 1);
        auto by_agent = direct;
        by_agent.target.key.clear();
        EXPECT_THAT(hostname(by_agent), HasSubstr("log in by ssh")) << "nobody asked the agent";
        by_agent.target.agent = true;
        EXPECT_EQ(hostname(by_agent), "n1\n");
        ::unsetenv("SSH_AUTH_SOCK");

        RemoteShell shell("n1", direct);
        ASSERT_TRUE(shell.run({"true"}, {.deadline = patience}));
        const auto lost =
            shell.run({"sh", "-c", "kill -9 $PPID; sleep 600"}, {.deadline = patience});
        ASSERT_FALSE(lost);
        EXPECT_EQ(lost.error().kind, ErrorKind::unavailable);
        EXPECT_THAT(lost.error().text(), AllOf(HasSubstr("host n1, ssh"), HasSubstr("lost")));
        EXPECT_TRUE(shell.run({"true"}, {.deadline = patience})) << "by a new connection";
    });
}

TEST_F(LiveRealSite, HurtsNothingButTargets) {
    Diagnostics wrong;
    auto read = parse_site(site(), "site.toml", wrong);
    ASSERT_TRUE(read) << to_text(wrong);
    at_the_site(*lab_, [&] {
        const auto host = RemoteHost::open(*read, read->hosts.front());
        ASSERT_TRUE(host);
        ASSERT_TRUE((*host)->hypervisor().alive(patience));
        const auto qemu = (*host)->qemu_process("canary");
        const auto sshd = (*host)->service_process("sshd");
        ASSERT_TRUE(qemu && sshd);
        EXPECT_EQ((*host)->qemu_process("cana").error().kind, ErrorKind::not_found);
        EXPECT_TRUE((*host)->signal(*qemu, Signal::stop));
        EXPECT_TRUE(wait_until(patience, [&] {
            const auto status = (*host)->process_status(*qemu);
            return status && status->state == 'T';
        }));
        EXPECT_TRUE((*host)->signal(*qemu, Signal::cont));
        ASSERT_TRUE((*host)->start_program("nap", {"sleep", "600"}, patience));
        EXPECT_TRUE((*host)->program("nap"));
        EXPECT_EQ((*host)->start_program("nap", {"sleep", "1"}, patience).error().kind,
                  ErrorKind::refused);
        EXPECT_TRUE((*host)->end_program("nap"));
        EXPECT_EQ((*host)->program("nap").error().kind, ErrorKind::not_found);
        EXPECT_EQ((*(*host)->power())->state(patience).value(), PowerState::on);

        read->hosts.front().target = false;
        const auto refused = (*host)->signal(*sshd, Signal::stop);
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error().kind, ErrorKind::refused);
        EXPECT_THAT(refused.error().text(), HasSubstr("is no target"));
        EXPECT_TRUE((*host)->signal(*qemu, Signal::cont)) << "the domain still is one";
        EXPECT_FALSE((*host)->power());
        EXPECT_FALSE((*host)->sysrq('b', patience));
        EXPECT_FALSE((*host)->start_program("nap", {"true"}, patience));
        EXPECT_EQ((*host)->signal({qemu->pid, qemu->start_ticks + 1}, Signal::kill).error().kind,
                  ErrorKind::not_found)
            << "a pid that is another's by now";
    });
}

TEST_F(LongLiveRealSite, AHostThatIsDownOrALibvirtdThatIsGoneMakesATrialInconclusive) {
    const std::vector<std::string> words{"run", experiment(), "--trials", "1"};
    const auto stopped = node().stop_service("libvirtd", 10s);
    ASSERT_TRUE(stopped) << stopped.error().text();
    const auto doctor = ordeal(site(), {"doctor"});
    EXPECT_EQ(doctor.exit.code, 3);
    EXPECT_THAT(doctor.out, HasSubstr("FAILED  n1       libvirt"));
    const auto without = ordeal(site(), words);
    EXPECT_EQ(without.exit.code, 3) << without.out << without.err;
    EXPECT_THAT(without.err + without.out, HasSubstr("host n1, libvirt"));
    ASSERT_TRUE(node().start_service("libvirtd", patience));
    const auto off = run({"nsenter",
                          "--net=/proc/" + std::to_string(lab_->rack().pid) + "/ns/net",
                          "sh",
                          "-c",
                          "IPMI_PASSWORD=$(cat " + (lab_->directory() / "power_password").string() +
                              ") ipmitool -I lanplus -H " + power_address(1) +
                              " -U ordeal -E -C 3 chassis power off"},
                         {.deadline = patience});
    ASSERT_TRUE(off && off->exit.success());
    ASSERT_TRUE(wait_until(patience, [&] { return !node().alive(); }));
    const auto down = ordeal(site(), words);
    EXPECT_EQ(down.exit.code, 3) << down.out << down.err;
    EXPECT_THAT(down.err + down.out, HasSubstr("host n1"));
}

}  // namespace
}  // namespace ordeal
