#include "testbed/console_tail.hpp"

#include <gmock/gmock.h>

#include <condition_variable>
#include <fstream>
#include <mutex>
#include <vector>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using namespace std::chrono_literals;

class ConsoleTailTest : public testing::Test {
  protected:
    void SetUp() override {
        path_ = fs::path(testing::TempDir()) /
                testing::UnitTest::GetInstance()->current_test_info()->name();
        write("", std::ios::trunc);
    }

    void TearDown() override { fs::remove(path_); }

    void write(const std::string& text, std::ios::openmode mode = std::ios::app) const {
        std::ofstream(path_, mode | std::ios::binary) << text;
    }

    std::unique_ptr<ConsoleTail> follow() {
        auto tail = ConsoleTail::follow(path_, [this](auto, const std::string& line) {
            const std::lock_guard lock(mutex_);
            lines_.push_back(line);
            changed_.notify_all();
        });
        EXPECT_TRUE(tail);
        return std::move(*tail);
    }

    std::vector<std::string> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 10s, [&] { return lines_.size() >= count; });
        return lines_;
    }

    fs::path path_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> lines_;
};

TEST_F(ConsoleTailTest, HandsOutLinesOnceTheyAreComplete) {
    write("first\r\nsec");
    const auto tail = follow();
    EXPECT_THAT(wait_for(1), ElementsAre("first"));
    write("ond\n\n\tthird\x1b[m\n");
    EXPECT_THAT(wait_for(3), ElementsAre("first", "second", "\tthird[m"));
}

TEST_F(ConsoleTailTest, BeginsAgainWhenTheFileIsCut) {
    write("a long first line\n");
    const auto tail = follow();
    EXPECT_EQ(wait_for(1).size(), 1U);
    write("new\n", std::ios::trunc);
    EXPECT_THAT(wait_for(2), ElementsAre("a long first line", "new"));
}

TEST_F(ConsoleTailTest, BoundsALineThatNeverEnds) {
    const auto tail = follow();
    write(std::string(5000, 'x'));
    const auto lines = wait_for(1);
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].size(), 4096U);
}

TEST_F(ConsoleTailTest, SaysThatThereIsNoFile) {
    const auto tail = ConsoleTail::follow("/nonexistent/console", [](auto, const auto&) {});
    ASSERT_FALSE(tail);
    EXPECT_EQ(tail.error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace ordeal
