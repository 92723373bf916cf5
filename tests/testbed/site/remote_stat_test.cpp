#include "testbed/site/remote_stat.hpp"

#include "core/read_file.hpp"
#include "testbed/procfs.hpp"

#include <gtest/gtest.h>

#include <unistd.h>

namespace ordeal {
namespace {

TEST(RemoteStat, ReadsWhatTheKernelSaysOfThisProcess) {
    const auto process = parse_stat("look", read_file("/proc/self/stat"));
    ASSERT_TRUE(process) << process.error().text();
    const auto here = process_info(::getpid());
    ASSERT_TRUE(here);
    EXPECT_EQ(process->ref.pid, here->ref.pid);
    EXPECT_EQ(process->ref.start_ticks, here->ref.start_ticks);
    EXPECT_EQ(process->session, here->session);
}

TEST(RemoteStat, IsNotFooledByTheName) {
    const auto process =
        parse_stat("look", "7 (a) R 9 (b) S 1 7 6 0 -1 0 1 2 3 4 150 50 0 0 20 0 1 0 4711 1 2 3");
    ASSERT_TRUE(process) << process.error().text();
    EXPECT_EQ(process->ref.pid, 7);
    EXPECT_EQ(process->ref.start_ticks, 4711U);
    EXPECT_EQ(process->status.state, 'S');
    EXPECT_EQ(process->status.cpu_time, std::chrono::seconds(2));
    EXPECT_EQ(process->session, 6);
}

TEST(RemoteStat, AZombieIsGoneAndNonsenseIsCorrupt) {
    EXPECT_EQ(parse_stat("look", "7 (a) Z 1 7 6 0 -1 0 1 2 3 4 0 0 0 0 20 0 1 0 11 1").error().kind,
              ErrorKind::not_found);
    EXPECT_EQ(parse_stat("look", "").error().kind, ErrorKind::corrupt);
    EXPECT_EQ(parse_stat("look", "7 (a) S 1").error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace ordeal
