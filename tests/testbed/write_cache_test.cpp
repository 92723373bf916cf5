#include "testbed/storage/write_cache.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <sys/mman.h>
#include <vector>

namespace ordeal {
namespace {

constexpr std::size_t sector = WriteCache::sector_size;

std::vector<std::byte> filled(std::size_t size, int value) {
    return std::vector<std::byte>(size, static_cast<std::byte>(value));
}

/// A medium that can be looked at as it would be after a cut.
class Medium {
  public:
    explicit Medium(std::size_t sectors) : file_(::memfd_create("medium", MFD_CLOEXEC)) {
        EXPECT_EQ(::ftruncate(file_.get(), static_cast<off_t>(sectors * sector)), 0);
    }

    [[nodiscard]] Fd share() const { return Fd(::dup(file_.get())); }

    [[nodiscard]] std::vector<int> after_a_cut(std::size_t sectors) const {
        std::vector<std::byte> all(sectors * sector);
        EXPECT_EQ(::pread(file_.get(), all.data(), all.size(), 0),
                  static_cast<ssize_t>(all.size()));
        std::vector<int> values;
        for (std::size_t at = 0; at < all.size(); at += sector) {
            EXPECT_EQ(std::set(all.begin() + static_cast<std::ptrdiff_t>(at),
                               all.begin() + static_cast<std::ptrdiff_t>(at + sector))
                          .size(),
                      1U)
                << "a sector is torn";
            values.push_back(std::to_integer<int>(all[at]));
        }
        return values;
    }

  private:
    Fd file_;
};

TEST(WriteCache, ReadsBackWhatWasWrittenWhereverItIs) {
    const Medium medium(64);
    WriteCache cache(medium.share(), {.seed = 5});
    Random random(1);
    auto expected = filled(64 * sector, 0);
    for (int i = 1; i < 500; ++i) {
        const auto offset = random.below(expected.size() - 1);
        const auto size = 1 + random.below(std::min<std::size_t>(expected.size() - offset, 3000));
        const auto data = filled(size, i % 251);
        ASSERT_EQ(i % 7 == 0 ? cache.write_durably(data, offset) : cache.write(data, offset), 0);
        std::ranges::copy(data, expected.begin() + static_cast<std::ptrdiff_t>(offset));
        if (i % 50 == 0) {
            ASSERT_EQ(cache.flush(), 0);
        }
        auto all = filled(expected.size(), 0);
        ASSERT_EQ(cache.read(all, 0), 0);
        ASSERT_EQ(all, expected);
        auto some = filled(size, 0);
        ASSERT_EQ(cache.read(some, offset), 0);
        ASSERT_EQ(some, data);
    }
}

TEST(WriteCache, NeverLosesWhatWasFlushedOrWrittenDurably) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
        const Medium medium(16);
        WriteCache cache(medium.share(), {.seed = seed});
        ASSERT_EQ(cache.write(filled(8 * sector, 1), 0), 0);
        ASSERT_EQ(cache.flush(), 0);
        EXPECT_EQ(cache.held(), 0U);
        ASSERT_EQ(cache.write_durably(filled(8 * sector, 2), 8 * sector), 0);
        ASSERT_EQ(cache.write(filled(sector, 3), 15 * sector), 0);
        const auto left = medium.after_a_cut(16);
        EXPECT_EQ(std::vector(left.begin(), left.begin() + 8), std::vector<int>(8, 1));
        EXPECT_EQ(std::vector(left.begin() + 8, left.begin() + 15), std::vector<int>(7, 2));
    }
}

TEST(WriteCache, LosesEverySubsetOfUnflushedSectorsForSomeSeed) {
    std::set<std::vector<int>> subsets;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        const Medium medium(3);
        WriteCache cache(medium.share(), {.seed = seed});
        ASSERT_EQ(cache.write(filled(3 * sector, 7), 0), 0);
        subsets.insert(medium.after_a_cut(3));
    }
    EXPECT_EQ(subsets.size(), 8U);
}

TEST(WriteCache, LeavesAnOldVersionOrAnyLaterOne) {
    std::set<int> versions;
    for (std::uint64_t seed = 0; seed < 400; ++seed) {
        const Medium medium(1);
        WriteCache cache(medium.share(), {.seed = seed});
        for (const int version : {1, 2, 3}) {
            ASSERT_EQ(cache.write(filled(sector, version), 0), 0);
        }
        versions.insert(medium.after_a_cut(1).front());
    }
    EXPECT_EQ(versions, (std::set{0, 1, 2, 3}));
}

TEST(WriteCache, LosesNothingWithoutACacheAndTheSameForTheSameSeed) {
    const auto cut = [](WriteCache::Options options) {
        const Medium medium(64);
        WriteCache cache(medium.share(), options);
        EXPECT_EQ(cache.write(filled(64 * sector, 9), 0), 0);
        return medium.after_a_cut(64);
    };
    EXPECT_EQ(cut({.mode = WriteCache::Mode::write_through}), std::vector<int>(64, 9));
    std::set<std::vector<int>> outcomes;
    for (std::uint64_t seed = 0; seed < 20; ++seed) {
        EXPECT_EQ(cut({.seed = seed}), cut({.seed = seed}));
        outcomes.insert(cut({.seed = seed}));
    }
    EXPECT_GT(outcomes.size(), 5U);
}

TEST(WriteCache, WritesOutWhenItIsFull) {
    const Medium medium(256);
    WriteCache cache(medium.share(), {.seed = 3, .limit = 16});
    for (std::size_t i = 0; i < 256; ++i) {
        ASSERT_EQ(cache.write(filled(sector, 1), i * sector), 0);
        EXPECT_LE(cache.held(), 16U);
    }
}

}  // namespace
}  // namespace ordeal
