#include "testbed/cache.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/lab_testbed.hpp"
#include "testbed/process.hpp"
#include "testbed/procfs.hpp"
#include "testbed/thread_scheduler.hpp"
#include "testbed/wait.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <unistd.h>

// A lab of three nodes: names, planes, power and cuts. No times are asserted.

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto patience = 60s;

class LiveSite : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root";
        }
        for (const auto* program : {"usr/sbin/sshd", "usr/bin/ipmi_sim"}) {
            if (const auto found = unpacked_program(program); !found) {
                GTEST_SKIP() << "needs " << found.error().text();
            }
        }
        for (const auto* program : {"/usr/sbin/libvirtd", "/usr/bin/tini", "/usr/bin/ipmitool"}) {
            if (!fs::exists(program)) {
                GTEST_SKIP() << "needs " << program;
            }
        }
        auto lab = Lab::up({.name = name_, .nodes = 3});
        ASSERT_TRUE(lab) << lab.error().text();
        lab_.emplace(std::move(*lab));
        open();
    }

    void TearDown() override {
        testbed_.reset();
        if (lab_) {
            const auto down = lab_->down();
            EXPECT_TRUE(down) << down.error().text();
        }
    }

    void open() {
        auto opened = LabTestbed::open({.lab = name_, .accelerator = Accelerator::tcg}, scheduler_);
        ASSERT_TRUE(opened) << opened.error().text();
        testbed_ = std::move(*opened);
    }

    Host& host(const std::string& name) { return **testbed_->host(name); }

    Network& network() { return **testbed_->network(); }

    Power& power(const std::string& name) { return **host(name).power(); }

    bool echoes(Plane plane, const std::string& from, const std::string& to) {
        return network().echo(plane, from, to, 300ms).has_value();
    }

    /// Waits until the host has booted another time than `before`.
    std::string next_boot(const std::string& name, const std::string& before) {
        std::string id;
        const bool booted = wait_until(patience, [&] {
            const auto now = host(name).boot_id(2s);
            id = now ? *now : "";
            return now && *now != before && host(name).hypervisor().alive(2s);
        });
        EXPECT_TRUE(booted) << name;
        return id;
    }

    const std::string name_ = "site-" + std::to_string(::getpid());
    ThreadScheduler scheduler_;
    std::optional<Lab> lab_;
    std::unique_ptr<LabTestbed> testbed_;
};

TEST_F(LiveSite, HasNodesThatReachEachOtherByNameOnEveryPlane) {
    for (const auto plane : all_planes) {
        for (const std::string from : {"", "n1", "n2", "n3"}) {
            for (const std::string to : {"n1", "n2", "n3"}) {
                const auto echo = network().echo(plane, from, to, 2s);
                EXPECT_TRUE(echo) << from << " " << to << " " << echo.error().text();
            }
        }
    }
    const auto said = host("n1").run(
        {"sh", "-c", "for n in n1 n2 n3 n2-storage n3-migration; do ssh $n hostname; done"}, 20s);
    ASSERT_TRUE(said) << said.error().text();
    EXPECT_EQ(said->out, "n1\nn2\nn3\nn2\nn3\n") << said->err;
    const auto uri = host("n2").run({"virsh", "-c", "qemu+ssh://n3/system", "hostname"}, 20s);
    ASSERT_TRUE(uri) << uri.error().text();
    EXPECT_THAT(uri->out, HasSubstr("n3")) << uri->err;
}

TEST_F(LiveSite, HasPowerControllersThatDoWhatTheySay) {
    const auto before = host("n2").boot_id(patience).value();
    const auto bystander = host("n1").boot_id(patience).value();
    EXPECT_EQ(power("n2").state(patience).value(), PowerState::on);
    const auto sshd = host("n2").service_process("sshd").value();

    ASSERT_TRUE(power("n2").order(PowerOrder::off, patience));
    EXPECT_EQ(power("n2").state(patience).value(), PowerState::off);
    EXPECT_EQ(host("n2").process_status(sshd).error().kind, ErrorKind::not_found);
    EXPECT_FALSE(host("n2").boot_id(1s));
    EXPECT_FALSE(echoes(Plane::guest, "n1", "n2")) << "its network died with it";

    ASSERT_TRUE(power("n2").order(PowerOrder::on, patience));
    const auto second = next_boot("n2", before);
    EXPECT_EQ(power("n2").state(patience).value(), PowerState::on);
    ASSERT_TRUE(power("n2").order(PowerOrder::reset, patience));
    const auto third = next_boot("n2", second);
    ASSERT_TRUE(power("n2").order(PowerOrder::cycle, patience));
    const auto fourth = next_boot("n2", third);
    ASSERT_TRUE(host("n2").sysrq('b', patience));
    const auto fifth = next_boot("n2", fourth);
    ASSERT_TRUE(host("n2").sysrq('c', patience));
    EXPECT_TRUE(wait_until(patience, [&] { return !host("n2").boot_id(1s); }));
    EXPECT_EQ(power("n2").state(patience).value(), PowerState::on) << "a panicked host has power";
    ASSERT_TRUE(power("n2").order(PowerOrder::reset, patience));
    static_cast<void>(next_boot("n2", fifth));
    EXPECT_EQ(host("n1").boot_id(patience).value(), bystander);
}

TEST_F(LiveSite, SwitchesANodeOnWithoutAController) {
    const auto before = host("n3").boot_id(patience).value();
    ASSERT_TRUE(power("n3").order(PowerOrder::off, patience));
    testbed_.reset();
    const auto rack = static_cast<pid_t>(lab_->rack().pid);
    const auto password = lab_->directory() / "power_password";
    const auto switched =
        run({"sh",
             "-c",
             "IPMI_PASSWORD=$(cat " + password.string() + ") ipmitool -I lanplus -H " +
                 power_address(3) + " -U ordeal -E -C 3 chassis power on"},
            {.inside = rack});
    ASSERT_TRUE(switched) << switched.error().text();
    EXPECT_EQ(switched->exit.code, 0) << switched->err;
    open();
    static_cast<void>(next_boot("n3", before));
}

TEST_F(LiveSite, RefusesAWrongPasswordAndTellsOfAControllerThatIsNotThere) {
    const auto wrong = lab_->directory() / "wrong_password";
    ASSERT_TRUE(run({"sh", "-c", "umask 077; echo no > " + wrong.string()}));
    IpmiTarget target{.host = "n1",
                      .address = power_address(1),
                      .user = "ordeal",
                      .password = {.file = wrong},
                      .cipher_suite = 3,
                      .inside = static_cast<pid_t>(lab_->rack().pid)};
    const auto refused = IpmiPower(target).state(patience);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().kind, ErrorKind::refused);
    EXPECT_THAT(refused.error().text(), AllOf(HasSubstr("n1"), HasSubstr("password")));
    target.password.file = lab_->directory() / "power_password";
    EXPECT_TRUE(IpmiPower(target).state(patience));
    target.user = "nobody";
    const auto unknown = IpmiPower(target).state(patience);
    ASSERT_FALSE(unknown);
    EXPECT_EQ(unknown.error().kind, ErrorKind::refused);
    EXPECT_THAT(unknown.error().text(), HasSubstr("does not know the user"));
    target.address = power_address(storage_number + 1);
    const auto absent = IpmiPower(target).state(patience);
    ASSERT_FALSE(absent);
    EXPECT_EQ(absent.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(absent.error().text(), AllOf(HasSubstr("n1"), Not(HasSubstr("password"))));
    fs::permissions(target.password.file, fs::perms::others_read, fs::perm_options::add);
    EXPECT_EQ(IpmiPower(target).state(patience).error().kind, ErrorKind::refused);
}

TEST_F(LiveSite, KeepsLibvirtFromWhoComesOverTheGuestsPlane) {
    const auto rack = static_cast<pid_t>(lab_->rack().pid);
    const auto management = lab_->nodes().front().address();
    const auto route = " " + management + " via " + lab_->nodes().front().address(Plane::guest);
    const auto reaches = [&](const char* port) {
        const auto tried =
            run({"timeout", "5", "bash", "-c", ": </dev/tcp/" + management + "/" + port},
                {.inside = rack});
        return tried && tried->exit.success();
    };
    EXPECT_TRUE(reaches("16509")) << "over the management plane";
    ASSERT_TRUE(run_or_fail({"sh", "-c", "ip route add" + route}, {.inside = rack}));
    EXPECT_TRUE(reaches("22")) << "the way is there";
    EXPECT_FALSE(reaches("16509"));
    ASSERT_TRUE(run_or_fail({"sh", "-c", "ip route del" + route}, {.inside = rack}));
}

TEST_F(LiveSite, CutsOnePlaneOfOneHostAndMendsIt) {
    const auto second = LabTestbed::open({.lab = name_}, scheduler_);
    ASSERT_TRUE(second);
    ASSERT_TRUE(network().cut("test", {{.plane = Plane::storage, .from = "n1", .to = ""}}));
    EXPECT_TRUE(*network().is_cut("test"));
    EXPECT_FALSE(echoes(Plane::storage, "n2", "n1"));
    EXPECT_FALSE(echoes(Plane::storage, "", "n1"));
    EXPECT_TRUE(echoes(Plane::storage, "n2", "n3"));
    EXPECT_TRUE(echoes(Plane::management, "n2", "n1"));
    // Longer than the lease, which is renewed.
    static_cast<void>(wait_until(LabNetwork::lease + 1s, [] { return false; }));
    EXPECT_TRUE(*network().is_cut("test"));
    ASSERT_TRUE((*(*second)->network())->mend("test")) << "by another process";
    EXPECT_FALSE(*network().is_cut("test"));
    EXPECT_TRUE(echoes(Plane::storage, "n2", "n1"));
    ASSERT_TRUE(network().mend("test"));
}

TEST_F(LiveSite, CutsBetweenTwoHostsAndTheKernelEndsItWithTheController) {
    ASSERT_TRUE(network().cut("apart",
                              {{.plane = Plane::migration, .from = "n1", .to = "n2"},
                               {.plane = Plane::migration, .from = "n2", .to = "n1"}}));
    EXPECT_FALSE(echoes(Plane::migration, "n1", "n2"));
    EXPECT_TRUE(echoes(Plane::migration, "n1", "n3"));
    EXPECT_TRUE(echoes(Plane::migration, "", "n1"));
    testbed_.reset();  // nobody renews and nobody mends
    open();
    const auto ended = [&] { return echoes(Plane::migration, "n1", "n2"); };
    EXPECT_TRUE(wait_until(2 * LabNetwork::lease, ended));
    EXPECT_FALSE(*network().is_cut("apart"));
}

TEST_F(LiveSite, LosesAPartOfWhatPassesOrLimitsItsRate) {
    const std::vector<Way> ways{{.plane = Plane::storage, .from = "n1", .to = ""},
                                {.plane = Plane::storage, .from = "", .to = "n1"}};
    for (const auto& impairment : {Impairment{.loss = 0.5}, Impairment{.rate = Bytes{1U << 16U}}}) {
        if (const auto can = network().can_impair(impairment); !can) {
            GTEST_SKIP() << can.error().text();
        }
    }
    const auto before = network().speed(Plane::storage, "", "n1", 1s);
    ASSERT_TRUE(before) << before.error().text();

    ASSERT_TRUE(network().impair("lossy", ways, {.loss = 0.5}));
    EXPECT_TRUE(*network().is_cut("lossy"));
    constexpr int sent = 60;
    int back = 0;
    for (int i = 0; i < sent; ++i) {
        back += echoes(Plane::storage, "", "n1") ? 1 : 0;
    }
    EXPECT_GT(back, 0);
    EXPECT_LT(back, sent);
    EXPECT_TRUE(network().echo(Plane::guest, "", "n1", patience));
    ASSERT_TRUE(network().mend("lossy"));
    EXPECT_FALSE(*network().is_cut("lossy"));

    constexpr Bytes rate{1U << 16U};
    ASSERT_TRUE(network().impair("slow", ways, {.rate = rate}));
    static_cast<void>(network().speed(Plane::storage, "", "n1", 1s));  // what passes at once
    const auto slow = network().speed(Plane::storage, "", "n1", 1s);
    ASSERT_TRUE(slow) << slow.error().text();
    EXPECT_GT(slow->count, 0U);
    EXPECT_LT(slow->count, 2 * rate.count);
    EXPECT_LT(slow->count, before->count);
    ASSERT_TRUE(network().mend("slow"));
    EXPECT_TRUE(network().echo(Plane::storage, "", "n1", patience));
}

TEST_F(LiveSite, DelaysWhatGoesToAHostWhereTheKernelHasNetem) {
    constexpr Duration delay = 50ms;
    const std::vector<Way> to_n1{{.plane = Plane::guest, .from = "", .to = "n1"}};
    if (const auto can = network().can_impair({.delay = delay}); !can) {
        EXPECT_EQ(can.error().kind, ErrorKind::missing) << can.error().text();
        EXPECT_EQ(network().impair("late", to_n1, {.delay = delay}).error().kind,
                  ErrorKind::missing);
        EXPECT_FALSE(*network().is_cut("late"));
        EXPECT_TRUE(network().mend("late"));
        GTEST_SKIP() << can.error().text();
    }
    ASSERT_TRUE(network().impair("late", to_n1, {.delay = delay}));
    EXPECT_TRUE(*network().is_cut("late"));
    EXPECT_GE(*network().echo(Plane::guest, "", "n1", patience), delay);
    ASSERT_TRUE(network().mend("late"));
    EXPECT_FALSE(*network().is_cut("late"));
}

TEST_F(LiveSite, MigratesARunningGuestWhoseAgentIsFoundAgain) {
    if (!fs::exists(cache_directory() / "guest/current/vmlinuz")) {
        GTEST_SKIP() << "needs the guest image";
    }
    const auto directory = fs::temp_directory_path() / ("ordeal-" + name_);
    const std::string domain = "moving-1-vm";
    const DomainSpec spec{.name = "vm", .host = "n1", .disks = {{.name = "data"}}};
    const auto made = testbed_->provision(spec, domain, 0, directory);
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_EQ(made->host, "n1");
    auto& guest = **testbed_->guest(domain);
    ASSERT_TRUE(host("n1").hypervisor().start(domain));
    const auto before = guest.wait_hello(scheduler_.now() + 5min);
    ASSERT_TRUE(before) << before.error().text();

    const auto moved = host("n1").run(
        {"virsh", "migrate", "--live", "--unsafe", domain, "qemu+ssh://n2/system"}, 3min);
    ASSERT_TRUE(moved) << moved.error().text();
    ASSERT_EQ(moved->exit_code, 0) << moved->err;
    EXPECT_EQ(host("n2").hypervisor().state(domain)->state, DomainState::running);
    EXPECT_EQ(host("n1").qemu_process(domain).error().kind, ErrorKind::not_found);
    EXPECT_TRUE(host("n2").qemu_process(domain));
    EXPECT_TRUE(wait_until(patience, [&] { return guest.read_clock(2s).has_value(); }));
    EXPECT_TRUE(guest.ping(patience));
    const auto after = guest.wait_hello(scheduler_.now() + patience);
    ASSERT_TRUE(after) << after.error().text();
    EXPECT_EQ(after->boot_id, before->boot_id) << "it was not booted";
    EXPECT_TRUE(testbed_->remove(domain));
    fs::remove_all(directory);
}

TEST_F(LiveSite, GoesWithItsRack) {
    const auto node = lab_->nodes().back().init();
    ASSERT_TRUE(send_signal(lab_->rack(), Signal::kill));
    EXPECT_TRUE(wait_gone(lab_->rack(), patience));
    EXPECT_TRUE(wait_gone(node, patience));
    EXPECT_FALSE(LabTestbed::open({.lab = name_}, scheduler_));
}

}  // namespace
}  // namespace ordeal
