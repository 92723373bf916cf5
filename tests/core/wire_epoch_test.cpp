#include "core/wire_epoch.hpp"

#include <gtest/gtest.h>

namespace ordeal::epoch {
namespace {

std::string_view text_of(const Sector& sector) {
    return {sector.data(), sector.size()};
}

/// A disk and those that keep its block.
struct Disk {
    std::optional<Block> block;

    void look(Keeper& keeper) {
        block = keeper.next(block);
        keeper.written();
    }
};

TEST(EpochBlock, IsReadAsItWasWritten) {
    const Block block{.epoch = 3, .owner = UINT64_MAX, .count = 70'000, .intrusions = 1};
    const auto found = parse(text_of(to_sector(block)));
    ASSERT_TRUE(found);
    EXPECT_EQ(found->epoch, 3U);
    EXPECT_EQ(found->owner, UINT64_MAX);
    EXPECT_EQ(found->count, 70'000U);
    EXPECT_EQ(found->intrusions, 1U);
}

TEST(EpochBlock, IsNotTakenFromADamagedSector) {
    EXPECT_FALSE(parse(""));
    EXPECT_FALSE(parse(std::string(sector_size, '\0')));
    const auto whole = to_sector({.epoch = 3, .owner = 7, .count = 9, .intrusions = 0});
    const auto length = text_of(whole).find('\n');
    for (std::size_t at = 0; at < length; ++at) {
        auto damaged = whole;
        damaged[at] = damaged[at] == '5' ? '6' : '5';
        EXPECT_FALSE(parse(text_of(damaged))) << at;
        EXPECT_FALSE(parse(text_of(whole).substr(0, at))) << at;
    }
}

TEST(EpochKeeper, TakesOverFromADeadOne) {
    Disk disk;
    Keeper first(1);
    Keeper second(2);
    disk.look(first);
    disk.look(first);
    disk.look(second);
    disk.look(second);
    EXPECT_EQ(disk.block->epoch, 2U);
    EXPECT_EQ(disk.block->owner, 2U);
    EXPECT_EQ(disk.block->count, 2U);
    EXPECT_EQ(disk.block->intrusions, 0U);
}

TEST(EpochKeeper, MeetsOneThatRunsAtTheSameTime) {
    Disk disk;
    Keeper first(1);
    Keeper second(2);
    disk.look(first);
    disk.look(second);
    disk.look(first);
    EXPECT_EQ(disk.block->intrusions, 1U);
    disk.look(second);
    disk.look(second);
    EXPECT_EQ(disk.block->intrusions, 2U);
    Keeper third(3);
    disk.look(third);
    EXPECT_EQ(disk.block->intrusions, 2U) << "it is not forgotten";
}

TEST(EpochKeeper, DoesNotTakeItsPredecessorForAnIntruderWhenItsFirstWriteFails) {
    Disk disk;
    Keeper first(1);
    Keeper second(2);
    disk.look(first);
    static_cast<void>(second.next(disk.block));  // not written
    disk.look(second);
    EXPECT_EQ(disk.block->intrusions, 0U);
}

}  // namespace
}  // namespace ordeal::epoch
