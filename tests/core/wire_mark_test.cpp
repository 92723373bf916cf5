#include "core/wire_mark.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ordeal::ledger {
namespace {

const Mark sample{.plan = {.profile = Profile::rename_fsync,
                           .run = 7,
                           .seed = ~std::uint64_t{0},
                           .record_size = 8192,
                           .writers = 4,
                           .slots = 64},
                  .directory = "ledger-7",
                  .sequence = 1234567890123};

TEST(Mark, ComesBackAsItWasWritten) {
    const auto bytes = encode_mark(sample);
    const auto mark = decode_mark(bytes);
    ASSERT_TRUE(mark);
    EXPECT_EQ(mark->plan.profile, Profile::rename_fsync);
    EXPECT_EQ(mark->plan.run, 7U);
    EXPECT_EQ(mark->plan.seed, ~std::uint64_t{0});
    EXPECT_EQ(mark->plan.record_size, 8192U);
    EXPECT_EQ(mark->plan.writers, 4U);
    EXPECT_EQ(mark->plan.slots, 64U);
    EXPECT_EQ(mark->directory, "ledger-7");
    EXPECT_EQ(mark->sequence, 1234567890123U);
}

TEST(Mark, WithAnyByteChangedIsNone) {
    for (std::size_t at = 0; at < mark_size; ++at) {
        auto bytes = encode_mark(sample);
        bytes.at(at) ^= std::byte{1};
        EXPECT_FALSE(decode_mark(bytes)) << at;
    }
}

TEST(Mark, IsFoundAtTheStartOfLongerBytesOnly) {
    const auto bytes = encode_mark(sample);
    std::vector<std::byte> longer(bytes.begin(), bytes.end());
    longer.resize(1024);
    EXPECT_TRUE(decode_mark(longer));
    EXPECT_FALSE(decode_mark(ByteView(bytes).first(511)));
}

TEST(Mark, OfAnImpossibleLedgerIsNone) {
    auto wrong = sample;
    wrong.plan.writers = 0;
    EXPECT_FALSE(decode_mark(encode_mark(wrong)));
}

}  // namespace
}  // namespace ordeal::ledger
