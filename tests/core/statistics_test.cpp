#include "core/statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

namespace ordeal::statistics {
namespace {

// Independent of the beta distribution: the tail of the binomial, summed term by term.
double binomial_at_most(std::uint64_t k, std::uint64_t n, double p) {
    double sum = 0;
    for (std::uint64_t i = 0; i <= k; ++i) {
        const auto x = static_cast<double>(i);
        const auto size = static_cast<double>(n);
        sum += std::exp(std::lgamma(size + 1) - std::lgamma(x + 1) - std::lgamma(size - x + 1) +
                        x * std::log(p) + (size - x) * std::log1p(-p));
    }
    return sum;
}

TEST(ProportionBounds, NothingInTwentyIsAtMostFourteenPercent) {
    const auto bounds = proportion_bounds(0, 20);
    EXPECT_EQ(bounds.low, 0);
    EXPECT_NEAR(bounds.high, 1 - std::pow(0.05, 1.0 / 20), 1e-12);
    EXPECT_NEAR(bounds.high, 0.139, 0.0005);
}

TEST(ProportionBounds, AllOfTwentyIsTheMirrorImage) {
    const auto bounds = proportion_bounds(20, 20);
    EXPECT_NEAR(bounds.low, std::pow(0.05, 1.0 / 20), 1e-12);
    EXPECT_EQ(bounds.high, 1);
}

TEST(ProportionBounds, PublishedTwoSidedValue) {
    // R: binom.test(4, 20)$conf.int = 0.057334 0.436614
    const auto bounds = proportion_bounds(4, 20);
    EXPECT_NEAR(bounds.low, 0.057334, 1e-6);
    EXPECT_NEAR(bounds.high, 0.436614, 1e-6);
}

TEST(ProportionBounds, LeaveHalfTheErrorOnEachSide) {
    for (const auto& [k, n] : {std::pair{1U, 5U}, {7U, 30U}, {1U, 1000U}, {999U, 1000U}}) {
        const auto bounds = proportion_bounds(k, n);
        EXPECT_NEAR(binomial_at_most(k, n, bounds.high), 0.025, 1e-9) << k << " of " << n;
        EXPECT_NEAR(1 - binomial_at_most(k - 1, n, bounds.low), 0.025, 1e-9) << k << " of " << n;
    }
}

TEST(ProportionBounds, NoTrialsSayNothing) {
    const auto bounds = proportion_bounds(0, 0);
    EXPECT_EQ(bounds.low, 0);
    EXPECT_EQ(bounds.high, 1);
}

Sample numbers(int count, std::size_t censored = 0) {
    Sample sample{.measured = std::vector<double>(static_cast<std::size_t>(count)),
                  .censored = censored};
    std::iota(sample.measured.begin(), sample.measured.end(), 1.0);
    std::ranges::reverse(sample.measured);
    return sample;
}

TEST(Quantile, MedianOfTwentyIsBoundedByTheSixthAndFifteenthValue) {
    const auto median = quantile(numbers(20), 0.5);
    EXPECT_DOUBLE_EQ(median.value.value(), 10.5);
    EXPECT_EQ(median.low, 6);
    EXPECT_EQ(median.high, 15);
}

TEST(Quantile, SmallSamplesHaveNoBounds) {
    EXPECT_FALSE(quantile(numbers(5), 0.5).low);
    EXPECT_FALSE(quantile(numbers(5), 0.5).high);
    EXPECT_EQ(quantile(numbers(6), 0.5).low, 1);
    EXPECT_EQ(quantile(numbers(6), 0.5).high, 6);
}

TEST(Statistics, OneBoundOfTheMedianNeedsFewerTrials) {
    // P(all five below the median) = 1/32; of four 1/16, which is too much.
    EXPECT_FALSE(quantile_upper_bound(numbers(4), 0.5));
    EXPECT_EQ(quantile_upper_bound(numbers(5), 0.5), 5);
    // R: qbinom(0.95, 20, 0.5) + 1 = 15
    EXPECT_EQ(quantile_upper_bound(numbers(20), 0.5), 15);
    EXPECT_FALSE(quantile_upper_bound({.measured = {1, 2, 3, 4}, .censored = 1}, 0.5));
}

TEST(Quantile, InterpolatesLikeTheUsualDefinition) {
    EXPECT_DOUBLE_EQ(quantile(numbers(4), 0.9).value.value(), 3.7);
    EXPECT_DOUBLE_EQ(quantile(numbers(4), 1).value.value(), 4);
    EXPECT_DOUBLE_EQ(quantile(numbers(4), 0).value.value(), 1);
}

TEST(Quantile, CensoredCountAsLongerThanAll) {
    // Three of five never ended: the median did not either.
    EXPECT_FALSE(quantile(numbers(2, 3), 0.5).value);
    // Two of five: the median is the largest that was measured.
    EXPECT_EQ(quantile(numbers(3, 2), 0.5).value, 3);
    // The upper bound, the 15th of 20, is among the six censored ones; the lower is the 6th.
    const auto median = quantile(numbers(14, 6), 0.5);
    EXPECT_EQ(median.low, 6);
    EXPECT_FALSE(median.high);
}

TEST(Quantile, NothingMeasuredHasNoValue) {
    EXPECT_FALSE(quantile({}, 0.5).value);
    EXPECT_FALSE(quantile({.measured = {}, .censored = 20}, 0.5).value);
}

TEST(FisherExact, PublishedTables) {
    // R. Fisher, The Design of Experiments (1935): the lady tasting tea.
    EXPECT_NEAR(fisher_exact({3, 1, 1, 3}), 0.485714, 1e-6);
    // R. Fisher, JRSS 98 (1935) 39: criminal twins; R: fisher.test p-value = 0.0005367
    EXPECT_NEAR(fisher_exact({2, 15, 10, 3}), 0.0005367, 5e-8);
}

TEST(FisherExact, SaysNothingWithoutContrast) {
    EXPECT_DOUBLE_EQ(fisher_exact({0, 0, 0, 0}), 1);
    EXPECT_DOUBLE_EQ(fisher_exact({0, 20, 0, 20}), 1);
    EXPECT_NEAR(fisher_exact({5, 5, 5, 5}), 1, 1e-12);
}

TEST(MannWhitney, PublishedExactValue) {
    // M. Hollander, D. Wolfe, Nonparametric Statistical Methods (1973) 69: permeability of the
    // membrane; W = 35, one-sided p = 0.1272.
    const std::array a{0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46};
    const std::array b{1.15, 0.88, 0.90, 0.74, 1.21};
    const auto test = mann_whitney(a, b);
    EXPECT_EQ(test.u, 35);
    EXPECT_NEAR(test.p, 2 * 0.1272, 1e-4);
    EXPECT_EQ(mann_whitney(b, a).u, 15);
    EXPECT_DOUBLE_EQ(mann_whitney(b, a).p, test.p);
}

TEST(MannWhitney, PublishedValueWithTies) {
    // R's data set airquality, ozone in May and August: W = 127.5, p-value = 0.0001208
    const std::array may{41., 36., 12., 18., 28., 23., 19., 8., 7.,  16., 11., 14.,  18.,
                         14., 34., 6.,  30., 11., 1.,  11., 4., 32., 23., 45., 115., 37.};
    const std::array august{39., 9.,  16., 78., 35., 66., 122., 89.,  110., 44., 28.,  65., 22.,
                            59., 23., 31., 44., 21., 9.,  45.,  168., 73.,  76., 118., 84., 85.};
    const auto test = mann_whitney(may, august);
    EXPECT_EQ(test.u, 127.5);
    EXPECT_NEAR(test.p, 0.0001208, 5e-8);
}

TEST(MannWhitney, CompleteSeparationIsOneOfAllOrders) {
    const std::array low{1., 2., 3.};
    const std::array high{4., 5., 6.};
    EXPECT_EQ(mann_whitney(low, high).u, 0);
    EXPECT_NEAR(mann_whitney(low, high).p, 2.0 / 20, 1e-12);
}

TEST(MannWhitney, SaysNothingWithoutContrast) {
    const std::array same{1., 1., 1.};
    EXPECT_EQ(mann_whitney(same, same).p, 1);
    EXPECT_EQ(mann_whitney(same, {}).p, 1);
}

}  // namespace
}  // namespace ordeal::statistics
