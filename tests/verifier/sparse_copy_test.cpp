#include "verifier/sparse_copy.hpp"

#include "tests/verifier/image_lab.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <sys/stat.h>

namespace ordeal::verifier {
namespace {

namespace fs = std::filesystem;
using testing::content;

std::int64_t disk_usage(const fs::path& path) {
    struct stat facts {};

    ::stat(path.c_str(), &facts);
    return std::int64_t{facts.st_blocks} * 512;
}

class SparseCopy : public ::testing::Test {
  protected:
    /// 8 MiB with words at the start, in the middle and, when asked for, at the very end.
    fs::path sparse(bool tail) {
        const auto path = lab.directory() / "from";
        std::ofstream file(path, std::ios::binary);
        file << "start";
        file.seekp(3 << 20);
        file << "middle";
        if (tail) {
            file.seekp((8 << 20) - 4);
            file << "tail";
        }
        file.close();
        fs::resize_file(path, 8 << 20);
        return path;
    }

    testing::ImageLab lab;
};

TEST_F(SparseCopy, IsTheSameAndFillsNoHoles) {
    for (const bool tail : {false, true}) {
        const auto from = sparse(tail);
        const auto to = lab.directory() / "to";
        const auto copied = copy_sparse(from, to);
        ASSERT_TRUE(copied) << copied.error().text();
        EXPECT_TRUE(content(from) == content(to));
        EXPECT_LT(disk_usage(to), 1 << 20);
    }
}

TEST_F(SparseCopy, ReplacesWhatWasThere) {
    const auto to = lab.directory() / "to";
    std::ofstream(to) << std::string(16 << 20, 'x');
    ASSERT_TRUE(copy_sparse(sparse(true), to));
    EXPECT_TRUE(content(lab.directory() / "from") == content(to));
}

TEST_F(SparseCopy, CopiesBetweenFilesystems) {
    if (!fs::is_directory("/dev/shm")) {
        GTEST_SKIP() << "no /dev/shm to copy to";
    }
    const auto to = fs::path("/dev/shm") / lab.directory().filename();
    const auto from = sparse(true);
    const auto copied = copy_sparse(from, to);
    const auto same = content(from) == content(to);
    fs::remove(to);
    ASSERT_TRUE(copied) << copied.error().text();
    EXPECT_TRUE(same);
}

TEST_F(SparseCopy, SaysWhatIsNotThere) {
    const auto copied = copy_sparse(lab.directory() / "none", lab.directory() / "to");
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace ordeal::verifier
