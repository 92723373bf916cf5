#include "testbed/data_disk.hpp"

#include "testbed/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sys/stat.h>

namespace ordeal {
namespace {

using testing::HasSubstr;

struct DataDisk : testing::Test {
    std::filesystem::path directory;
    std::filesystem::path image;

    void SetUp() override {
        std::string path = (std::filesystem::temp_directory_path() / "disk-XXXXXX").string();
        directory = ::mkdtemp(path.data());
        image = directory / "data.raw";
    }

    void TearDown() override { std::filesystem::remove_all(directory); }
};

TEST_F(DataDisk, MakesASoundSparseExtFilesystem) {
    for (const auto* filesystem : {"ext3", "ext4"}) {
        const auto made = make_data_disk(image, Bytes{64U << 20U}, filesystem);
        ASSERT_TRUE(made) << made.error().text();

        struct stat info {};

        ASSERT_EQ(::stat(image.c_str(), &info), 0);
        EXPECT_EQ(info.st_size, 64 << 20);
        EXPECT_LT(info.st_blocks * 512, info.st_size / 2);
        EXPECT_TRUE(run_or_fail({"e2fsck", "-fn", image.string()}));
        const auto features = run_or_fail({"dumpe2fs", "-h", image.string()});
        ASSERT_TRUE(features) << features.error().text();
        EXPECT_THAT(*features, HasSubstr("has_journal"));
        EXPECT_EQ(features->find(" extent ") != std::string::npos,
                  filesystem == std::string("ext4"));
        std::filesystem::remove(image);
    }
}

TEST_F(DataDisk, LeavesTheEndOfTheDiskAlone) {
    ASSERT_TRUE(make_data_disk(image, Bytes{64U << 20U}, "ext4", {.unused = Bytes{64U << 10U}}));
    const auto said = run_or_fail({"dumpe2fs", "-h", image.string()});
    ASSERT_TRUE(said) << said.error().text();
    EXPECT_THAT(*said, HasSubstr(std::to_string((64U << 10U) - 64U)));  // blocks of 1 KiB
    EXPECT_EQ(std::filesystem::file_size(image), 64U << 20U);
    EXPECT_TRUE(run_or_fail({"e2fsck", "-fn", image.string()}));
}

TEST_F(DataDisk, MakesASoundXfs) {
    const auto made = make_data_disk(image, Bytes{512U << 20U}, "xfs");
    if (!made && made.error().kind == ErrorKind::missing) {
        GTEST_SKIP() << made.error().text();
    }
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_TRUE(run_or_fail({"xfs_repair", "-n", image.string()}));
}

TEST_F(DataDisk, PassesOnWhatTheToolSaysAndLeavesNothing) {
    const auto made = make_data_disk(image, Bytes{8192}, "ext3");
    ASSERT_FALSE(made);
    EXPECT_THAT(made.error().text(), HasSubstr("mke2fs"));
    EXPECT_FALSE(std::filesystem::exists(image));
}

TEST_F(DataDisk, RefusesToOverwriteAndUnknownFilesystems) {
    std::ofstream(image) << "precious";
    const auto made = make_data_disk(image, Bytes{64U << 20U}, "ext3");
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().kind, ErrorKind::refused);
    EXPECT_EQ(std::filesystem::file_size(image), 8U);
    EXPECT_EQ(make_data_disk(image, Bytes{64U << 20U}, "ntfs").error().kind, ErrorKind::definition);
    EXPECT_FALSE(make_data_disk("/nowhere/at/all", Bytes{64U << 20U}, "ext3"));
}

}  // namespace
}  // namespace ordeal
