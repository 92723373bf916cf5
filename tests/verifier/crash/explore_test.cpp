#include "verifier/crash/explore.hpp"

#include "core/random.hpp"
#include "tests/verifier/crash/trace_story.hpp"
#include "verifier/crash/states.hpp"

#include <gmock/gmock.h>

#include <array>
#include <map>
#include <set>

namespace ordeal::verifier::crash {
namespace {

using ordeal::testing::TraceStory;
const auto always = [] { return true; };

/// A recovery and a check of no filesystem: walks from sector to sector as their bytes say, copies
/// some to others, and sums up what it saw. Any function of the image will do.
std::uint64_t toy_recovery(ImageView& view, std::uint64_t salt) {
    std::uint64_t sum = salt;
    std::uint64_t at = salt % view.sectors();
    for (int step = 0; step < 7; ++step) {
        std::byte byte{};
        EXPECT_TRUE(view.read(at * sector_size + step, {&byte, 1}));
        sum = placed(sum, static_cast<std::uint64_t>(byte));
        const auto next = sum % view.sectors();
        if (sum % 3 == 0) {
            const std::array<std::byte, sector_size> copy{byte};
            const auto length = sum % 2 == 0 ? sector_size : 10;
            EXPECT_TRUE(view.write(next * sector_size, std::span(copy).first(length)));
        } else if (sum % 7 == 0) {
            sum += view.stamp(next, std::min<std::uint64_t>(2, view.sectors() - next));
        }
        at = next;
    }
    return sum;
}

/// Writes of random sectors, some concurrent, some with equal content, some flushed.
TraceStory random_story(Random& random, std::uint64_t sectors, int steps, std::uint32_t atom) {
    TraceStory story(sectors, atom);
    const auto unit = atom / 512;
    std::vector<std::uint64_t> open;
    for (int step = 0; step < steps; ++step) {
        const auto dice = random.below(20);
        if (dice < 9) {
            const std::string letters(unit, static_cast<char>('a' + random.below(5)));
            open.push_back(story.write(random.below(sectors / unit) * unit, letters));
        } else if (dice < 10) {
            story.flushed();
        } else if (!open.empty()) {
            const auto chosen = random.below(open.size());
            story.complete(open[chosen]);
            open.erase(open.begin() + static_cast<long>(chosen));
        }
    }
    return story;
}

struct ExploredLeaf {
    std::vector<Decision> decided;
    Count states;
    std::uint64_t result = 0;
};

struct Explored {
    Coverage coverage;
    std::vector<ExploredLeaf> leaves;
};

Explored explore(const CrashInstant& instant, const BaseImage& base, std::uint64_t salt) {
    Explorer explorer(base);
    Explored explored;
    std::uint64_t result = 0;
    const auto coverage = explorer.explore(
        instant,
        [&](ImageView& view) { result = toy_recovery(view, salt); },
        [&](const Leaf& leaf, ImageView&) {
            explored.leaves.push_back(
                {{leaf.decided.begin(), leaf.decided.end()}, leaf.states, result});
        },
        always);
    EXPECT_TRUE(coverage);
    explored.coverage = coverage.value();
    return explored;
}

bool same(const Atom& atom, std::uint32_t one, std::uint32_t other) {
    for (std::size_t position = 0; position < atom.sectors.size(); ++position) {
        if (stamp_of(atom.content(one, position)) != stamp_of(atom.content(other, position))) {
            return false;
        }
    }
    return true;
}

bool belongs(const std::vector<std::uint32_t>& state,
             const CrashInstant& instant,
             const ExploredLeaf& leaf) {
    return std::ranges::all_of(leaf.decided, [&](const Decision& decision) {
        return same(instant.atoms[decision.atom], state[decision.atom], decision.alternative);
    });
}

/// Which leaf a state belongs to: exactly one.
const ExploredLeaf* leaf_of(const std::vector<std::uint32_t>& state,
                            const CrashInstant& instant,
                            const Explored& explored) {
    const ExploredLeaf* found = nullptr;
    for (const auto& leaf : explored.leaves) {
        if (belongs(state, instant, leaf)) {
            EXPECT_EQ(found, nullptr) << "two leaves for one state";
            found = &leaf;
        }
    }
    return found;
}

std::uint64_t directly(const CrashInstant& instant,
                       const BaseImage& base,
                       const std::vector<std::uint32_t>& state,
                       std::uint64_t salt) {
    FixedState fixed(instant, state);
    ImageView view(base, &fixed);
    fixed.mark(view);
    return toy_recovery(view, salt);
}

/// Counts up: the next assignment of alternatives; false after the last.
bool next_state(std::vector<std::uint32_t>& state, const CrashInstant& instant) {
    for (std::size_t index = 0; index < state.size(); ++index) {
        if (++state[index] < instant.atoms[index].alternatives()) {
            return true;
        }
        state[index] = 0;
    }
    return false;
}

TEST(Explorer, AgreesWithBruteForceInEveryLeafAndEveryCount) {
    Random random(42);
    std::uint64_t states = 0;
    std::uint64_t runs = 0;
    for (std::uint64_t round = 0; round < 60; ++round) {
        const auto story = random_story(random, 16, 20, round % 4 == 3 ? 4096 : 512);
        const auto trace = story.trace();
        auto base = story.base();
        CrashModel model(trace, base, {});
        while (const auto* instant = model.next()) {
            if (instant->possible > 4096) {
                continue;
            }
            const auto explored = explore(*instant, base, round);
            EXPECT_TRUE(explored.coverage.complete());
            std::map<const ExploredLeaf*, Count> counted;
            std::vector<std::uint32_t> state(instant->atoms.size());
            do {
                const auto* leaf = leaf_of(state, *instant, explored);
                ASSERT_NE(leaf, nullptr);
                ++counted[leaf];
                EXPECT_EQ(directly(*instant, base, state, round), leaf->result);
                ++states;
            } while (next_state(state, *instant));
            for (const auto& leaf : explored.leaves) {
                EXPECT_EQ(counted[&leaf], leaf.states);
            }
            runs += explored.coverage.runs;
        }
    }
    EXPECT_GT(states, 4 * runs) << "laziness saved nothing";
}

TEST(Explorer, AgreesWithRandomStatesOfLargeInstants) {
    Random random(4711);
    std::size_t checked = 0;
    std::uint64_t round = 0;
    Count largest = 0;
    while (checked < 100'000) {
        const auto story = random_story(random, 96, 160, 512);
        const auto trace = story.trace();
        auto base = story.base();
        CrashModel model(trace, base, {});
        ++round;
        while (const auto* instant = model.next()) {
            const auto explored = explore(*instant, base, round);
            largest = std::max(largest, instant->possible);
            for (int sample = 0; sample < 500; ++sample, ++checked) {
                std::vector<std::uint32_t> state;
                for (const auto& atom : instant->atoms) {
                    state.push_back(static_cast<std::uint32_t>(random.below(atom.alternatives())));
                }
                const auto* leaf = leaf_of(state, *instant, explored);
                ASSERT_NE(leaf, nullptr);
                ASSERT_EQ(directly(*instant, base, state, round), leaf->result);
            }
        }
    }
    EXPECT_GT(largest, Count(1) << 50U);
}

TEST(Explorer, ReadsNothingTwiceForEqualContent) {
    TraceStory story(4);
    story.written(0, ".");
    story.written(1, "a");
    story.written(1, "a");
    const auto trace = story.trace();
    auto base = story.base();
    CrashModel model(trace, base, {});
    const auto* instant = model.next();
    ASSERT_EQ(instant->possible, 6);
    Explorer explorer(base);
    std::vector<Count> counts;
    const auto coverage = explorer.explore(
        *instant,
        [](ImageView& view) { (void)view.stamp(0, 2); },
        [&](const Leaf& leaf, ImageView&) { counts.push_back(leaf.states); },
        always);
    ASSERT_TRUE(coverage);
    EXPECT_THAT(counts, ::testing::ElementsAre(2, 4));
    EXPECT_TRUE(coverage->complete());
}

TEST(Explorer, ShowsDataWithoutDecidingIt) {
    TraceStory story(4);
    story.written(0, "ab");
    story.written(1, "cc");
    const auto trace = story.trace();
    auto base = story.base();
    CrashModel model(trace, base, {});
    const auto* instant = model.next();
    Explorer explorer(base);
    std::size_t seen = 0;
    const auto coverage = explorer.explore(
        *instant,
        [](ImageView& view) { (void)view.sector(0); },
        [&](const Leaf&, ImageView& view) {
            EXPECT_EQ(view.possible(0).size(), 1U);
            seen = view.possible(1).size();
            EXPECT_EQ(view.possible(2).size(), 2U);
            EXPECT_NE(view.atom(1), view.atom(2));
        },
        always);
    EXPECT_EQ(seen, 3U);
    EXPECT_EQ(coverage->runs, 2U);
}

TEST(Explorer, SaysPartialWhenItIsStopped) {
    TraceStory story(8);
    story.written(0, "abcdef");
    const auto trace = story.trace();
    auto base = story.base();
    CrashModel model(trace, base, {});
    Explorer explorer(base);
    int left = 10;
    const auto coverage = explorer.explore(
        *model.next(),
        [](ImageView& view) { (void)view.stamp(0, 8); },
        [](const Leaf&, ImageView&) {},
        [&] { return left-- > 0; });
    ASSERT_TRUE(coverage);
    EXPECT_FALSE(coverage->complete());
    EXPECT_EQ(coverage->partial_instants, 1U);
    EXPECT_EQ(coverage->covered, 10);
    EXPECT_EQ(coverage->possible, 64);
}

TEST(Explorer, RefusesAnExaminationThatIsNotDeterministic) {
    TraceStory story(8);
    story.written(0, "abcdefgh");
    const auto trace = story.trace();
    auto base = story.base();
    CrashModel model(trace, base, {});
    Explorer explorer(base);
    std::uint64_t calls = 0;
    const auto coverage = explorer.explore(
        *model.next(),
        [&](ImageView& view) { (void)view.sector(calls++ % 8); },
        [](const Leaf&, ImageView&) {},
        always);
    ASSERT_FALSE(coverage);
    EXPECT_EQ(coverage.error().kind, ErrorKind::internal);
}

TEST(StateId, ComesBackFromItsText) {
    const StateId id{0x00f3a9c2d1b4e587, 12, {{3, 1}, {17, 2}}};
    EXPECT_EQ(id.text(), "00f3a9c2d1b4e587.12.3-1.17-2");
    EXPECT_EQ(parse_state_id(id.text()).value(), id);
    for (const auto* wrong : {"",
                              "x",
                              "1",
                              "1.",
                              "1.2.",
                              "1.2.3",
                              "1.2.3-",
                              "1.2.3-4.",
                              "1.2.3-1.3-1",
                              "1.2-3",
                              "1.2.99999999999-1",
                              "11112222333344445.1",
                              "1.2.3-1 "}) {
        EXPECT_FALSE(parse_state_id(wrong)) << wrong;
    }
}

TEST(StateId, RebuildsTheImage) {
    TraceStory story(4);
    story.written(0, "a");
    story.flushed();
    story.written(1, "bc");
    story.flushed();
    const auto trace = story.trace();
    const auto base = story.base();
    const std::vector<std::byte> bytes(base.bytes().begin(), base.bytes().end());
    const auto letters = [&](const StateId& id) {
        const auto image = build_image(trace, bytes, {}, id);
        std::string found;
        for (std::size_t at = 0; image && at < image->size(); at += 512) {
            found.push_back(static_cast<char>((*image)[at]));
        }
        return found;
    };
    EXPECT_EQ(letters({trace.name, 0, {}}), "....");
    EXPECT_EQ(letters({trace.name, 0, {{0, 1}}}), "a...");
    EXPECT_EQ(letters({trace.name, 1, {{1, 1}}}), "a.c.");
    EXPECT_EQ(letters({trace.name, 2, {}}), "abc.");
    EXPECT_EQ(letters({trace.name, 3, {}}), "");
    EXPECT_EQ(letters({trace.name, 1, {{2, 1}}}), "");
    EXPECT_EQ(letters({trace.name, 1, {{1, 2}}}), "");
    EXPECT_EQ(letters({trace.name + 1, 1, {}}), "");
}

TEST(Count, IsReadable) {
    EXPECT_EQ(to_text(Count(84284)), "84284");
    EXPECT_EQ(to_text(Count(9999999)), "9999999");
    EXPECT_EQ(to_text(Count(1) << 300U), "2.03e90");
    EXPECT_DOUBLE_EQ(ratio(Count(1) << 2000U, Count(1) << 2001U), 0.5);
}

}  // namespace
}  // namespace ordeal::verifier::crash
