#include "testbed/sim/sim_scheduler.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(SimScheduler, JumpsToTheDeadlineWhenAllWait) {
    SimScheduler scheduler;
    const auto before = scheduler.now();
    const auto wall = scheduler.wall();
    EXPECT_EQ(scheduler.wait_for(1h, {}), Woken::deadline);
    EXPECT_EQ(scheduler.now() - before, 1h);
    EXPECT_EQ(scheduler.wall() - wall, 1h);
}

TEST(SimScheduler, WakesInTheOrderOfDeadlinesThenOfTasks) {
    SimScheduler scheduler;
    std::vector<int> order;
    std::vector<std::unique_ptr<Task>> tasks;
    const std::vector<std::pair<int, Duration>> delays{{1, 30ms}, {2, 10ms}, {3, 10ms}, {4, 20ms}};
    for (const auto& [number, delay] : delays) {
        tasks.push_back(scheduler.spawn("t", [&, number, delay](const std::stop_token& stop) {
            scheduler.wait_for(delay, stop);
            order.push_back(number);
        }));
    }
    scheduler.wait_for(1s, {});
    EXPECT_EQ(order, (std::vector{2, 3, 4, 1}));
}

TEST(SimScheduler, WakesAWaiterAtTheInstantOfTheNotification) {
    SimScheduler scheduler;
    const auto begin = scheduler.now();
    bool flag = false;
    auto setter = scheduler.spawn("setter", [&](const std::stop_token& stop) {
        scheduler.wait_for(5ms, stop);
        flag = true;
        scheduler.notify();
    });
    EXPECT_EQ(scheduler.wait_for(1s, {}, [&] { return flag; }), Woken::ready);
    EXPECT_EQ(scheduler.now() - begin, 5ms);
}

TEST(SimScheduler, DoesNotHideAForgottenNotification) {
    SimScheduler scheduler;
    const auto begin = scheduler.now();
    bool flag = false;
    // The task must outlive the deadline: its end would be a notification, too.
    auto setter = scheduler.spawn("setter", [&](const std::stop_token& stop) {
        scheduler.wait_for(5ms, stop);
        flag = true;
        scheduler.wait_for(1h, stop);
    });
    EXPECT_EQ(scheduler.wait_for(1s, {}, [&] { return flag; }), Woken::ready);
    EXPECT_EQ(scheduler.now() - begin, 1s);
}

TEST(SimScheduler, PutsReadyBeforeDeadlineBeforeStop) {
    SimScheduler scheduler;
    std::stop_source stop;
    stop.request_stop();
    const auto now = scheduler.now();
    EXPECT_EQ(scheduler.wait_until(now, stop.get_token(), [] { return true; }), Woken::ready);
    EXPECT_EQ(scheduler.wait_until(now, stop.get_token()), Woken::deadline);
    EXPECT_EQ(scheduler.wait_until(now + 1s, stop.get_token()), Woken::stopped);
    EXPECT_EQ(scheduler.now(), now);
}

TEST(SimScheduler, EndsATaskThatIsDestroyed) {
    SimScheduler scheduler;
    Woken woken = Woken::ready;
    auto task = scheduler.spawn(
        "sleeper", [&](const std::stop_token& stop) { woken = scheduler.wait_for(10h, stop); });
    scheduler.wait_for(1s, {});
    const auto before = scheduler.now();
    task.reset();
    EXPECT_EQ(woken, Woken::stopped);
    EXPECT_EQ(scheduler.now(), before);
}

TEST(SimScheduler, NamesTheTasksThatAreStuck) {
    SimScheduler scheduler;
    auto task = scheduler.spawn("waits-for-godot", [&](const std::stop_token& stop) {
        scheduler.wait_until(Instant::max(), stop, [] { return false; });
    });
    try {
        scheduler.wait_until(Instant::max(), {}, [] { return false; });
        FAIL() << "a wait that cannot end ended";
    } catch (const SimStuck& stuck) {
        EXPECT_NE(std::string(stuck.what()).find("waits-for-godot"), std::string::npos);
        EXPECT_NE(std::string(stuck.what()).find("main"), std::string::npos);
    }
}

TEST(SimSchedulerDeathTest, DoesNotLetATaskStandStillForEver) {
    SimScheduler scheduler;
    EXPECT_DEATH(
        while (true) { scheduler.wait_for(Duration(0), {}); }, "main waits again and again");
}

TEST(SimScheduler, RunsThousandsOfVirtualSecondsInOne) {
    SimScheduler scheduler;
    int beats = 0;
    auto ticker = scheduler.spawn("ticker", [&](const std::stop_token& stop) {
        while (scheduler.wait_for(100ms, stop) == Woken::deadline) {
            ++beats;
            scheduler.notify();
        }
    });
    int heard = 0;
    const auto end = scheduler.now() + 1000s;
    while (scheduler.now() < end) {
        scheduler.wait_until(end, {}, [&] { return beats != heard; });
        heard = beats;
    }
    EXPECT_GE(heard, 9'999);
}

TEST(SimScheduler, GivesTheSameOrderEveryTime) {
    const auto run = [] {
        SimScheduler scheduler;
        std::vector<int> order;
        std::vector<std::unique_ptr<Task>> tasks;
        for (int number = 0; number < 8; ++number) {
            tasks.push_back(scheduler.spawn("t", [&, number](const std::stop_token& stop) {
                for (int turn = 0; turn < 20; ++turn) {
                    scheduler.wait_for(std::chrono::milliseconds((number * 7 + turn * 3) % 11 + 1),
                                       stop);
                    order.push_back(number);
                }
            }));
        }
        for (auto& task : tasks) {
            task->join();
        }
        return order;
    };
    EXPECT_EQ(run(), run());
}

}  // namespace
}  // namespace ordeal
