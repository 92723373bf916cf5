#include "testbed/control_group.hpp"

#include "testbed/process.hpp"
#include "testbed/procfs.hpp"
#include "testbed/wait.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <unistd.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

class ControlGroup : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root";
        }
        auto child = Child::spawn({"sh", "-c", "while :; do :; done"}, {});
        ASSERT_TRUE(child) << child.error().text();
        child_.emplace(std::move(*child));
        process_ = *process_ref(child_->pid());
        directory_ = std::filesystem::temp_directory_path() /
                     ("ordeal-groups-" + std::to_string(::getpid()));
    }

    void TearDown() override {
        if (child_) {
            EXPECT_TRUE(release(process_, directory_));
            EXPECT_TRUE(send_signal(process_, Signal::kill));
        }
        std::filesystem::remove_all(directory_);
    }

    Duration cpu_time() { return process_status(process_)->cpu_time; }

    bool uses_cpu_time(Duration amount) {
        const auto before = cpu_time();
        return wait_until(10s, [&] { return cpu_time() - before >= amount; });
    }

    std::optional<Child> child_;
    ProcessRef process_;
    std::filesystem::path directory_;
};

TEST_F(ControlGroup, FreezesAProcessAndLetsItGoOn) {
    if (const auto lack = what_confining_lacks({.frozen = true}); !lack.empty()) {
        GTEST_SKIP() << lack;
    }
    ASSERT_TRUE(uses_cpu_time(10ms));
    ASSERT_TRUE(confine(process_, {.frozen = true}, directory_));
    ASSERT_TRUE(wait_until(10s, [&] { return confined(process_)->frozen; }));
    const auto before = cpu_time();
    EXPECT_FALSE(wait_until(200ms, [&] { return cpu_time() > before; }));
    ASSERT_TRUE(release(process_, directory_));
    EXPECT_EQ(confined(process_).error().kind, ErrorKind::not_found);
    EXPECT_TRUE(uses_cpu_time(10ms));
    EXPECT_TRUE(release(process_, directory_)) << "twice";
}

TEST_F(ControlGroup, CountsThePeriodsInWhichAProcessWaits) {
    if (const auto lack = what_confining_lacks({.processors = 1}); !lack.empty()) {
        GTEST_SKIP() << lack;
    }
    ASSERT_TRUE(confine(process_, {.processors = 0.05}, directory_));
    EXPECT_TRUE(wait_until(10s, [&] { return confined(process_)->throttled > 2; }));
    EXPECT_FALSE(confined(process_)->frozen);
    ASSERT_TRUE(release(process_, directory_));
    EXPECT_EQ(confined(process_).error().kind, ErrorKind::not_found);
}

TEST_F(ControlGroup, OfADeadProcessIsRemoved) {
    if (const auto lack = what_confining_lacks({.frozen = true}); !lack.empty()) {
        GTEST_SKIP() << lack;
    }
    ASSERT_TRUE(confine(process_, {.frozen = true}, directory_));
    ASSERT_TRUE(send_signal(process_, Signal::kill)) << "a frozen process can be killed";
    ASSERT_TRUE(wait_gone(process_, 10s));
    EXPECT_TRUE(release(process_, directory_));
    EXPECT_EQ(confined(process_).error().kind, ErrorKind::not_found);
    child_.reset();
}

}  // namespace
}  // namespace ordeal
