// Replay and orphans, against what e2fsck makes of the same image.
#include "tests/verifier/crash/ext/ext_lab.hpp"
#include "verifier/crash/ext/names.hpp"
#include "verifier/crash/ext/reader.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <random>
#include <set>
#include <sstream>

namespace ordeal::verifier::crash::ext {
namespace {

using testing::Bytes;
using testing::ExtLab;
using Verdict = Structure::Verdict;

constexpr std::array<std::byte, 4> magic{
    std::byte{0xc0}, std::byte{0x3b}, std::byte{0x39}, std::byte{0x98}};

constexpr std::uint64_t state_offset = 1024 + 58;

/// e2fsck could not replay a log: it says so in the filesystem's state.
bool noticed(const Bytes& image) {
    return image[state_offset] != std::byte{1};
}

/// What e2fsck changes in the superblock for reasons of its own: times, the state, the count of
/// kilobytes written, and hence the checksum.
bool is_e2fscks_own(std::uint64_t offset) {
    struct Field {
        std::uint64_t first, size;
    };

    constexpr std::array<Field, 5> fields{
        {{1024 + 44, 12}, {state_offset, 2}, {1024 + 64, 4}, {1024 + 376, 8}, {2044, 4}}};
    return std::ranges::any_of(fields, [&](const Field& field) {
        return offset >= field.first && offset < field.first + field.size;
    });
}

std::vector<std::uint64_t> differences(const Bytes& one, const Bytes& other) {
    std::vector<std::uint64_t> offsets;
    for (std::uint64_t offset = 0; offset < one.size(); ++offset) {
        if (one[offset] != other[offset] && !is_e2fscks_own(offset)) {
            offsets.push_back(offset);
        }
    }
    return offsets;
}

/// Fills the log of an image with a few transactions that write to free blocks at its end, with
/// revoked and escaped blocks. `open`: debugfs's options for the journal.
void write_log(ExtLab& lab,
               const std::filesystem::path& image,
               const std::string& open,
               std::mt19937_64& random) {
    constexpr std::uint64_t block_size = 1024;
    const auto blocks = std::filesystem::file_size(image) / block_size;
    std::vector<std::string> commands{"jo" + open};
    const auto transactions = 1 + random() % 6;
    for (std::uint64_t transaction = 0; transaction < transactions; ++transaction) {
        std::set<std::uint64_t> targets;
        while (targets.size() < 1 + transaction * 4) {
            targets.insert(blocks - 1 - random() % 50);
        }
        Bytes content(targets.size() * block_size);
        std::ranges::generate(content, [&] { return static_cast<std::byte>(random()); });
        for (std::size_t at = 0; at < content.size(); at += 3 * block_size) {
            std::ranges::copy(magic, content.begin() + static_cast<std::ptrdiff_t>(at));
        }
        const auto file = lab.file(fmt::format("content{}", transaction));
        testing::save(file, content);
        if (random() % 2 == 0) {
            commands.push_back(fmt::format("jw -r {}", blocks - 1 - random() % 50));
        }
        commands.push_back(fmt::format("jw -b {} {}", fmt::join(targets, ","), file.string()));
    }
    commands.emplace_back("jc");
    lab.debugfs(image, commands);
}

/// Flips a bit of a block of the log that begins with the journal's magic.
void damage_log(Bytes& image, std::mt19937_64& random) {
    std::vector<std::size_t> blocks;
    for (std::size_t at = 0; at + 1024 <= image.size(); at += 1024) {
        if (std::equal(
                magic.begin(), magic.end(), image.begin() + static_cast<std::ptrdiff_t>(at))) {
            blocks.push_back(at);
        }
    }
    const auto offset = random() % 2 == 0 ? random() % 64 : random() % 1024;
    image[blocks[random() % blocks.size()] + offset] ^= std::byte{1} << (random() % 8);
}

struct LogKind {
    const char* filesystem;
    const char* open;
};

class ExtJournal : public ::testing::TestWithParam<LogKind> {};

TEST_P(ExtJournal, IsReplayedAsE2fsckDoes) {
    ExtLab lab;
    const auto clean = lab.make("16M", {"-t", GetParam().filesystem, "-b", "1024"});
    const auto path = lab.file("trial.img");
    std::mt19937_64 random(17);
    std::uint32_t replayed = 0;
    std::size_t changed = 0;
    int sound = 0;
    for (int trial = 0; trial < 8; ++trial) {
        std::filesystem::copy_file(clean, path, std::filesystem::copy_options::overwrite_existing);
        write_log(lab, path, GetParam().open, random);
        auto image = testing::load(path);
        if (trial % 2 == 1) {
            damage_log(image, random);
            testing::save(path, image);
        }
        const auto found = testing::examine(image);
        replayed += found.replay.blocks;
        const auto ours = testing::recovered(image);
        lab.e2fsck({"-y", "-E", "journal_only"}, path);
        const auto theirs = testing::load(path);
        EXPECT_TRUE(found.replay.flaw == Flaw::none || noticed(theirs)) << "trial " << trial;
        if (found.verdict == Verdict::sound) {
            EXPECT_FALSE(noticed(theirs)) << "trial " << trial;
            EXPECT_EQ(differences(ours, theirs), std::vector<std::uint64_t>{}) << "trial " << trial;
            ++sound;
        }
        changed += differences(image, theirs).size();
    }
    EXPECT_GE(sound, 4);
    EXPECT_GT(replayed, 20U);
    EXPECT_GT(changed, 10000U);  // the comparison sees what a replay does
}

INSTANTIATE_TEST_SUITE_P(Formats,
                         ExtJournal,
                         ::testing::Values(LogKind{"ext3", ""},
                                           LogKind{"ext4", ""},
                                           LogKind{"ext4", " -c -v 2"},
                                           LogKind{"ext4", " -c -v 3"}));

TEST(ExtRecovery, ReplayDecidesOnlyWhatIsNeeded) {
    ExtLab lab;
    const auto path = lab.make("16M", {"-t", "ext3", "-b", "1024"});
    std::mt19937_64 random(5);
    write_log(lab, path, "", random);
    const auto image = testing::load(path);
    ASSERT_GT(testing::examine(image).replay.blocks, 0U);
    // Free blocks were replayed, which nobody reads: neither they nor their copies are decided.
    const auto read = testing::sectors_read(image, nullptr);
    const auto last = image.size() / sector_size - 100;
    EXPECT_TRUE(std::ranges::none_of(read, [&](std::uint64_t sector) { return sector >= last; }));
}

TEST(ExtRecovery, WritingBackLeavesNothingToRecover) {
    ExtLab lab;
    const auto path = lab.make("16M", {"-t", "ext4", "-b", "1024"});
    std::mt19937_64 random(9);
    write_log(lab, path, " -c -v 3", random);
    const auto image = testing::load(path);
    const auto found = testing::examine(image);
    EXPECT_GT(found.replay.transactions, 0U);
    const auto after = testing::recovered(image);
    const auto again = testing::examine(after);
    EXPECT_EQ(again.verdict, Verdict::sound);
    EXPECT_EQ(again.replay.transactions, 0U);
    EXPECT_EQ(again.metadata, found.metadata);
    EXPECT_EQ(again.names, found.names);
    testing::save(path, after);
    EXPECT_EQ(lab.e2fsck({"-fn"}, path), 0);
}

/// Deletes or truncates files and puts their inodes on the list of orphans.
class OrphanMaker {
  public:
    OrphanMaker(ExtLab& lab, std::filesystem::path image) : lab_(lab), image_(std::move(image)) {}

    void remove(const std::string& path) {
        const auto number = inode(path);
        add(number, {"unlink " + path, fmt::format("sif <{}> links_count 0", number)});
    }

    void truncate(const std::string& path, std::uint64_t size) {
        const auto number = inode(path);
        add(number, {fmt::format("sif <{}> size {}", number, size)});
    }

    void finish() {
        commands_.push_back(fmt::format("ssv last_orphan {}", last_));
        lab_.debugfs(image_, commands_);
    }

  private:
    std::uint32_t inode(const std::string& path) {
        const auto told = lab_.debugfs(image_, {"stat " + path});
        return static_cast<std::uint32_t>(std::stoul(told.substr(told.find("Inode: ") + 7)));
    }

    void add(std::uint32_t number, const std::vector<std::string>& commands) {
        commands_.insert(commands_.end(), commands.begin(), commands.end());
        commands_.push_back(fmt::format("sif <{}> dtime {}", number, last_));
        last_ = number;
    }

    ExtLab& lab_;
    std::filesystem::path image_;
    std::vector<std::string> commands_;
    std::uint32_t last_ = 0;
};

class ExtOrphans : public ::testing::TestWithParam<std::size_t> {};

TEST_P(ExtOrphans, AreDeletedAndTruncated) {
    ExtLab lab;
    const auto path = lab.make("24M", testing::variants()[GetParam()]);
    OrphanMaker orphans(lab, path);
    orphans.remove("/files/large");
    orphans.remove("/a/slow");
    orphans.remove("/files/f3");
    orphans.truncate("/files/sparse", 4096);
    orphans.truncate("/files/f11", 2000);
    orphans.truncate("/files/f10", 0);
    orphans.finish();
    const auto image = testing::load(path);
    EXPECT_NE(lab.e2fsck({"-fn"}, path), 0);  // without their processing they are flaws
    const auto found = testing::examine(image);
    EXPECT_EQ(found.verdict, Verdict::sound);
    EXPECT_EQ(found.orphans.deleted, 3U);
    EXPECT_EQ(found.orphans.truncated, 3U);
    testing::save(path, testing::recovered(image));
    EXPECT_EQ(lab.e2fsck({"-fn"}, path), 0);
}

INSTANTIATE_TEST_SUITE_P(All,
                         ExtOrphans,
                         ::testing::Range(std::size_t{0}, testing::variants().size() - 1));

TEST(ExtOrphans, AListThatLoopsIsAFlaw) {
    ExtLab lab;
    const auto path = lab.make("24M", {"-t", "ext3", "-b", "1024"});
    lab.debugfs(path, {"sif <20> dtime 21", "sif <21> dtime 20", "ssv last_orphan 20"});
    EXPECT_EQ(testing::examine(testing::load(path)).orphans.flaw, Flaw::orphan_list);
}

class ExtNames : public ::testing::TestWithParam<std::size_t> {};

TEST_P(ExtNames, LeadToTheContentThatWasWritten) {
    ExtLab lab;
    const auto path = lab.make("24M", testing::variants()[GetParam()]);
    const BaseImage base(testing::load(path));
    ImageView view(base);
    Reader reader;
    ASSERT_EQ(reader.examine(view).verdict, Verdict::sound);
    const Names names(reader);
    const auto root = lab.file("root");
    std::size_t files = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
        const auto relative = std::filesystem::relative(entry.path(), root).string();
        const auto found = names.find(relative);
        ASSERT_TRUE(found) << relative;
        if (entry.is_regular_file() && !entry.is_symlink()) {
            const auto wanted = testing::load(entry.path());
            EXPECT_EQ(found->size, wanted.size()) << relative;
            Bytes content(wanted.size() + 10);
            const auto count = names.read(found->inode, 0, content);
            content.resize(count);
            EXPECT_TRUE(content == wanted) << relative;
            ++files;
        }
    }
    EXPECT_GT(files, 100U);
    EXPECT_EQ(names.all(10000).size(), names.all(1U << 20U).size());
    EXPECT_GE(names.all(10000).size(), files);
    EXPECT_FALSE(names.find("files/nothing"));
    EXPECT_FALSE(names.find("files/f1/below"));
}

TEST(ExtNamesOfAFailedExamination, AreNoneThoughTheReaderKnowsAnotherImage) {
    ExtLab lab;
    const auto sound = testing::load(lab.make("24M", testing::variants()[0]));
    const BaseImage base(sound);
    ImageView view(base);
    auto broken = sound;
    broken[superblock_offset + 56] = std::byte{0};  // half of the magic number
    const BaseImage broken_base(broken);
    ImageView broken_view(broken_base);
    Reader reader;
    ASSERT_EQ(reader.examine(view).verdict, Verdict::sound);
    const auto file = Names(reader).find("files/f1");
    ASSERT_TRUE(file);
    ASSERT_NE(reader.examine(broken_view).verdict, Verdict::sound);
    const Names names(reader);
    EXPECT_FALSE(names.find("files/f1"));
    EXPECT_TRUE(names.all(10).empty());
    EXPECT_TRUE(names.list(2).empty());
    EXPECT_TRUE(names.pieces(file->inode, 0, 1).empty());
    EXPECT_EQ(names.plain_runs(file->inode), nullptr);
    Bytes content(1);
    EXPECT_EQ(names.read(file->inode, 0, content), 0U);
    ASSERT_EQ(reader.examine(view).verdict, Verdict::sound);
    EXPECT_TRUE(Names(reader).find("files/f1"));
}

INSTANTIATE_TEST_SUITE_P(All,
                         ExtNames,
                         ::testing::Range(std::size_t{0}, testing::variants().size()));

}  // namespace
}  // namespace ordeal::verifier::crash::ext
