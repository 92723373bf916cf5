#include "verifier/ext_image.hpp"

#include "core/random.hpp"
#include "tests/verifier/image_lab.hpp"
#include "verifier/sparse_copy.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <map>

namespace ordeal::verifier {
namespace {

using namespace ordeal::testing;

class ExtImageTest : public ::testing::Test {
  protected:
    std::filesystem::path image(const std::string& filesystem = "ext3") {
        return lab.image(plan_for(ledger::Profile::rename_fsync), up_to(8), filesystem);
    }

    static std::map<std::string, std::size_t> sizes(const ExtImage& opened) {
        std::map<std::string, std::size_t> found;
        const auto read = opened.each_file("ledger-7", [&](std::string_view name, auto bytes) {
            found.emplace(name, bytes.size());
        });
        EXPECT_TRUE(read) << read.error().text();
        return found;
    }

    ImageLab lab;
};

TEST_F(ExtImageTest, ShowsEveryFileOfADirectory) {
    for (const auto* filesystem : {"ext3", "ext4"}) {
        const auto opened = ExtImage::open(image(filesystem));
        ASSERT_TRUE(opened) << opened.error().text();
        EXPECT_FALSE(opened->needs_recovery());
        EXPECT_FALSE(opened->marked_faulty());
        const auto found = sizes(opened.value());
        EXPECT_EQ(found.size(), 8U);
        EXPECT_EQ(found.at("slot-0"), 4096U);
    }
}

TEST_F(ExtImageTest, TellsAJournalThatNeedsReplay) {
    const auto made = image();
    lab.only_in_journal(made, lab.blocks(made, "/ledger-7/slot-0").at(0));
    EXPECT_TRUE(ExtImage::open(made)->needs_recovery());
}

TEST_F(ExtImageTest, SaysWhatIsNotThere) {
    const auto none = ExtImage::open(lab.directory() / "none.img");
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error().kind, ErrorKind::not_found);
    const auto opened = ExtImage::open(image());
    const auto read = opened->each_file("ledger-8", [](auto, auto) {});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::not_found);
}

TEST_F(ExtImageTest, RefusesAFileLargerThanItsDisk) {
    const auto made = image();
    lab.debugfs(made, {"set_inode_field /ledger-7/slot-0 size 4000000000"});
    const auto read = ExtImage::open(made)->each_file("ledger-7", [](auto, auto) {});
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().kind, ErrorKind::corrupt);
}

TEST_F(ExtImageTest, SurvivesRandomDamage) {
    const auto made = image();
    const auto inodes = lab.number(made, "Inode table at ");
    const auto directory = lab.blocks(made, "/ledger-7").at(0);
    // Superblock, group descriptors, the first inodes and the directory: where reading starts.
    const std::vector<std::pair<std::uint64_t, std::uint64_t>> places{
        {1024, 1024}, {2048, 1024}, {inodes * 1024, 4096}, {directory * 1024, 1024}};
    Random random(20100401);
    int refused = 0;
    for (int round = 0; round < 200; ++round) {
        const auto path = lab.directory() / "damaged.img";
        ASSERT_TRUE(copy_sparse(made, path));
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        const auto& [start, length] = places[random.below(places.size())];
        for (int i = 0; i < 8; ++i) {
            file.seekp(static_cast<std::streamoff>(start + random.below(length)));
            file.put(static_cast<char>(random.below(256)));
        }
        file.close();
        const auto opened = ExtImage::open(path);
        const bool read = opened && opened->each_file("ledger-7", [](auto, auto) {}).has_value();
        refused += read ? 0 : 1;
    }
    EXPECT_GT(refused, 0) << "no round did any damage";
}

}  // namespace
}  // namespace ordeal::verifier
