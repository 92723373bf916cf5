#include "core/random.hpp"

#include <gtest/gtest.h>

#include <array>

namespace ordeal {
namespace {

TEST(Random, GivesTheSameStreamForTheSameSeed) {
    Random first(7);
    Random second(7);
    for (int draw = 0; draw < 100; ++draw) {
        ASSERT_EQ(first.next(), second.next());
    }
    EXPECT_NE(Random(7).next(), Random(8).next());
}

TEST(Random, MatchesThePublishedGenerator) {
    // First outputs of SplitMix64 seeded with 1234567, as published with the reference
    // implementation.
    Random random(1234567);
    EXPECT_EQ(random.next(), 6457827717110365317ULL);
    EXPECT_EQ(random.next(), 3203168211198807973ULL);
}

TEST(Random, DerivesStreamsThatDoNotDependOnDraws) {
    Random random(1);
    const auto before = random.derive("fault 0").next();
    static_cast<void>(random.next());
    EXPECT_NE(random.derive("fault 1").next(), before);
    EXPECT_EQ(Random(1).derive("fault 0").next(), before);
}

TEST(Random, DrawsAllOfAWindowAndNothingOutside) {
    Random random(3);
    std::array<int, 4> seen{};
    for (int draw = 0; draw < 400; ++draw) {
        const auto value = random.between(Duration(10), Duration(13));
        ASSERT_GE(value, Duration(10));
        ASSERT_LE(value, Duration(13));
        ++seen.at(static_cast<std::size_t>(value.count() - 10));
    }
    for (const int count : seen) {
        EXPECT_GT(count, 60);
    }
    EXPECT_EQ(random.between(Duration(5), Duration(5)), Duration(5));
}

}  // namespace
}  // namespace ordeal
