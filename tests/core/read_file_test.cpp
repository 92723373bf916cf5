#include "core/read_file.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace ordeal {
namespace {

TEST(ReadFile, ReadsAFileOfTheKernel) {
    const auto text = read_file("/proc/self/stat");
    EXPECT_TRUE(text.starts_with(std::to_string(::getpid()) + " ")) << text;
}

TEST(ReadFile, TakesAReadErrorForTheEnd) {
    // The first page of our own memory opens and cannot be read: EIO.
    EXPECT_EQ(read_file("/proc/self/mem"), "");
}

TEST(ReadFile, IsEmptyWithoutAFile) {
    EXPECT_EQ(read_file("/nonexistent/file"), "");
}

}  // namespace
}  // namespace ordeal
