#include "verifier/crash/model.hpp"

#include "core/random.hpp"
#include "tests/verifier/crash/trace_story.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>
#include <set>

namespace ordeal::verifier::crash {
namespace {

using ordeal::testing::TraceStory;
using ::testing::ElementsAre;

/// What each sector may hold at one instant, oldest first: ".a" may be old or 'a'.
using Holds = std::map<std::uint64_t, std::string>;

std::vector<Holds> instants(const TraceStory& story, const CrashRules& rules = {}) {
    const auto trace = story.trace();
    auto base = story.base();
    CrashModel model(trace, base, rules);
    std::vector<Holds> found;
    while (const auto* instant = model.next()) {
        EXPECT_EQ(instant->number, found.size());
        auto& holds = found.emplace_back();
        for (std::uint64_t sector = 0; sector < base.sectors(); ++sector) {
            if (base.sector(sector)[0] != std::byte{'.'}) {
                holds[sector] = std::string(1, static_cast<char>(base.sector(sector)[0]));
            }
        }
        Count possible = 1;
        for (const auto& atom : instant->atoms) {
            possible *= atom.alternatives();
            for (std::size_t position = 0; position < atom.sectors.size(); ++position) {
                std::string letters;
                for (std::size_t i = 0; i < atom.alternatives(); ++i) {
                    const auto letter = static_cast<char>(atom.content(i, position)[511]);
                    letters.push_back(letter == 0 ? '0' : letter);
                }
                holds[atom.sectors[position]] = letters;
            }
        }
        EXPECT_EQ(possible, instant->possible);
    }
    return found;
}

TEST(CrashModel, PowerCutLosesWhatNoFlushSaved) {
    TraceStory story(8);
    story.written(0, "a");
    story.flushed();
    story.written(1, "b");
    EXPECT_THAT(instants(story), ElementsAre(Holds{{0, ".a"}}, Holds{{0, "a"}, {1, ".b"}}));
}

TEST(CrashModel, AFlushSavesOnlyWhatHadCompletedBeforeItsIssue) {
    TraceStory story(8);
    const auto early = story.write(0, "a");
    story.complete(early);
    const auto late = story.write(1, "b");
    const auto flush = story.flush();
    story.complete(late);
    story.complete(flush);
    EXPECT_THAT(instants(story),
                ElementsAre(Holds{{0, ".a"}, {1, ".b"}}, Holds{{0, "a"}, {1, ".b"}}));
}

TEST(CrashModel, AFailedFlushOrWriteSavesNothing) {
    TraceStory story(8);
    story.written(0, "a");
    story.complete(story.flush(), 5);
    story.complete(story.write(1, "b", true), 5);
    story.flushed();
    EXPECT_THAT(instants(story),
                ElementsAre(Holds{{0, ".a"}, {1, ".b"}}, Holds{{0, "a"}, {1, ".b"}}));
}

TEST(CrashModel, FuaSavesItselfAlone) {
    TraceStory story(8);
    story.written(0, "a");
    story.written(1, "b", true);
    EXPECT_THAT(instants(story),
                ElementsAre(Holds{{0, ".a"}, {1, ".b"}}, Holds{{0, ".a"}, {1, "b"}}));
}

TEST(CrashModel, WithoutAWriteCacheCompletionSaves) {
    TraceStory story(8);
    story.write_cache(false);
    story.written(0, "a");
    (void)story.write(1, "b");
    EXPECT_THAT(instants(story), ElementsAre(Holds{{0, ".a"}}, Holds{{0, "a"}, {1, ".b"}}));
}

TEST(CrashModel, LaterWritesHideEarlierOnesInOrder) {
    TraceStory story(8);
    story.written(0, "a");
    story.written(0, "b");
    story.flushed();
    EXPECT_THAT(instants(story), ElementsAre(Holds{{0, ".ab"}}, Holds{{0, "b"}}));
}

TEST(CrashModel, ConcurrentWritesLandInEitherOrderEvenWhenFlushed) {
    TraceStory story(8);
    const auto first = story.write(0, "a");
    const auto second = story.write(0, "b");
    story.complete(first);
    story.complete(second);
    story.flushed();
    story.written(0, "c");
    story.flushed();
    EXPECT_THAT(instants(story),
                ElementsAre(Holds{{0, ".ab"}}, Holds{{0, "abc"}}, Holds{{0, "c"}}));
}

TEST(CrashModel, ADurableFuaWriteHidesAnOlderVolatileOne) {
    TraceStory story(8);
    story.written(0, "ab");
    story.written(0, "c", true);
    EXPECT_THAT(instants(story),
                ElementsAre(Holds{{0, ".ac"}, {1, ".b"}}, Holds{{0, "c"}, {1, ".b"}}));
}

TEST(CrashModel, DiscardsAndZeroesAreWrites) {
    TraceStory story(8);
    story.complete(story.discard(0, 2));
    story.complete(story.zeroes(4, 1));
    EXPECT_THAT(instants(story), ElementsAre(Holds{{0, ".0"}, {1, ".0"}, {4, ".0"}}));
}

TEST(CrashModel, A4KDiskWritesItsSectorsTogether) {
    TraceStory story(16, 4096);
    story.written(0, "aaaaaaaabbbbbbbb");
    const auto trace = story.trace();
    auto base = story.base();
    CrashModel model(trace, base, {});
    EXPECT_EQ(model.next()->possible, 4);
}

TEST(CrashModel, ALyingDiskLosesTheLastFlushes) {
    TraceStory story(8);
    for (std::uint64_t sector = 0; sector < 3; ++sector) {
        story.written(sector, std::string(1, static_cast<char>('a' + sector)));
        story.flushed();
    }
    EXPECT_THAT(instants(story, {.lying_flushes = 1}).back(),
                (Holds{{0, "a"}, {1, "b"}, {2, ".c"}}));
    EXPECT_THAT(instants(story, {.lying_flushes = 2}).back(),
                (Holds{{0, "a"}, {1, ".b"}, {2, ".c"}}));
    EXPECT_THAT(instants(story, {.lying_flushes = CrashRules::all_flushes}),
                ElementsAre(Holds{{0, ".a"}, {1, ".b"}, {2, ".c"}}));
}

TEST(CrashModel, TornAndGarbageSectorsAreOneAlternativeMore) {
    TraceStory story(8);
    story.written(0, "a");
    const auto trace = story.trace();
    auto base = story.base();
    CrashModel torn(trace, base, {.damage = SectorDamage::torn});
    const auto* instant = torn.next();
    ASSERT_EQ(instant->possible, 3);
    EXPECT_EQ(instant->atoms[0].content(2, 0)[255], std::byte{'a'});
    EXPECT_EQ(instant->atoms[0].content(2, 0)[256], std::byte{'.'});
    CrashModel garbage(trace, base, {.damage = SectorDamage::garbage});
    EXPECT_EQ(garbage.next()->possible, 3);
}

// The table "what each fault drops". Story: sector 0 flushed, sector 1 complete but not flushed,
// sector 2 in flight. Sectors are 64 KiB apart so that each is an allocation of its own.
struct Cell {
    CrashFault fault;
    CacheMode cache;
    DiskFormat format;
    std::string flushed;  ///< what it may hold at the end: "a" or ".a"
    std::string complete;
};

class FaultTable : public ::testing::TestWithParam<Cell> {};

TEST_P(FaultTable, DropsWhatTheCellSays) {
    TraceStory story(512);
    story.written(0, "a");
    story.flushed();
    story.written(128, "b");
    (void)story.write(256, "c");
    const auto& cell = GetParam();
    const CrashRules rules{.fault = cell.fault, .cache = cell.cache, .format = cell.format};
    EXPECT_THAT(instants(story, rules).back(),
                (Holds{{0, cell.flushed}, {128, cell.complete}, {256, ".c"}}));
}

constexpr auto cut = CrashFault::power_cut;
constexpr auto kill = CrashFault::qemu_killed;
constexpr auto crash = CrashFault::host_crash;

INSTANTIATE_TEST_SUITE_P(
    Cells,
    FaultTable,
    ::testing::Values(Cell{cut, CacheMode::writeback, DiskFormat::raw, "a", ".b"},
                      Cell{cut, CacheMode::none, DiskFormat::raw, "a", ".b"},
                      Cell{cut, CacheMode::writethrough, DiskFormat::raw, "a", "b"},
                      Cell{cut, CacheMode::directsync, DiskFormat::raw, "a", "b"},
                      Cell{cut, CacheMode::unsafe, DiskFormat::raw, ".a", ".b"},
                      Cell{cut, CacheMode::writeback, DiskFormat::qcow2, "a", ".b"},
                      Cell{cut, CacheMode::none, DiskFormat::qcow2, "a", ".b"},
                      Cell{cut, CacheMode::writethrough, DiskFormat::qcow2, "a", "b"},
                      Cell{cut, CacheMode::directsync, DiskFormat::qcow2, "a", "b"},
                      Cell{cut, CacheMode::unsafe, DiskFormat::qcow2, ".a", ".b"},
                      Cell{kill, CacheMode::writeback, DiskFormat::raw, "a", "b"},
                      Cell{kill, CacheMode::none, DiskFormat::raw, "a", "b"},
                      Cell{kill, CacheMode::writethrough, DiskFormat::raw, "a", "b"},
                      Cell{kill, CacheMode::directsync, DiskFormat::raw, "a", "b"},
                      Cell{kill, CacheMode::unsafe, DiskFormat::raw, "a", "b"},
                      Cell{kill, CacheMode::writeback, DiskFormat::qcow2, "a", ".b"},
                      Cell{kill, CacheMode::none, DiskFormat::qcow2, "a", ".b"},
                      Cell{kill, CacheMode::writethrough, DiskFormat::qcow2, "a", "b"},
                      Cell{kill, CacheMode::directsync, DiskFormat::qcow2, "a", "b"},
                      Cell{kill, CacheMode::unsafe, DiskFormat::qcow2, "a", ".b"},
                      Cell{crash, CacheMode::writeback, DiskFormat::raw, "a", ".b"},
                      Cell{crash, CacheMode::none, DiskFormat::raw, "a", ".b"},
                      Cell{crash, CacheMode::writethrough, DiskFormat::raw, "a", "b"},
                      Cell{crash, CacheMode::directsync, DiskFormat::raw, "a", "b"},
                      Cell{crash, CacheMode::unsafe, DiskFormat::raw, ".a", ".b"},
                      Cell{crash, CacheMode::writeback, DiskFormat::qcow2, "a", ".b"},
                      Cell{crash, CacheMode::none, DiskFormat::qcow2, "a", ".b"},
                      Cell{crash, CacheMode::writethrough, DiskFormat::qcow2, "a", "b"},
                      Cell{crash, CacheMode::directsync, DiskFormat::qcow2, "a", "b"},
                      Cell{crash, CacheMode::unsafe, DiskFormat::qcow2, ".a", ".b"}),
    [](const auto& cell) {
        auto name = std::string(name_of(cell.param.fault)) + "_" +
                    std::string(name_of(cell.param.cache)) + "_" +
                    std::string(name_of(cell.param.format));
        std::ranges::replace(name, '-', '_');
        return name;
    });

TEST(CrashModel, WritesToAllocatedPlacesSurviveAKillAndAHostCrash) {
    TraceStory story(512);
    story.written(0, "a");
    story.flushed();
    story.written(1, "b");
    for (const auto fault : {kill, crash}) {
        const CrashRules qcow2{
            .fault = fault, .cache = CacheMode::none, .format = DiskFormat::qcow2};
        EXPECT_THAT(instants(story, qcow2).back(), (Holds{{0, "a"}, {1, "b"}}));
        auto preallocated = qcow2;
        preallocated.preallocated = true;
        EXPECT_THAT(instants(story, preallocated).back(), (Holds{{0, "a"}, {1, "b"}}));
    }
}

TEST(CrashModel, AnAllocationIsLostAsAWhole) {
    TraceStory story(512);
    story.written(0, "ab");
    story.written(5, "c");
    story.written(0, "d");
    const auto trace = story.trace();
    auto base = story.base();
    CrashModel model(trace, base, {.fault = kill, .format = DiskFormat::qcow2});
    const auto* instant = model.next();
    ASSERT_EQ(instant->atoms.size(), 1U);
    EXPECT_THAT(instant->atoms[0].sectors, ElementsAre(0, 1, 5));
    EXPECT_EQ(instant->possible, 2);
    EXPECT_EQ(instant->atoms[0].content(1, 0)[0], std::byte{'d'});
}

TEST(CrashModel, AKilledQemuTearsBufferedWritesAtPages) {
    TraceStory story(64);
    (void)story.write(4, "aaaabbbbbbbbcc");
    const auto trace = story.trace();
    auto base = story.base();
    EXPECT_EQ(CrashModel(trace, base, {.fault = kill}).next()->possible, 8);
    EXPECT_EQ(CrashModel(trace, base, {.fault = kill, .cache = CacheMode::none}).next()->possible,
              1U << 14U);
}

constexpr auto never = SIZE_MAX;

/// A request as the definitions see it at one instant.
struct Request {
    TraceEvent issue;
    std::size_t issued = 0;
    std::size_t completed = never;
};

std::vector<Request> requests_before(const Trace& trace, std::size_t instant) {
    std::vector<Request> requests;
    for (std::size_t index = 0; index < instant; ++index) {
        const auto& event = trace.events[index];
        if (event.type == EventType::completion) {
            const auto of = [&](const Request& one) { return one.issue.request == event.request; };
            std::ranges::find_if(requests, of)->completed = index;
        } else {
            requests.push_back({event, index});
        }
    }
    return requests;
}

/// Durable(t), word for word.
bool is_durable(const Request& write, const std::vector<Request>& requests) {
    return (write.issue.fua && write.completed != never) ||
           std::ranges::any_of(requests, [&](const Request& flush) {
               return flush.issue.type == EventType::flush && write.completed < flush.issued &&
                      flush.completed != never;
           });
}

/// The definition, carried out literally for one sector: every subset of the volatile writes on top
/// of the durable ones, in every order that keeps "completed before issued".
std::set<char> by_definition(const std::vector<Request>& requests) {
    std::vector<Request> durable;
    std::vector<Request> in_doubt;
    for (const auto& request : requests) {
        if (request.issue.type == EventType::write) {
            (is_durable(request, requests) ? durable : in_doubt).push_back(request);
        }
    }
    std::set<char> values;
    for (std::size_t subset = 0; subset < (1U << in_doubt.size()); ++subset) {
        auto applied = durable;
        for (std::size_t i = 0; i < in_doubt.size(); ++i) {
            if ((subset >> i & 1U) != 0) {
                applied.push_back(in_doubt[i]);
            }
        }
        if (applied.empty()) {
            values.insert('.');
            continue;
        }
        std::ranges::sort(applied, {}, &Request::issued);
        bool more = true;
        while (more) {
            bool allowed = true;
            for (std::size_t a = 0; a < applied.size(); ++a) {
                for (std::size_t b = a + 1; b < applied.size(); ++b) {
                    allowed = allowed && applied[b].completed >= applied[a].issued;
                }
            }
            if (allowed) {
                values.insert(static_cast<char>(applied.back().issue.data[0]));
            }
            more = std::ranges::next_permutation(applied, {}, &Request::issued).found;
        }
    }
    return values;
}

TraceStory random_story(Random& random) {
    TraceStory story(1);
    std::vector<std::uint64_t> open;
    char letter = 'a';
    for (int step = 0; step < 14; ++step) {
        const auto dice = random.below(10);
        if (dice < 4 && letter < 'g') {
            open.push_back(story.write(0, std::string(1, letter++), random.below(4) == 0));
        } else if (dice < 6) {
            open.push_back(story.flush());
        } else if (!open.empty()) {
            const auto chosen = random.below(open.size());
            story.complete(open[chosen]);
            open.erase(open.begin() + static_cast<long>(chosen));
        }
    }
    return story;
}

TEST(CrashModel, AgreesWithTheDefinitionOnRandomTraces) {
    Random random(20260701);
    std::size_t manifold = 0;
    for (int round = 0; round < 300; ++round) {
        const auto story = random_story(random);
        const auto trace = story.trace();
        auto base = story.base();
        CrashModel model(trace, base, {});
        while (const auto* instant = model.next()) {
            std::set<char> modelled{static_cast<char>(*base.sector(0))};
            if (!instant->atoms.empty()) {
                modelled.clear();
                for (const auto* content : instant->atoms[0].contents) {
                    modelled.insert(static_cast<char>(*content));
                }
            }
            manifold += modelled.size() > 2 ? 1 : 0;
            EXPECT_EQ(modelled, by_definition(requests_before(trace, instant->event)))
                << "round " << round << ", event " << instant->event;
        }
    }
    EXPECT_GT(manifold, 50U) << "too simple to show anything";
}

}  // namespace
}  // namespace ordeal::verifier::crash
