#include "testbed/storage/disk_orders.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <stdlib.h>

namespace ordeal {
namespace {

namespace fs = std::filesystem;

TEST(DiskOrder, IsReadBackAsItWasWritten) {
    const DiskFault fault{.reads = true,
                          .flushes = true,
                          .effect = DiskEffect::delay,
                          .error = DiskError::no_space,
                          .delay = std::chrono::milliseconds(250),
                          .rate = 0.125,
                          .from = 4096,
                          .to = 8192};
    const auto read = parse_order(to_order(fault));
    ASSERT_TRUE(read);
    EXPECT_TRUE(read->reads);
    EXPECT_FALSE(read->writes);
    EXPECT_TRUE(read->flushes);
    EXPECT_EQ(read->effect, fault.effect);
    EXPECT_EQ(read->error, fault.error);
    EXPECT_EQ(read->delay, fault.delay);
    EXPECT_EQ(read->rate, fault.rate);
    EXPECT_EQ(read->from, fault.from);
    EXPECT_EQ(read->to, fault.to);
}

TEST(DiskOrder, IsNotGuessedFromHalfOfOne) {
    const auto whole = to_order({.writes = true});
    for (std::size_t length = 0; length + 2 < whole.size(); ++length) {
        EXPECT_FALSE(parse_order(whole.substr(0, length))) << whole.substr(0, length);
    }
    EXPECT_FALSE(parse_order("on=x end"));
    EXPECT_FALSE(parse_order("on=w effect=explode end"));
    EXPECT_FALSE(parse_order("on=w delay=-1 end"));
    EXPECT_FALSE(parse_order("on=w colour=red end"));
}

TEST(DiskOrder, ConcernsRequestsOfItsKindThatTouchItsRange) {
    const DiskFault bad_range{.writes = true, .from = 1024, .to = 2048};
    using enum DiskOperation;
    EXPECT_TRUE(concerns(bad_range, {write, 1024, 512}));
    EXPECT_TRUE(concerns(bad_range, {write, 0, 1025}));
    EXPECT_FALSE(concerns(bad_range, {write, 0, 1024}));
    EXPECT_FALSE(concerns(bad_range, {write, 2048, 512}));
    EXPECT_FALSE(concerns(bad_range, {read, 1024, 512}));
    EXPECT_FALSE(concerns(bad_range, {flush}));
    EXPECT_TRUE(concerns({.flushes = true}, {flush}));
    EXPECT_EQ(errno_of(DiskError::no_space), ENOSPC);
    EXPECT_EQ(order_file("a/../b c"), "a_.._b_c");
}

TEST(DiskOrder, TearsWritesOfSeveralSectorsAndLosesOnlyWhatMustBeDurable) {
    using enum DiskOperation;
    const DiskFault tears{.reads = true, .writes = true, .effect = DiskEffect::tear};
    EXPECT_TRUE(concerns(tears, {write, 0, 1024}));
    EXPECT_FALSE(concerns(tears, {write, 0, 512}));
    EXPECT_FALSE(concerns(tears, {read, 0, 1024}));
    const DiskFault loses{.writes = true, .flushes = true, .effect = DiskEffect::lose};
    EXPECT_TRUE(concerns(loses, {flush, 0, 0, true}));
    EXPECT_TRUE(concerns(loses, {write, 0, 512, true}));
    EXPECT_FALSE(concerns(loses, {write, 0, 512}));
    EXPECT_EQ(parse_order(to_order(loses))->effect, DiskEffect::lose);
    EXPECT_EQ(parse_order(to_order(tears))->effect, DiskEffect::tear);
    EXPECT_EQ(parse_order(to_order({.writes = true, .effect = DiskEffect::spoil}))->effect,
              DiskEffect::spoil);
}

TEST(DiskOrders, FollowsTheDirectoryAndCounts) {
    std::string path = (fs::temp_directory_path() / "orders-XXXXXX").string();
    const fs::path directory = ::mkdtemp(path.data());
    DiskOrders orders;
    EXPECT_FALSE(orders.open(directory));
    fs::create_directories(directory / "orders");
    fs::create_directories(directory / "met");
    ASSERT_TRUE(orders.open(directory));
    EXPECT_TRUE(orders.all().empty());
    std::ofstream(directory / "draft") << to_order({.writes = true});
    fs::rename(directory / "draft", directory / "orders" / "one");
    orders.refresh();
    ASSERT_TRUE(orders.all().contains("one"));
    for (int i = 0; i < 11; ++i) {
        orders.count("one");
    }
    int met = 0;
    std::ifstream(directory / "met" / "one") >> met;
    EXPECT_EQ(met, 11);
    fs::remove(directory / "orders" / "one");
    orders.refresh();
    EXPECT_TRUE(orders.all().empty());
    fs::remove_all(directory);
}

}  // namespace
}  // namespace ordeal
