#include "testbed/thread_scheduler.hpp"

#include "testbed/wait.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(ThreadScheduler, WaitsUntilTheDeadlineAndNotLess) {
    ThreadScheduler scheduler;
    const auto deadline = scheduler.now() + 20ms;
    EXPECT_EQ(scheduler.wait_until(deadline, {}), Woken::deadline);
    EXPECT_GE(scheduler.now(), deadline);
}

TEST(ThreadScheduler, PutsReadyBeforeDeadlineBeforeStop) {
    ThreadScheduler scheduler;
    std::stop_source stopped;
    stopped.request_stop();
    const auto past = scheduler.now() - 1s;
    EXPECT_EQ(scheduler.wait_until(past, stopped.get_token(), [] { return true; }), Woken::ready);
    EXPECT_EQ(scheduler.wait_until(past, stopped.get_token()), Woken::deadline);
    EXPECT_EQ(scheduler.wait_for(1h, stopped.get_token()), Woken::stopped);
}

TEST(ThreadScheduler, WakesTheOneWhoIsReadyAndLeavesTheOther) {
    ThreadScheduler scheduler;
    std::atomic<bool> open = false;
    std::atomic<int> looks = 0;
    std::atomic<Woken> other = Woken::ready;
    const auto one = scheduler.spawn("other", [&](const std::stop_token& stop) {
        other = scheduler.wait_for(1h, stop, [&] {
            ++looks;
            return false;
        });
    });
    // Nobody is notified of a look, so this is asked from outside the scheduler.
    ASSERT_TRUE(ordeal::wait_until(20s, [&] { return looks > 0; }));
    const auto two = scheduler.spawn("opener", [&](const std::stop_token&) {
        open = true;
        scheduler.notify();
    });
    EXPECT_EQ(scheduler.wait_for(1h, {}, [&] { return open.load(); }), Woken::ready);
    one->request_stop();
    one->join();
    EXPECT_EQ(other, Woken::stopped);
}

TEST(ThreadScheduler, LosesNoNotification) {
    ThreadScheduler scheduler;
    constexpr int rounds = 2000;
    std::atomic<int> turn = 0;
    const auto player = [&](int parity) {
        return [&, parity](const std::stop_token& stop) {
            for (int round = parity; round < rounds; round += 2) {
                ASSERT_EQ(scheduler.wait_for(20s, stop, [&] { return turn == round; }),
                          Woken::ready);
                ++turn;
                scheduler.notify();
            }
        };
    };
    const auto even = scheduler.spawn("even", player(0));
    const auto odd = scheduler.spawn("odd", player(1));
    even->join();
    odd->join();
    EXPECT_EQ(turn, rounds);
}

TEST(ThreadScheduler, EndsATaskWhenItsHandleGoes) {
    ThreadScheduler scheduler;
    std::atomic<bool> ended = false;
    {
        const auto task = scheduler.spawn("waits", [&](const std::stop_token& stop) {
            EXPECT_EQ(scheduler.wait_for(1h, stop), Woken::stopped);
            ended = true;
        });
    }
    EXPECT_TRUE(ended);
}

TEST(ThreadScheduler, TakesTheFarthestDeadline) {
    ThreadScheduler scheduler;
    std::stop_source source;
    const auto task = scheduler.spawn("far", [&](const std::stop_token& stop) {
        EXPECT_EQ(scheduler.wait_until(Instant::max(), stop), Woken::stopped);
    });
    task->request_stop();
    task->join();
}

}  // namespace
}  // namespace ordeal
