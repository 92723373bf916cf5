#include "verifier/crash/ext/reader.hpp"

#include "tests/verifier/crash/ext/ext_lab.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <fstream>
#include <random>

namespace ordeal::verifier::crash::ext {
namespace {

using testing::Bytes;
using testing::ExtLab;
using Verdict = Structure::Verdict;

/// A byte somewhere in a sector changes, or the whole sector is lost.
void damage(Bytes& image, std::uint64_t sector, std::mt19937_64& random) {
    const auto start = image.begin() + static_cast<std::ptrdiff_t>(sector * sector_size);
    if (random() % 8 == 0) {
        std::fill_n(start, sector_size, std::byte{0});
        return;
    }
    auto& byte = *(start + static_cast<std::ptrdiff_t>(random() % sector_size));
    switch (random() % 3) {
        case 0:
            byte ^= std::byte{1} << (random() % 8);
            break;
        case 1:
            byte = static_cast<std::byte>(random());
            break;
        default:
            byte = static_cast<std::byte>(std::to_integer<unsigned>(byte) + 1);
    }
}

void patch_file(const std::filesystem::path& path, const Bytes& image, std::uint64_t sector) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(sector * sector_size));
    file.write(reinterpret_cast<const char*>(image.data() + sector * sector_size), sector_size);
}

/// How often we and e2fsck said what.
struct Agreement {
    int both_sound = 0;
    int both_broken = 0;
    int missed = 0;  ///< sound to us, not to e2fsck
    int stricter = 0;
    int beyond_us = 0;

    void count(Verdict ours, bool clean) {
        if (ours == Verdict::beyond_us) {
            ++beyond_us;
        } else if (ours == Verdict::sound) {
            ++(clean ? both_sound : missed);
        } else {
            ++(clean ? stricter : both_broken);
        }
    }
};

class ExtVariants : public ::testing::TestWithParam<std::size_t> {
  protected:
    [[nodiscard]] const std::vector<std::string>& options() const {
        return testing::variants()[GetParam()];
    }

    ExtLab lab_;
};

TEST_P(ExtVariants, ANewFilesystemIsSound) {
    const auto image = testing::load(lab_.make("24M", options()));
    const BaseImage base(image);
    ImageView view(base);
    Reader reader;
    EXPECT_EQ(reader.examine(view).verdict, Verdict::sound);
    EXPECT_TRUE(reader.problems().empty());
    EXPECT_TRUE(view.steps().front().writes.empty());
}

TEST_P(ExtVariants, WhatE2fsckCondemnsIsNeverSound) {
    const auto path = lab_.make("24M", options());
    const auto whole = testing::load(path);
    auto sectors = testing::sectors_read(whole, nullptr);
    // Most of what is read are inodes that nobody uses.
    std::erase_if(sectors, [&](std::uint64_t sector) {
        const auto start = whole.begin() + static_cast<std::ptrdiff_t>(sector * sector_size);
        return std::all_of(
            start, start + sector_size, [](std::byte b) { return b == std::byte{0}; });
    });
    ASSERT_GT(sectors.size(), 50U);
    std::mt19937_64 random(GetParam() + 1);
    Reader kept;
    BaseImage base(whole);
    ImageView view(base);
    Agreement agreement;
    auto image = whole;
    for (int trial = 0; trial < 40; ++trial) {
        std::vector<std::uint64_t> touched;
        for (std::uint64_t count = 1 + random() % 2; count > 0; --count) {
            touched.push_back(sectors[random() % sectors.size()]);
            damage(image, touched.back(), random);
        }
        for (const auto sector : touched) {
            base.put(sector, image.data() + sector * sector_size);
            patch_file(path, image, sector);
        }
        view.reset();
        const auto fresh = testing::examine(image);
        const auto incremental = kept.examine(view);
        EXPECT_EQ(fresh.verdict, incremental.verdict) << fmt::format("{}", touched);
        const bool clean = lab_.e2fsck({"-fn"}, path) == 0;
        agreement.count(fresh.verdict, clean);
        EXPECT_FALSE(fresh.verdict == Verdict::sound && !clean) << fmt::format("{}", touched);
        for (const auto sector : touched) {
            std::copy_n(whole.data() + sector * sector_size,
                        sector_size,
                        image.data() + sector * sector_size);
            base.put(sector, image.data() + sector * sector_size);
            patch_file(path, image, sector);
        }
    }
    EXPECT_EQ(agreement.missed, 0);
    EXPECT_LE(agreement.stricter + agreement.beyond_us, 4);
    EXPECT_GT(agreement.both_broken, 5);
    EXPECT_GT(agreement.both_sound + agreement.both_broken, 30);
}

TEST_P(ExtVariants, WhatIsReadDependsOnTheImageAlone) {
    const auto path = lab_.make("24M", options());
    const auto before = testing::load(path);
    lab_.debugfs(path,
                 {"rm /files/f3",
                  "mkdir /a/new",
                  "write " + lab_.file("root/files/large").string() + " /a/new/large",
                  "ln /files/f5 /a/new/link"});
    const auto after = testing::load(path);
    EXPECT_EQ(testing::sectors_read(after, nullptr), testing::sectors_read(after, &before));
    EXPECT_EQ(testing::sectors_read(before, nullptr), testing::sectors_read(before, &after));
}

TEST_P(ExtVariants, FileContentIsNotRead) {
    const auto path = lab_.make("24M", options());
    const auto image = testing::load(path);
    const auto blocks = lab_.debugfs(path, {"blocks /files/f11"});
    const auto at = blocks.find_last_of('\n', blocks.size() - 2);
    const auto block = std::stoull(blocks.substr(at + 1));
    const auto per_block = std::stoull(options()[3]) / sector_size;
    const auto read = testing::sectors_read(image, nullptr);
    EXPECT_TRUE(std::ranges::none_of(read, [&](std::uint64_t sector) {
        return sector / per_block == block;
    })) << block;
}

INSTANTIATE_TEST_SUITE_P(All,
                         ExtVariants,
                         ::testing::Range(std::size_t{0}, testing::variants().size()));

TEST(ExtReader, NoFilesystemIsBroken) {
    EXPECT_EQ(testing::examine(Bytes(1U << 20U)).verdict, Verdict::broken);
    EXPECT_EQ(testing::examine(Bytes(512)).verdict, Verdict::broken);
    EXPECT_EQ(testing::examine({}).verdict, Verdict::broken);
}

TEST(ExtReader, AnotherFeatureIsBeyondUs) {
    ExtLab lab;
    const auto image = lab.make("24M", {"-t", "ext4", "-O", "inline_data"});
    EXPECT_EQ(testing::examine(testing::load(image)).verdict, Verdict::beyond_us);
}

TEST(ExtReader, TellsWhereAFlawIs) {
    ExtLab lab;
    const auto path = lab.make("24M", {"-t", "ext3", "-b", "1024"});
    lab.debugfs(path, {"sif /files/f4 links_count 3"});
    const BaseImage base(testing::load(path));
    ImageView view(base);
    Reader reader;
    EXPECT_EQ(reader.examine(view).verdict, Verdict::broken);
    const auto problems = reader.problems();
    ASSERT_EQ(problems.size(), 1U);
    EXPECT_EQ(problems[0].flaw, Flaw::inode_links);
    EXPECT_NE(problems[0].inode, 0U);
}

}  // namespace
}  // namespace ordeal::verifier::crash::ext
