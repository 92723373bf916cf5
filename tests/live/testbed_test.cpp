#include "testbed/cache.hpp"
#include "testbed/lab_testbed.hpp"
#include "testbed/process.hpp"
#include "testbed/thread_scheduler.hpp"
#include "testbed/wait.hpp"
#include "tests/live/needs.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <mutex>
#include <unistd.h>

// Real libvirt, QEMU and guests. No time is asserted: under emulation on a busy machine a boot may
// take long.

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;

constexpr auto patience = 120s;

/// What came through one door so far.
template <class T>
class Heard {
  public:
    void add(const T& item) {
        const std::lock_guard lock(mutex_);
        items_.push_back(item);
        changed_.notify_all();
    }

    [[nodiscard]] std::size_t count() {
        const std::lock_guard lock(mutex_);
        return items_.size();
    }

    /// Whether an item for which `wanted` holds comes, or is there already.
    template <class Wanted>
    [[nodiscard]] bool hears(Wanted wanted) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(
            lock, patience, [&] { return std::ranges::any_of(items_, wanted); });
    }

    /// Whether there come more than `before`.
    [[nodiscard]] bool grows(std::size_t before) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [&] { return items_.size() > before; });
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<T> items_;
};

auto event_is(const std::string& event, const std::string& detail) {
    return [=](const DomainEvent& e) { return e.event == event && e.detail == detail; };
}

class LiveTestbed : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto need = missing_need(); !need.empty()) {
            GTEST_SKIP() << need;
        }
        lab_name_ = "testbed-" + std::to_string(::getpid());
        directory_ = fs::temp_directory_path() / ("ordeal-" + lab_name_);
        auto up = Lab::up({.name = lab_name_});
        ASSERT_TRUE(up) << up.error().text();
        lab_.emplace(std::move(*up));
        auto opened =
            LabTestbed::open({.lab = lab_name_, .accelerator = Accelerator::tcg}, scheduler_);
        ASSERT_TRUE(opened) << opened.error().text();
        testbed_ = std::move(*opened);
        host_ = *testbed_->host("n1");
    }

    void TearDown() override {
        testbed_.reset();
        if (lab_) {
            EXPECT_TRUE(lab_->down());
        }
        fs::remove_all(directory_);
    }

    /// Makes and starts a domain and waits for its agent.
    Guest* boot(const DomainSpec& spec = {.name = "vm", .disks = {{.name = "data"}}}) {
        auto made = testbed_->provision(spec, domain_, 0, directory_);
        EXPECT_TRUE(made) << made.error().text();
        auto* guest = *testbed_->guest(domain_);
        auto subscribed =
            host_->hypervisor().subscribe(domain_, [this](const auto& e) { events_.add(e); });
        subscriptions_.push_back(std::move(*subscribed));
        subscriptions_.push_back(guest->on_beat([this](const auto& b) { beats_.add(b); }));
        const auto started = host_->hypervisor().start(domain_);
        EXPECT_TRUE(started) << started.error().text();
        const auto hello = guest->wait_hello(scheduler_.now() + patience);
        EXPECT_TRUE(hello) << hello.error().text() << "\n" << console();
        boot_id_ = hello ? hello->boot_id : "";
        return guest;
    }

    std::string console() {
        std::ifstream file(directory_ / "vm.console");
        return {std::istreambuf_iterator<char>(file), {}};
    }

    DomainState state() { return host_->hypervisor().state(domain_)->state; }

    ThreadScheduler scheduler_;
    std::string lab_name_;
    fs::path directory_;
    std::string domain_ = "live-1-vm";
    std::string boot_id_;
    std::optional<Lab> lab_;
    std::unique_ptr<LabTestbed> testbed_;
    Host* host_ = nullptr;
    Heard<DomainEvent> events_;
    Heard<Beat> beats_;
    std::vector<Subscription> subscriptions_;
};

TEST_F(LiveTestbed, BootsAGuestWhoseDoorsAllOpenAndLeavesNothing) {
    auto* guest = boot();
    Heard<Beat> network;
    Heard<std::string> lines;
    auto beats = guest->on_network_beat([&](const auto& b) { network.add(b); });
    auto console_lines = guest->on_console([&](Instant, const auto& l) { lines.add(l); });
    EXPECT_TRUE(beats_.hears([&](const Beat& b) { return b.boot_id == boot_id_; }));
    EXPECT_TRUE(network.hears([&](const Beat& b) { return b.boot_id == boot_id_; }));
    EXPECT_THAT(console(), HasSubstr("ordeal: agent starts"));
    const auto pinged = guest->ping(patience);
    EXPECT_TRUE(pinged) << pinged.error().text();
    const auto connected = guest->connect(80, patience);
    EXPECT_TRUE(connected) << connected.error().text();
    const auto page = guest->ask(80, "GET / HTTP/1.0\r\n\r\n", patience);
    ASSERT_TRUE(page) << page.error().text();
    EXPECT_THAT(*page, HasSubstr(" 200 "));
    EXPECT_EQ(guest->connect(22, patience).error().kind, ErrorKind::refused);
    const auto clock = guest->read_clock(patience);
    ASSERT_TRUE(clock) << clock.error().text();
    EXPECT_GT(clock->guest_boottime, Duration::zero());
    EXPECT_EQ(state(), DomainState::running);
    const auto qemu = host_->qemu_process(domain_);
    ASSERT_TRUE(qemu) << qemu.error().text();
    EXPECT_GT(host_->process_status(*qemu)->cpu_time, Duration::zero());
    EXPECT_TRUE(events_.hears(event_is("started", "booted")));
    const auto says = host_->run_state(domain_, patience);
    ASSERT_TRUE(says) << says.error().text();
    EXPECT_EQ(*says, "running");
    const auto queues = host_->disk_queues(domain_, patience);
    ASSERT_TRUE(queues) << queues.error().text();
    EXPECT_EQ(queues->size(), 1U);
    EXPECT_GT(queues->front().answered, 0U);
    const auto processors = host_->vcpu_times(*qemu);
    ASSERT_TRUE(processors) << processors.error().text();
    EXPECT_EQ(processors->size(), 1U);
    EXPECT_GT(processors->front(), Duration::zero());
    // No agent of QEMU's is in this image; its channel is.
    EXPECT_EQ(host_->hypervisor().ping_guest_agent(domain_, 5s).error().kind, ErrorKind::timeout);

    ASSERT_TRUE(host_->hypervisor().destroy(domain_));
    EXPECT_TRUE(events_.hears(event_is("stopped", "destroyed")));
    EXPECT_EQ(host_->process_status(*qemu).error().kind, ErrorKind::not_found);
    EXPECT_EQ(host_->run_state(domain_, 1s).error().kind, ErrorKind::not_found);
    EXPECT_EQ(guest->ping(100ms).error().kind, ErrorKind::timeout);
    beats.reset();
    console_lines.reset();
    subscriptions_.clear();
    EXPECT_TRUE(testbed_->remove(domain_));
    EXPECT_TRUE(testbed_->remove(domain_));
    EXPECT_EQ(state(), DomainState::not_defined);
    EXPECT_FALSE(testbed_->guest(domain_));
    EXPECT_TRUE(fs::is_empty(lab_->nodes().front().outside("/run/ordeal/agents")));
}

TEST_F(LiveTestbed, KeepsWhatWasAcknowledgedWhenQemuIsKilledAndBootsAgain) {
    auto* guest = boot();
    Heard<Acknowledged> acknowledged;
    auto listening = guest->on_acknowledged([&](const auto& a) { acknowledged.add(a); });
    const LoadOrder order{.spec = {.domain = "vm", .profile = "append_fsync"}, .run_id = 7};
    const auto loaded = guest->start_load(order, patience);
    ASSERT_TRUE(loaded) << loaded.error().text();
    EXPECT_TRUE(acknowledged.hears([](const auto& a) { return a.last >= 20; }));
    const auto copy = directory_ / "copy.img";
    EXPECT_EQ(testbed_->capture(domain_, "data", copy).error().kind, ErrorKind::refused);

    const auto qemu = host_->qemu_process(domain_);
    ASSERT_TRUE(qemu);
    ASSERT_TRUE(host_->signal(*qemu, Signal::kill));
    EXPECT_TRUE(events_.hears(event_is("stopped", "failed")));
    EXPECT_EQ(host_->qemu_process(domain_).error().kind, ErrorKind::not_found);
    const auto specimen = testbed_->capture(domain_, "data", copy);
    ASSERT_TRUE(specimen) << specimen.error().text();
    const auto replayed = run({"e2fsck", "-fy", specimen->image.string()});
    ASSERT_TRUE(replayed);
    const auto listed =
        run_or_fail({"debugfs", "-R", "ls " + order.directory(), specimen->image.string()});
    ASSERT_TRUE(listed);
    EXPECT_THAT(*listed, HasSubstr("append-0"));

    ASSERT_TRUE(host_->hypervisor().start(domain_));
    const auto again = guest->wait_hello(scheduler_.now() + patience);
    ASSERT_TRUE(again) << again.error().text();
    EXPECT_NE(again->boot_id, boot_id_);
}

TEST_F(LiveTestbed, SeesAStoppedQemuThatLibvirtCallsRunningAndRemovesIt) {
    boot();
    const auto qemu = host_->qemu_process(domain_);
    ASSERT_TRUE(qemu);
    ASSERT_TRUE(host_->signal(*qemu, Signal::stop));
    EXPECT_TRUE(wait_until(patience, [&] { return host_->process_status(*qemu)->state == 'T'; }));
    EXPECT_EQ(state(), DomainState::running);
    const auto before = beats_.count();
    ASSERT_TRUE(host_->signal(*qemu, Signal::cont));
    EXPECT_TRUE(beats_.grows(before));
    ASSERT_TRUE(host_->signal(*qemu, Signal::stop));
    const auto removed = testbed_->remove(domain_);
    EXPECT_TRUE(removed) << removed.error().text();
    EXPECT_EQ(host_->process_status(*qemu).error().kind, ErrorKind::not_found);
}

TEST_F(LiveTestbed, LearnsOfAPanicByPvpanic) {
    auto* guest = boot();
    Heard<std::string> lines;
    const auto listening = guest->on_console([&](Instant, const auto& l) { lines.add(l); });
    const auto injected = guest->inject("panic", {}, patience);
    ASSERT_TRUE(injected) << injected.error().text();
    EXPECT_TRUE(events_.hears(event_is("crashed", "panicked")));
    EXPECT_EQ(state(), DomainState::crashed);
    EXPECT_TRUE(
        lines.hears([](const auto& l) { return l.find("Kernel panic") != std::string::npos; }));
}

TEST_F(LiveTestbed, FindsLibvirtAgainAfterItsDaemonWasKilledWhileTheGuestLives) {
    boot();
    const auto daemon = host_->service_process("libvirtd");
    ASSERT_TRUE(daemon);
    ASSERT_TRUE(host_->signal(*daemon, Signal::kill));
    EXPECT_TRUE(events_.hears([](const auto& e) { return e.event == "connection_lost"; }));
    EXPECT_EQ(host_->hypervisor().state(domain_).error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(beats_.grows(beats_.count()));
    EXPECT_TRUE(host_->qemu_process(domain_));

    const auto started = host_->start_service("libvirtd");
    ASSERT_TRUE(started) << started.error().text();
    EXPECT_TRUE(events_.hears([](const auto& e) { return e.event == "connection_back"; }));
    EXPECT_EQ(state(), DomainState::running);
    const auto suspended = host_->hypervisor().suspend(domain_);
    ASSERT_TRUE(suspended) << suspended.error().text();
    EXPECT_TRUE(events_.hears(event_is("suspended", "paused")));
}

TEST_F(LiveTestbed, RemovesFromAFreshTestbedAlsoWithoutLibvirtd) {
    ASSERT_TRUE(testbed_->provision({.name = "vm"}, domain_, 0, directory_));
    testbed_.reset();
    testbed_ = *LabTestbed::open({.lab = lab_name_}, scheduler_);
    host_ = *testbed_->host("n1");
    ASSERT_TRUE(host_->signal(*host_->service_process("libvirtd"), Signal::kill));
    testbed_.reset();
    testbed_ = *LabTestbed::open({.lab = lab_name_}, scheduler_);
    host_ = *testbed_->host("n1");
    EXPECT_EQ(testbed_->remove(domain_).error().kind, ErrorKind::unavailable);
    ASSERT_TRUE(host_->start_service("libvirtd"));
    EXPECT_TRUE(testbed_->remove(domain_));
    EXPECT_TRUE(host_->hypervisor().domains()->empty());
}

TEST_F(LiveTestbed, RefusesASecondProvisionerAndWhatTheGuestCannotDo) {
    ASSERT_TRUE(testbed_->provision({.name = "vm"}, domain_, 0, directory_));
    const auto other =
        LabTestbed::open({.lab = lab_name_, .accelerator = Accelerator::tcg}, scheduler_);
    ASSERT_TRUE(other);
    EXPECT_EQ((*other)->provision({.name = "vm"}, "other", 1, directory_).error().kind,
              ErrorKind::refused);
    const DomainSpec two_disks{.name = "vm", .disks = {{.name = "a"}, {.name = "b"}}};
    EXPECT_EQ(testbed_->provision(two_disks, "two", 2, directory_).error().kind,
              ErrorKind::definition);
    EXPECT_EQ(testbed_->host("n9").error().kind, ErrorKind::not_found);
    EXPECT_TRUE(testbed_->remove(domain_));
}

}  // namespace
}  // namespace ordeal
