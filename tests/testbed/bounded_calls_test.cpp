#include "testbed/bounded_calls.hpp"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <thread>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(BoundedCalls, PassesTheAnswerOn) {
    BoundedCalls calls;
    EXPECT_EQ(*calls.run("count", 10s, [] { return Result<int>(7); }), 7);
    EXPECT_EQ(calls.run("fail", 10s, [] { return Status(fail(ErrorKind::corrupt, "a", "b")); })
                  .error()
                  .kind,
              ErrorKind::corrupt);
}

TEST(BoundedCalls, LeavesAStuckCallBehindAndTakesNoMoreThanItBears) {
    auto release = std::make_shared<std::latch>(1);
    const auto stuck = [release] {
        release->wait();
        return ok();
    };
    BoundedCalls calls(1);
    const auto late = calls.run("wait", 10ms, stuck);
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().kind, ErrorKind::timeout);
    EXPECT_EQ(calls.run("more", 10s, [] { return ok(); }).error().kind, ErrorKind::unavailable);
    release->count_down();
    // The stuck call ends soon now, and its place is free again.
    const auto until = std::chrono::steady_clock::now() + 10s;
    while (!calls.run("more", 10s, [] { return ok(); })) {
        ASSERT_LT(std::chrono::steady_clock::now(), until);
        std::this_thread::yield();
    }
}

TEST(BoundedCalls, KeepsItsThreadForTheNextCallAndNothingOfTheLast) {
    BoundedCalls calls;
    const auto who = [] { return Result<std::thread::id>(std::this_thread::get_id()); };
    auto owned = std::make_shared<int>(7);
    const std::weak_ptr<int> seen = owned;
    const auto first = calls.run("ask", 10s, [who, owned = std::move(owned)] { return who(); });
    EXPECT_TRUE(seen.expired());
    EXPECT_EQ(*calls.run("ask", 10s, who), *first);
    EXPECT_NE(*first, std::this_thread::get_id());
}

TEST(BoundedCalls, CanGoBeforeTheirStuckCalls) {
    auto release = std::make_shared<std::latch>(1);
    auto ended = std::make_shared<std::latch>(1);
    {
        BoundedCalls calls;
        EXPECT_FALSE(calls.run("wait", 10ms, [release, ended] {
            release->wait();
            ended->count_down();
            return ok();
        }));
    }
    release->count_down();
    ended->wait();
}

}  // namespace
}  // namespace ordeal
