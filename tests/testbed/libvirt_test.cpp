#include "testbed/libvirt.hpp"

#include "testbed/libvirt_words.hpp"

#include <gmock/gmock.h>
#include <libvirt/libvirt.h>

#include <condition_variable>
#include <mutex>
#include <thread>

// Against libvirt's own test driver: it lives in the client library and needs no daemon. Each
// connection has its own world with one running domain, "test".

namespace ordeal {
namespace {

using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::Field;
using namespace std::chrono_literals;

std::unique_ptr<Libvirt> test_driver() {
    auto opened = Libvirt::open({.uri = "test:///default"});
    EXPECT_TRUE(opened) << opened.error().text();
    return std::move(*opened);
}

/// Collects events and waits for their number.
class Collector {
  public:
    void add(const DomainEvent& event) {
        const std::lock_guard lock(mutex_);
        events_.push_back(event);
        changed_.notify_all();
    }

    std::vector<DomainEvent> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 10s, [&] { return events_.size() >= count; });
        return events_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<DomainEvent> events_;
};

auto is_event(const std::string& domain, const std::string& event, const std::string& detail) {
    return AllOf(Field(&DomainEvent::domain, domain),
                 Field(&DomainEvent::event, event),
                 Field(&DomainEvent::detail, detail));
}

TEST(Libvirt, ReadsAndChangesTheStateOfADomain) {
    const auto libvirt = test_driver();
    EXPECT_EQ(libvirt->state("test")->state, DomainState::running);
    ASSERT_TRUE(libvirt->suspend("test"));
    EXPECT_EQ(libvirt->state("test")->state, DomainState::paused);
    EXPECT_EQ(libvirt->state("test")->reason, "user");
    ASSERT_TRUE(libvirt->resume("test"));
    ASSERT_TRUE(libvirt->destroy("test"));
    EXPECT_EQ(libvirt->state("test")->state, DomainState::shut_off);
    EXPECT_EQ(libvirt->state("test")->reason, "destroyed");
    ASSERT_TRUE(libvirt->start("test"));
    EXPECT_EQ(libvirt->state("test")->reason, "booted");
}

TEST(Libvirt, CallsADomainThatItDoesNotKnowNotDefined) {
    const auto libvirt = test_driver();
    EXPECT_EQ(libvirt->state("nobody")->state, DomainState::not_defined);
    EXPECT_EQ(libvirt->start("nobody").error().kind, ErrorKind::not_found);
    EXPECT_EQ(libvirt->remove("nobody").error().kind, ErrorKind::not_found);
}

TEST(Libvirt, TellsManyWhoAskAtOnceEachOfTheirOwnDomain) {
    const auto libvirt = test_driver();
    const std::vector<std::string> names{"running", "paused", "nobody", "shut"};
    const std::vector<DomainState> expected{
        DomainState::running, DomainState::paused, DomainState::not_defined, DomainState::shut_off};
    for (const auto& name : names) {
        if (name != "nobody") {
            ASSERT_TRUE(libvirt->define("<domain type='test'><name>" + name +
                                        "</name><memory>8192</memory>"
                                        "<os><type>hvm</type></os></domain>"));
        }
    }
    ASSERT_TRUE(libvirt->start("running"));
    ASSERT_TRUE(libvirt->start("paused"));
    ASSERT_TRUE(libvirt->suspend("paused"));
    constexpr std::size_t times = 200;
    std::vector<std::size_t> right(names.size());
    {
        std::vector<std::jthread> askers;
        for (std::size_t i = 0; i < names.size(); ++i) {
            askers.emplace_back([&, i] {
                for (std::size_t turn = 0; turn < times; ++turn) {
                    const auto status = libvirt->state(names[i]);
                    right[i] += status && status->state == expected[i] ? 1 : 0;
                }
            });
        }
    }
    EXPECT_THAT(right, testing::Each(times));
}

TEST(Libvirt, AnswersWithNothingOlderThanTheQuestion) {
    const auto libvirt = test_driver();
    const std::jthread another([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            std::ignore = libvirt->state("test");
        }
    });
    for (int turn = 0; turn < 100; ++turn) {
        ASSERT_TRUE(libvirt->suspend("test"));
        ASSERT_EQ(libvirt->state("test")->state, DomainState::paused);
        ASSERT_TRUE(libvirt->resume("test"));
        ASSERT_EQ(libvirt->state("test")->state, DomainState::running);
    }
}

TEST(Libvirt, RefusesWhatTheStateDoesNotAllow) {
    const auto libvirt = test_driver();
    ASSERT_TRUE(libvirt->destroy("test"));
    const auto answer = libvirt->destroy("test");
    ASSERT_FALSE(answer);
    EXPECT_EQ(answer.error().kind, ErrorKind::refused);
    EXPECT_EQ(answer.error().tried, "destroy domain test");
}

TEST(Libvirt, RemovesARunningDomain) {
    const auto libvirt = test_driver();
    EXPECT_THAT(*libvirt->domains(), ElementsAre("test"));
    const auto removed = libvirt->remove("test");
    ASSERT_TRUE(removed) << removed.error().text();
    EXPECT_TRUE(libvirt->domains()->empty());
}

TEST(Libvirt, DefinesFromXmlAndSaysWhatIsWrongWithIt) {
    const auto libvirt = test_driver();
    const auto uuid = libvirt->define(
        "<domain "
        "type='test'><name>vm</name><memory>8192</memory><os><type>hvm</type></os></domain>");
    ASSERT_TRUE(uuid) << uuid.error().text();
    EXPECT_EQ(uuid->size(), 36U);
    EXPECT_THAT(*libvirt->domains(), Contains("vm"));
    EXPECT_EQ(libvirt->define("<domain").error().kind, ErrorKind::definition);
}

TEST(Libvirt, DeliversTheEventsOfOneDomainInOrder) {
    const auto libvirt = test_driver();
    Collector ours;
    Collector others;
    const auto subscription = libvirt->subscribe("test", [&](const auto& e) { ours.add(e); });
    const auto other = libvirt->subscribe("other", [&](const auto& e) { others.add(e); });
    ASSERT_TRUE(libvirt->suspend("test"));
    ASSERT_TRUE(libvirt->destroy("test"));
    EXPECT_THAT(ours.wait_for(2),
                ElementsAre(is_event("test", "suspended", "paused"),
                            is_event("test", "stopped", "destroyed")));
    EXPECT_TRUE(others.wait_for(0).empty());
}

TEST(Libvirt, DeliversNothingAfterTheSubscriptionEnded) {
    const auto libvirt = test_driver();
    Collector ended;
    Collector lasting;
    auto subscription = libvirt->subscribe("test", [&](const auto& e) { ended.add(e); });
    const auto other = libvirt->subscribe("test", [&](const auto& e) { lasting.add(e); });
    subscription->reset();
    ASSERT_TRUE(libvirt->suspend("test"));
    EXPECT_EQ(lasting.wait_for(1).size(), 1U);
    EXPECT_TRUE(ended.wait_for(0).empty());
}

TEST(Libvirt, FailsWithinItsDeadlineWithoutADaemon) {
    const auto opened = Libvirt::open(
        {.uri = "qemu+unix:///system?socket=/nonexistent/sock", .connect_deadline = 200ms});
    ASSERT_FALSE(opened);
    EXPECT_EQ(opened.error().kind, ErrorKind::unavailable);
}

TEST(LibvirtWords, AreLibvirtsOwn) {
    const auto status = libvirt_status(VIR_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED_PANICKED);
    EXPECT_EQ(status.state, DomainState::crashed);
    EXPECT_EQ(status.reason, "panicked");
    EXPECT_EQ(libvirt_status(VIR_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF_DAEMON).reason, "daemon");
    EXPECT_EQ(libvirt_status(VIR_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED).reason,
              "postcopy_failed");
    const auto event =
        libvirt_lifecycle_event(VIR_DOMAIN_EVENT_STOPPED, VIR_DOMAIN_EVENT_STOPPED_FAILED);
    EXPECT_EQ(event.event, "stopped");
    EXPECT_EQ(event.detail, "failed");
}

TEST(LibvirtWords, SurviveNumbersOfANewerLibvirt) {
    EXPECT_EQ(libvirt_status(VIR_DOMAIN_RUNNING, 999).reason, "unknown");
    EXPECT_EQ(libvirt_status(999, 0).state, DomainState::no_state);
    EXPECT_EQ(libvirt_lifecycle_event(999, 0).event, "unknown");
    EXPECT_EQ(libvirt_lifecycle_event(VIR_DOMAIN_EVENT_STOPPED, -1).detail, "unknown");
}

}  // namespace
}  // namespace ordeal
