#include "testbed/procfs.hpp"

#include "testbed/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::Field;

/// The child's state letter once it is `wanted`; the last one seen after five seconds.
char await_state(pid_t pid, char wanted) {
    char seen = '?';
    for (int tries = 0; tries < 500 && seen != wanted; ++tries) {
        const auto info = process_info(pid);
        seen = info ? info->state : 'Z';
        std::this_thread::sleep_for(10ms);
    }
    return seen;
}

TEST(ProcessInfo, DescribesThisProcess) {
    const auto info = process_info(::getpid());
    ASSERT_TRUE(info) << info.error().text();
    EXPECT_EQ(info->ref.pid, ::getpid());
    EXPECT_GT(info->ref.start_ticks, 0U);
    EXPECT_EQ(info->state, 'R');
    EXPECT_GE(info->threads, 1);
    EXPECT_EQ(info->pids.front(), ::getpid());
}

TEST(ProcessInfo, CountsCpuTime) {
    const auto before = process_info(::getpid());
    const auto end = std::chrono::steady_clock::now() + 20s;
    auto after = before;
    while (after && after->cpu_time == before->cpu_time && std::chrono::steady_clock::now() < end) {
        after = process_info(::getpid());
    }
    ASSERT_TRUE(after);
    EXPECT_GT(after->cpu_time, before->cpu_time);
}

TEST(ProcessInfo, ReadsANameWithParentheses) {
    auto child = Child::spawn({"sh",
                               "-c",
                               "printf 'a) Z (' > /proc/$$/comm; exec 3<&0; "
                               "while :; do sleep 1; done"});
    ASSERT_TRUE(child) << child.error().text();
    auto info = process_info(child->pid());
    for (int tries = 0; info && info->name == "sh" && tries < 500; ++tries) {
        std::this_thread::sleep_for(10ms);
        info = process_info(child->pid());
    }
    ASSERT_TRUE(info);
    EXPECT_EQ(info->name, "a) Z (");
    EXPECT_NE(info->state, 'Z');
}

TEST(ProcessInfo, CallsAZombieGone) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::_exit(0);
    }
    siginfo_t ended{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT), 0);
    const auto info = process_info(pid);
    ::waitpid(pid, nullptr, 0);
    ASSERT_FALSE(info);
    EXPECT_EQ(info.error().kind, ErrorKind::not_found);
}

TEST(ProcessHold, KnowsOfTheEndBeforeTheParentDoes) {
    const pid_t pid = ::fork();
    if (pid == 0) {
        ::pause();
        ::_exit(0);
    }
    const auto ref = process_ref(pid);
    ASSERT_TRUE(ref);
    const auto hold = ProcessHold::open(*ref);
    ASSERT_TRUE(hold) << hold.error().text();
    EXPECT_TRUE(hold->alive());
    EXPECT_EQ(hold->ref().pid, pid);
    ::kill(pid, SIGKILL);
    siginfo_t ended{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(pid), &ended, WEXITED | WNOWAIT), 0);
    EXPECT_FALSE(hold->alive());
    ::waitpid(pid, nullptr, 0);
    EXPECT_FALSE(hold->alive());
    EXPECT_FALSE(ProcessHold::open(*ref));
    EXPECT_FALSE(ProcessHold().alive());
}

TEST(SendSignal, StopsAndContinues) {
    auto child = Child::spawn({"sleep", "60"});
    ASSERT_TRUE(child) << child.error().text();
    const auto ref = process_ref(child->pid());
    ASSERT_TRUE(ref);
    ASSERT_TRUE(send_signal(*ref, Signal::stop));
    EXPECT_EQ(await_state(child->pid(), 'T'), 'T');
    ASSERT_TRUE(send_signal(*ref, Signal::cont));
    EXPECT_EQ(await_state(child->pid(), 'S'), 'S');
}

TEST(SendSignal, RefusesALaterProcessWithTheSamePid) {
    auto child = Child::spawn({"sleep", "60"});
    ASSERT_TRUE(child) << child.error().text();
    auto ref = process_ref(child->pid());
    ASSERT_TRUE(ref);
    ref->start_ticks -= 1;
    const auto sent = send_signal(*ref, Signal::kill);
    ASSERT_FALSE(sent);
    EXPECT_EQ(sent.error().kind, ErrorKind::not_found);
    EXPECT_FALSE(process_status(*ref));
    EXPECT_TRUE(child->alive());
}

TEST(WaitGone, WaitsForTheEndAndKnowsADeadline) {
    auto child = Child::spawn({"sleep", "60"});
    ASSERT_TRUE(child) << child.error().text();
    const auto ref = process_ref(child->pid());
    ASSERT_TRUE(ref);
    const auto early = wait_gone(*ref, 20ms);
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().kind, ErrorKind::timeout);
    ASSERT_TRUE(send_signal(*ref, Signal::kill));
    EXPECT_TRUE(wait_gone(*ref, 10s)) << "not reaped by us yet: a zombie is gone";
    EXPECT_TRUE(wait_gone(*ref, 10s)) << "already gone";
}

TEST(ProcessesWith, ListsTheOwnNamespace) {
    const auto processes = processes_with(::getpid());
    ASSERT_TRUE(processes) << processes.error().text();
    const auto self = process_ref(::getpid());
    EXPECT_THAT(*processes, Contains(Field(&ProcessInfo::ref, Field(&ProcessRef::pid, self->pid))));
    const auto inside = process_inside(::getpid(), ::getpid());
    ASSERT_TRUE(inside) << inside.error().text();
    EXPECT_EQ(inside->ref.start_ticks, self->start_ticks);
}

}  // namespace
}  // namespace ordeal
