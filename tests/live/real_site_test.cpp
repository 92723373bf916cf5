#include "tests/live/real_site.hpp"

#include "testbed/site/campaign_lock.hpp"
#include "testbed/site/remote_host.hpp"
#include "testbed/site/site_file.hpp"
#include "testbed/wait.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <sstream>
#include <unistd.h>

// No times.

namespace ordeal::live {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

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
    for (const auto* door :
         {"libvirt", "ssh", "power", "domain", "agent", "ping", "disk", "device"}) {
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
    const auto own = ordeal(replaced(site(), "\"storage\"\n", "\"management\"\n"), {"doctor"});
    EXPECT_EQ(own.exit.code, 3);
    EXPECT_THAT(own.out, AllOf(HasSubstr("ssh itself comes by management"), HasSubstr("mend: ")));
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
        {"run", kill_qemu(), "--trials", "1", "--seed", "5", "--out", (folder_ / "run").string()});
    EXPECT_EQ(ran.exit.code, 0) << ran.out << ran.err;
    EXPECT_EQ(virsh("domstate canary"), "running\n");
    EXPECT_NE(virsh("domid canary"), pid) << "it was killed and came back";
}

TEST_F(LongLiveRealSite, SaysWhatItCannotSeeOfAGuestWithNothingInIt) {
    const auto bare = replaced(site(), "guest = \"agent\"", "guest = \"nothing\"");
    const auto other = lock_campaign("site-" + name_);
    ASSERT_TRUE(other);
    const std::vector<std::string> words{
        "run", kill_qemu(), "--trials", "1", "--out", (folder_ / "run").string()};
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
    const auto stranger = ordeal(bare, {"run", kill_qemu(), "--trials", "1"});
    EXPECT_EQ(stranger.exit.code, 3) << stranger.err;
    EXPECT_THAT(stranger.out + stranger.err, HasSubstr("has not opted in"));
    EXPECT_THAT(stranger.out + stranger.err, Not(HasSubstr("residue")));
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
    const std::vector<std::string> words{"run", kill_qemu(), "--trials", "1"};
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
}  // namespace ordeal::live
