#include "testbed/ping.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

class PingTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root";
        }
    }
};

TEST_F(PingTest, MeasuresTheRoundTripToWhoAnswers) {
    auto ping = Ping::open(::getpid(), "127.0.0.1");
    ASSERT_TRUE(ping) << ping.error().text();
    for (int i = 0; i < 3; ++i) {
        const auto answer = ping->echo(10s);
        ASSERT_TRUE(answer) << answer.error().text();
        EXPECT_GT(*answer, Duration::zero());
    }
}

TEST_F(PingTest, CallsSilenceATimeout) {
    auto sender = Ping::open(::getpid(), "127.0.0.1");
    ASSERT_TRUE(sender);
    // An answer that comes too late must not be taken for that of the next echo either.
    const auto none = sender->echo(Duration::zero());
    if (!none) {
        EXPECT_EQ(none.error().kind, ErrorKind::timeout);
    }
    EXPECT_TRUE(sender->echo(10s));
}

TEST_F(PingTest, RefusesWhatIsNoAddressAndWhereNobodyIs) {
    EXPECT_EQ(Ping::open(::getpid(), "localhost").error().kind, ErrorKind::usage);
    EXPECT_EQ(Ping::open(0x3fffffff, "127.0.0.1").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace ordeal
