#include "core/wire_ledger.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <numeric>

namespace ordeal::ledger {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using wire::Buffer;

constexpr Plan append{Profile::append_fsync, 1, 42, 1024, 2, 0};
constexpr Plan renames{Profile::rename_fsync, 1, 42, 1024, 2, 4};
constexpr Plan overwrite{Profile::overwrite_direct, 1, 42, 4096, 2, 4};

/// The ledger's directory in memory.
class Disk {
  public:
    explicit Disk(const Plan& plan) : plan_(plan) {}

    void write(std::uint64_t sequence) {
        auto& file = files_[file_of(plan_, sequence)];
        const auto offset = offset_of(plan_, sequence);
        file.resize(std::max<std::size_t>(file.size(), offset + plan_.record_size));
        fill_record(plan_, sequence, std::span(file).subspan(offset, plan_.record_size));
    }

    void write_up_to(std::uint64_t last) {
        for (std::uint64_t n = 1; n <= last; ++n) {
            write(n);
        }
    }

    /// Overwrites the first `blocks` blocks of where `sequence` belongs: a write cut short.
    void write_torn(std::uint64_t sequence, std::size_t blocks) {
        Buffer record(plan_.record_size);
        fill_record(plan_, sequence, record);
        record.resize(blocks * block_size);
        auto& file = files_[file_of(plan_, sequence)];
        const auto offset = offset_of(plan_, sequence);
        file.resize(std::max(file.size(), offset + record.size()));
        std::ranges::copy(record, file.begin() + static_cast<std::ptrdiff_t>(offset));
    }

    Buffer& file(const std::string& name) { return files_[name]; }

    void remove(const std::string& name) { files_.erase(name); }

    [[nodiscard]] Scan scanned() const {
        std::vector<File> list;
        for (const auto& [name, bytes] : files_) {
            list.push_back({name, bytes});
        }
        return scan(plan_, list);
    }

    [[nodiscard]] Judgement judged(const std::vector<std::uint64_t>& acknowledged) const {
        return judge(plan_, acknowledged, scanned());
    }

  private:
    Plan plan_;
    std::map<std::string, Buffer> files_;
};

std::vector<std::uint64_t> first(std::uint64_t count) {
    std::vector<std::uint64_t> list(count);
    std::iota(list.begin(), list.end(), 1);
    return list;
}

TEST(Ledger, EverySequenceHasItsOwnerItsFileAndItsOffset) {
    EXPECT_EQ(sequence_of(append, 1, 0), 2U);
    EXPECT_EQ(sequence_of(append, 1, 3), 8U);
    EXPECT_EQ(file_of(append, 8), "append-1");
    EXPECT_EQ(offset_of(append, 8), 3U * 1024);
    EXPECT_EQ(file_of(renames, 6), "slot-1");
    EXPECT_EQ(file_of(overwrite, 6), "slots");
    EXPECT_EQ(offset_of(overwrite, 6), 4096U);
    EXPECT_THAT(file_names(append), ElementsAre("append-0", "append-1"));
    EXPECT_EQ(file_names(renames).size(), 4U);
    EXPECT_THAT(file_names(overwrite), ElementsAre("slots"));
}

TEST(Ledger, RefusesPlansThatCannotWork) {
    EXPECT_TRUE(validate(append));
    EXPECT_TRUE(validate(renames));
    EXPECT_TRUE(validate(overwrite));
    const auto refused = [](Plan plan, auto change) {
        change(plan);
        return !validate(plan);
    };
    EXPECT_TRUE(refused(append, [](Plan& p) { p.record_size = 100; }));
    EXPECT_TRUE(refused(append, [](Plan& p) { p.record_size = 0; }));
    EXPECT_TRUE(refused(append, [](Plan& p) { p.record_size = max_record_size + 512; }));
    EXPECT_TRUE(refused(append, [](Plan& p) { p.writers = 0; }));
    EXPECT_TRUE(refused(append, [](Plan& p) { p.writers = max_writers + 1; }));
    EXPECT_TRUE(refused(renames, [](Plan& p) { p.slots = 3; }));
    EXPECT_TRUE(refused(overwrite, [](Plan& p) { p.record_size = 512; }));
    EXPECT_FALSE(parse_profile("appendfsync"));
    EXPECT_EQ(*parse_profile("overwrite_direct"), Profile::overwrite_direct);
}

TEST(Ledger, FindsWhatWasWritten) {
    for (const auto& plan : {append, renames, overwrite}) {
        Disk disk(plan);
        disk.write_up_to(4);
        const auto found = disk.scanned();
        EXPECT_THAT(found.intact(), ElementsAre(1, 2, 3, 4)) << name_of(plan.profile);
        EXPECT_EQ(found.damaged_blocks + found.misplaced_blocks + found.foreign_blocks, 0U);
        const auto judgement = disk.judged(first(4));
        EXPECT_EQ(judgement.required, 4U);
        EXPECT_THAT(judgement.lost, IsEmpty());
        EXPECT_EQ(judgement.unacknowledged_present, 0U);
    }
}

TEST(Ledger, NothingAcknowledgedRequiresNothing) {
    EXPECT_EQ(Disk(append).judged({}).required, 0U);
}

TEST(Ledger, CountsUnacknowledgedRecordsThatAreThere) {
    for (const auto& plan : {append, renames, overwrite}) {
        Disk disk(plan);
        disk.write_up_to(4);
        const auto judgement = disk.judged(first(3));
        EXPECT_EQ(judgement.unacknowledged_present, 1U) << name_of(plan.profile);
        EXPECT_THAT(judgement.lost, IsEmpty());
    }
}

TEST(Ledger, NoticesEveryMissingRecord) {
    for (const auto& plan : {append, renames, overwrite}) {
        Disk disk(plan);
        for (const std::uint64_t n : {1U, 2U, 4U}) {
            disk.write(n);
        }
        EXPECT_THAT(disk.judged(first(4)).lost, ElementsAre(3)) << name_of(plan.profile);
    }
    Disk cut(append);
    cut.write_up_to(8);
    cut.file("append-0").resize(1024);
    EXPECT_THAT(cut.judged(first(8)).lost, ElementsAre(3, 5, 7));
    cut.remove("append-1");
    EXPECT_EQ(cut.judged(first(8)).lost.size(), 7U);
}

TEST(Ledger, NoticesASlotThatFellBackToAnOlderRecord) {
    for (const auto& plan : {renames, overwrite}) {
        Disk disk(plan);
        disk.write_up_to(8);
        disk.write(2);
        EXPECT_THAT(disk.judged(first(8)).lost, ElementsAre(6)) << name_of(plan.profile);
        EXPECT_THAT(disk.judged({1, 2, 3, 4}).lost, IsEmpty());
    }
}

TEST(Ledger, NoticesEveryChangedByte) {
    for (const auto& plan : {append, renames, overwrite}) {
        Disk disk(plan);
        disk.write_up_to(1);
        auto& file = disk.file(file_of(plan, 1));
        for (std::size_t at = 0; at < file.size(); at += 7) {
            file[at] ^= std::byte{0x10};
            EXPECT_THAT(disk.judged({1}).lost, ElementsAre(1)) << name_of(plan.profile) << at;
            file[at] ^= std::byte{0x10};
        }
        EXPECT_THAT(disk.judged({1}).lost, IsEmpty());
    }
}

TEST(Ledger, ATornUnacknowledgedTailIsNoLoss) {
    Disk disk(append);
    disk.write_up_to(2);
    disk.write_torn(3, 1);
    const auto judgement = disk.judged(first(2));
    EXPECT_THAT(judgement.lost, IsEmpty());
    EXPECT_EQ(judgement.torn, 1U);
    EXPECT_EQ(judgement.unacknowledged_present, 0U);
    EXPECT_THAT(disk.judged(first(3)).lost, ElementsAre(3));
}

TEST(Ledger, AWriteInFlightMayTearAnOverwrittenSlotButNotDestroyIt) {
    Disk disk(overwrite);
    disk.write_up_to(4);
    disk.write_torn(5, 3);
    const auto judgement = disk.judged(first(4));
    EXPECT_THAT(judgement.lost, IsEmpty());
    EXPECT_EQ(judgement.torn, 1U);
    EXPECT_THAT(disk.judged(first(5)).lost, ElementsAre(5));

    disk.file("slots")[3 * block_size + 100] ^= std::byte{1};
    EXPECT_THAT(disk.judged(first(4)).lost, ElementsAre(1));
}

TEST(Ledger, AnAtomicSlotMayNeverBeHalfThere) {
    Disk disk(renames);
    disk.write_up_to(4);
    disk.write_torn(5, 1);
    EXPECT_THAT(disk.judged(first(4)).half_there, ElementsAre(0));
    EXPECT_THAT(disk.judged({2, 3, 4}).half_there, ElementsAre(0));

    Disk empty(renames);
    empty.file("slot-2");
    EXPECT_THAT(empty.judged({}).half_there, ElementsAre(2));
}

TEST(Ledger, TellsMisplacedAndForeignRecordsFromMissingOnes) {
    Disk disk(append);
    disk.write_up_to(6);
    auto& file = disk.file("append-0");
    std::copy_n(file.begin() + 1024, 1024, file.begin());
    auto found = disk.scanned();
    EXPECT_EQ(found.misplaced_blocks, 2U);
    EXPECT_THAT(disk.judged(first(6)).lost, ElementsAre(1));

    auto other = append;
    other.run = 2;
    fill_record(other, 1, std::span(file).first(1024));
    EXPECT_EQ(disk.scanned().foreign_blocks, 2U);
    EXPECT_THAT(disk.judged(first(6)).lost, ElementsAre(1));
}

TEST(Ledger, ARecordOfAnotherSeedIsDamaged) {
    auto other = append;
    other.seed = 43;
    Disk disk(append);
    disk.file("append-0").resize(1024);
    fill_record(other, 1, disk.file("append-0"));
    EXPECT_EQ(disk.scanned().damaged_blocks, 2U);
    EXPECT_THAT(disk.judged({1}).lost, ElementsAre(1));
}

TEST(Ledger, IgnoresTemporaryAndUnknownFilesByName) {
    Disk disk(renames);
    disk.write_up_to(1);
    disk.file("slot-1.tmp").resize(100);
    disk.file("slot-99").resize(100);
    disk.file("append-0").resize(100);
    const auto found = disk.scanned();
    EXPECT_EQ(found.ignored.size(), 3U);
    EXPECT_THAT(disk.judged({1}).lost, IsEmpty());
}

TEST(Ledger, AcknowledgementsMayRepeatAndComeInAnyOrder) {
    Disk disk(overwrite);
    disk.write_up_to(9);
    const auto judgement = disk.judged({9, 1, 5, 5, 2, 6, 9});
    EXPECT_EQ(judgement.required, 2U);
    EXPECT_THAT(judgement.lost, IsEmpty());
    EXPECT_EQ(judgement.unacknowledged_present, 2U);
}

}  // namespace
}  // namespace ordeal::ledger
