#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

/// What a run of n trials lets one say, and how surely. Pure functions; thread-safe.
namespace ordeal::statistics {

inline constexpr double usual_confidence = 0.95;

/// A closed interval.
struct Bounds {
    double low = 0;
    double high = 0;
};

/// Exact bounds of a proportion of which `hits` of `trials` were seen.
///
/// Convention: with 0 hits the interval is one-sided, [0, u], and with `trials` hits one-sided,
/// [l, 1], each at the full confidence (0 of 20 → at most 13.9 % at 95 %); otherwise it is
/// two-sided, with half of the error on each side. No trials: [0, 1].
/// Requires hits <= trials and 0 < confidence < 1.
/// Source: C. Clopper, E. Pearson, Biometrika 26 (1934) 404.
[[nodiscard]] Bounds proportion_bounds(std::uint64_t hits,
                                       std::uint64_t trials,
                                       double confidence = usual_confidence);

/// Waiting times of which some never ended while one looked. A censored one counts as longer than
/// every measured one: right as long as each trial was watched for longer than the longest measured
/// time, and on the safe side otherwise.
struct Sample {
    std::vector<double> measured;  ///< in any order
    std::size_t censored = 0;      ///< "never in n"

    [[nodiscard]] std::size_t size() const { return measured.size() + censored; }
};

/// A quantile and its distribution-free bounds. Absent value: the quantile lies among the censored
/// (or there is no sample). Absent bound: the sample is too small to bound it at this confidence,
/// or the bound lies among the censored.
struct Quantile {
    std::optional<double> value;
    std::optional<double> low;
    std::optional<double> high;
};

/// The `probability` quantile (0.5: the median), linearly interpolated between order statistics
/// (type 7 of R. Hyndman, Y. Fan, The American Statistician 50 (1996) 361). The bounds are two
/// order statistics whose coverage is at least `confidence`: W. Conover, Practical Nonparametric
/// Statistics, 3rd ed., section 3.2. For a sample of 20 the median's are the 6th and the 15th
/// value.
[[nodiscard]] Quantile quantile(const Sample& sample,
                                double probability,
                                double confidence = usual_confidence);

/// At `confidence` the true quantile is at most this: one order statistic (Conover, as above),
/// which needs fewer trials than two bounds: for the median 5 are enough, and it is the slowest.
/// Absent: the sample is too small, or the bound lies among the censored.
[[nodiscard]] std::optional<double> quantile_upper_bound(const Sample& sample,
                                                         double probability,
                                                         double confidence = usual_confidence);

/// A two-by-two table: hits and misses of two groups.
struct Contingency {
    unsigned hits_a = 0;
    unsigned misses_a = 0;
    unsigned hits_b = 0;
    unsigned misses_b = 0;
};

/// Two-sided p of Fisher's exact test: the probability, with the margins given, of all tables that
/// are no more likely than this one. 1 when a margin is empty.
[[nodiscard]] double fisher_exact(const Contingency& table);

struct RankTest {
    double u = 0;  ///< pairs in which the first group's value is the greater; a tie counts one half
    double p = 1;  ///< two-sided
};

/// Mann–Whitney test of two groups of values. Exact when there are no ties and no group has more
/// than 50 values; otherwise the normal approximation with correction for ties and continuity.
/// p is 1 when a group is empty or all values are equal.
/// Source: H. Mann, D. Whitney, Annals of Mathematical Statistics 18 (1947) 50.
[[nodiscard]] RankTest mann_whitney(std::span<const double> a, std::span<const double> b);

}  // namespace ordeal::statistics
