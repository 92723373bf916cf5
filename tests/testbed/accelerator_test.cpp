#include "testbed/accelerator.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::HasSubstr;

/// An emulator of a few lines of shell, so that each outcome can be had anywhere.
class ChooseAccelerator : public ::testing::Test {
  protected:
    void SetUp() override {
        fs::create_directories(options_.guest);
        std::ofstream(options_.guest / "vmlinuz") << "kernel";
        std::ofstream(options_.guest / "initramfs") << "initramfs";
        std::ofstream(options_.device) << "";
    }

    ~ChooseAccelerator() override { fs::remove_all(directory_); }

    /// `boot` sees the console's path as $console.
    void emulate(const std::string& boot, const std::string& version = "QEMU 1") const {
        std::ofstream(options_.emulator)
            << "#!/bin/sh\n[ \"$1\" = --version ] && { echo '" << version << "'; exit; }\n"
            << "echo boot >>" << (directory_ / "boots").string() << "\n"
            << "for word; do case $word in file:*) console=${word#file:};; esac; done\n"
            << boot << "\n";
        fs::permissions(options_.emulator, fs::perms::owner_all);
    }

    std::size_t boots() const {
        std::ifstream file(directory_ / "boots");
        std::size_t count = 0;
        for (std::string line; std::getline(file, line);) {
            ++count;
        }
        return count;
    }

    const fs::path directory_ =
        fs::temp_directory_path() / ("ordeal-accelerator-test-" + std::to_string(::getpid()));
    const AcceleratorOptions options_{.guest = directory_ / "guest",
                                      .cache = directory_ / "cache",
                                      .device = directory_ / "kvm",
                                      .emulator = directory_ / "qemu",
                                      .deadline = 5s};
};

TEST_F(ChooseAccelerator, TakesKvmWhenTheGuestReachesUserspace) {
    emulate("echo 'ordeal: userspace' >$console; sleep 60");
    const auto choice = choose_accelerator(options_);
    ASSERT_TRUE(choice) << choice.error().text();
    EXPECT_EQ(choice->accelerator, Accelerator::kvm);
}

TEST_F(ChooseAccelerator, TakesTcgWhenTheGuestHangs) {
    emulate("echo 'Booting from ROM' >$console; sleep 60");
    auto options = options_;
    options.deadline = 300ms;
    const auto choice = choose_accelerator(options);
    ASSERT_TRUE(choice) << choice.error().text();
    EXPECT_EQ(choice->accelerator, Accelerator::tcg);
    EXPECT_THAT(choice->reason, HasSubstr("does not reach userspace"));
}

TEST_F(ChooseAccelerator, TakesTcgWhenQemuGivesUp) {
    emulate("echo 'failed to initialize kvm' >&2; exit 1");
    const auto choice = choose_accelerator(options_);
    ASSERT_TRUE(choice) << choice.error().text();
    EXPECT_EQ(choice->accelerator, Accelerator::tcg);
    EXPECT_THAT(choice->reason, HasSubstr("failed to initialize kvm"));
}

TEST_F(ChooseAccelerator, DoesNotTryWithoutTheDevice) {
    emulate("echo 'ordeal: userspace' >$console; sleep 60");
    auto options = options_;
    options.device = directory_ / "no-kvm";
    const auto choice = choose_accelerator(options);
    ASSERT_TRUE(choice) << choice.error().text();
    EXPECT_EQ(choice->accelerator, Accelerator::tcg);
    EXPECT_EQ(boots(), 0U);
}

TEST_F(ChooseAccelerator, RemembersUntilQemuChanges) {
    emulate("exit 1");
    ASSERT_TRUE(choose_accelerator(options_));
    emulate("echo 'ordeal: userspace' >$console; sleep 60");
    const auto remembered = choose_accelerator(options_);
    ASSERT_TRUE(remembered);
    EXPECT_EQ(remembered->accelerator, Accelerator::tcg);
    EXPECT_EQ(boots(), 1U);
    emulate("echo 'ordeal: userspace' >$console; sleep 60", "QEMU 2");
    const auto asked = choose_accelerator(options_);
    ASSERT_TRUE(asked);
    EXPECT_EQ(asked->accelerator, Accelerator::kvm);
    EXPECT_EQ(boots(), 2U);
}

TEST_F(ChooseAccelerator, SaysThatTheGuestImageIsMissing) {
    emulate("exit 1");
    auto options = options_;
    options.guest = directory_ / "nothing";
    const auto choice = choose_accelerator(options);
    ASSERT_FALSE(choice);
    EXPECT_EQ(choice.error().kind, ErrorKind::missing);
    EXPECT_THAT(choice.error().hint, HasSubstr("bootstrap"));
}

}  // namespace
}  // namespace ordeal
