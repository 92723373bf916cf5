#include "core/statistics.hpp"

#include <boost/math/distributions/beta.hpp>
#include <boost/math/distributions/binomial.hpp>
#include <boost/math/distributions/hypergeometric.hpp>
#include <boost/math/distributions/normal.hpp>

#include <algorithm>
#include <cmath>

namespace ordeal::statistics {
namespace {

constexpr std::size_t exact_rank_limit = 50;

/// The order statistic of rank `rank` (from 1); absent among the censored.
std::optional<double> ranked(const std::vector<double>& sorted, std::size_t rank) {
    return rank >= 1 && rank <= sorted.size() ? std::optional(sorted[rank - 1]) : std::nullopt;
}

/// Ranks of the pooled values, ties sharing their mean rank, and the sum of t^3 - t over the ties.
struct Ranks {
    double sum_a = 0;
    double ties = 0;
};

Ranks rank_pooled(std::span<const double> a, std::span<const double> b) {
    struct Item {
        double value;
        bool from_a;
    };

    std::vector<Item> pool;
    pool.reserve(a.size() + b.size());
    for (const double value : a) {
        pool.push_back({value, true});
    }
    for (const double value : b) {
        pool.push_back({value, false});
    }
    std::ranges::sort(pool, {}, &Item::value);
    Ranks ranks;
    for (std::size_t begin = 0; begin < pool.size();) {
        std::size_t end = begin;
        double of_a = 0;
        for (; end < pool.size() && pool[end].value == pool[begin].value; ++end) {
            of_a += pool[end].from_a ? 1 : 0;
        }
        const auto length = static_cast<double>(end - begin);
        ranks.sum_a += of_a * (static_cast<double>(begin + end) + 1) / 2;
        ranks.ties += length * length * length - length;
        begin = end;
    }
    return ranks;
}

/// P(U <= u) without ties: the number of ways to choose ranks whose sum gives at most u, counted as
/// sums of `size_a` out of the numbers 1..N (a knapsack over ranks).
double exact_lower_tail(std::size_t size_a, std::size_t size_b, std::size_t u) {
    const std::size_t most = size_a * size_b;
    // ways[k][s]: k ranks chosen, U value s; choosing rank r as the k-th adds r - k.
    std::vector<std::vector<double>> ways(size_a + 1, std::vector<double>(most + 1, 0));
    ways[0][0] = 1;
    for (std::size_t rank = 1; rank <= size_a + size_b; ++rank) {
        for (std::size_t chosen = std::min(rank, size_a); chosen >= 1; --chosen) {
            const std::size_t gain = rank - chosen;
            for (std::size_t sum = gain; sum <= most; ++sum) {
                ways[chosen][sum] += ways[chosen - 1][sum - gain];
            }
        }
    }
    double below = 0;
    double all = 0;
    for (std::size_t sum = 0; sum <= most; ++sum) {
        all += ways[size_a][sum];
        below += sum <= u ? ways[size_a][sum] : 0;
    }
    return below / all;
}

}  // namespace

Bounds proportion_bounds(std::uint64_t hits, std::uint64_t trials, double confidence) {
    if (trials == 0) {
        return {0, 1};
    }
    const double alpha = 1 - confidence;
    const double tail = hits == 0 || hits == trials ? alpha : alpha / 2;
    const auto k = static_cast<double>(hits);
    const auto n = static_cast<double>(trials);
    Bounds bounds{0, 1};
    if (hits > 0) {
        bounds.low = boost::math::quantile(boost::math::beta_distribution<>(k, n - k + 1), tail);
    }
    if (hits < trials) {
        bounds.high =
            boost::math::quantile(boost::math::beta_distribution<>(k + 1, n - k), 1 - tail);
    }
    return bounds;
}

Quantile quantile(const Sample& sample, double probability, double confidence) {
    Quantile result;
    const std::size_t n = sample.size();
    if (n == 0) {
        return result;
    }
    std::vector<double> sorted = sample.measured;
    std::ranges::sort(sorted);

    const double position = probability * static_cast<double>(n - 1);
    const double floor = std::floor(position);
    const auto rank = static_cast<std::size_t>(floor) + 1;
    const auto lower = ranked(sorted, rank);
    const auto upper = position > floor ? ranked(sorted, rank + 1) : lower;
    if (lower && upper) {
        result.value = *lower + (position - floor) * (*upper - *lower);
    }

    // The true quantile lies below the r-th order statistic when at most r-1 values do: binomial.
    const boost::math::binomial_distribution<> below(static_cast<double>(n), probability);
    const double tail = (1 - confidence) / 2;
    for (std::size_t r = 1; r <= n; ++r) {
        const double at_most = boost::math::cdf(below, static_cast<double>(r - 1));
        if (at_most <= tail) {
            result.low = ranked(sorted, r);
        }
        if (at_most >= 1 - tail) {
            result.high = ranked(sorted, r);
            break;
        }
    }
    return result;
}

std::optional<double> quantile_upper_bound(const Sample& sample,
                                           double probability,
                                           double confidence) {
    const std::size_t n = sample.size();
    std::vector<double> sorted = sample.measured;
    std::ranges::sort(sorted);
    const boost::math::binomial_distribution<> below(static_cast<double>(n), probability);
    for (std::size_t r = 1; r <= n; ++r) {
        if (boost::math::cdf(below, static_cast<double>(r - 1)) >= confidence) {
            return ranked(sorted, r);
        }
    }
    return std::nullopt;
}

double fisher_exact(const Contingency& table) {
    const unsigned group = table.hits_a + table.misses_a;
    const unsigned hits = table.hits_a + table.hits_b;
    const unsigned all = group + table.hits_b + table.misses_b;
    if (all == 0) {
        return 1;
    }
    const boost::math::hypergeometric_distribution<> likely(hits, group, all);
    // Room for rounding among tables that are equally likely.
    const double limit = boost::math::pdf(likely, table.hits_a) * (1 + 1e-7);
    const unsigned least = hits + group > all ? hits + group - all : 0;
    double p = 0;
    for (unsigned k = least; k <= std::min(hits, group); ++k) {
        const double each = boost::math::pdf(likely, k);
        p += each <= limit ? each : 0;
    }
    return std::min(p, 1.0);
}

RankTest mann_whitney(std::span<const double> a, std::span<const double> b) {
    if (a.empty() || b.empty()) {
        return {};
    }
    const auto n = static_cast<double>(a.size());
    const auto m = static_cast<double>(b.size());
    const Ranks ranks = rank_pooled(a, b);
    RankTest test{.u = ranks.sum_a - n * (n + 1) / 2};
    const double smaller = std::min(test.u, n * m - test.u);
    if (ranks.ties == 0 && std::max(a.size(), b.size()) <= exact_rank_limit) {
        const auto u = static_cast<std::size_t>(std::llround(smaller));
        test.p = std::min(1.0, 2 * exact_lower_tail(a.size(), b.size(), u));
        return test;
    }
    const double all = n + m;
    const double variance = n * m / 12 * (all + 1 - ranks.ties / (all * (all - 1)));
    if (variance > 0) {
        const double z = std::min(0.0, smaller - n * m / 2 + 0.5) / std::sqrt(variance);
        test.p = std::min(1.0, 2 * boost::math::cdf(boost::math::normal_distribution<>(), z));
    }
    return test;
}

}  // namespace ordeal::statistics
