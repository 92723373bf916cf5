#include "verifier/crash/exploration.hpp"

#include "tests/verifier/crash/trace_story.hpp"
#include "verifier/crash/shrink.hpp"
#include "verifier/crash/states.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <map>

namespace ordeal::verifier::crash {
namespace {

using ledger::Plan;
using ledger::Profile;
using ordeal::testing::TraceStory;

/// A filesystem of one sector: it tells the file's length in sectors. The file begins at sector 8.
/// 'X' at its start is a broken filesystem.
class ToyEngine : public Engine {
  public:
    explicit ToyEngine(std::string name) : name_(std::move(name)) {}

    Verdict examine(ImageView& view) override {
        const auto* super = view.sector(0);
        const auto letter = std::to_integer<std::uint64_t>(super[0]);
        length_ = letter < 'a' ? 0 : letter - 'a';
        broken_ = super[0] == std::byte{'X'};
        content_ = view.stamp_of_sector(0);
        return broken_ ? Verdict::broken : Verdict::sound;
    }

    std::vector<std::string> problems(std::size_t /*most*/) override {
        return broken_ ? std::vector<std::string>{"X"} : std::vector<std::string>{};
    }

    std::uint64_t content() override { return content_; }

    const std::vector<FileMap>& files(const std::string& directory) override {
        EXPECT_EQ(directory, "ledger-7");
        files_ = {{name_, length_ * sector_size, {}}};
        for (std::uint64_t sector = 0; sector < length_; ++sector) {
            files_[0].sectors.push_back({8 + sector});
        }
        return files_;
    }

    void write_back() override {}

  private:
    std::string name_;
    std::vector<FileMap> files_;
    std::uint64_t length_ = 0;
    std::uint64_t content_ = 0;
    bool broken_ = false;
};

std::vector<std::byte> record(const Plan& plan, std::uint64_t sequence) {
    std::vector<std::byte> bytes(plan.record_size);
    ledger::fill_record(plan, sequence, bytes);
    return bytes;
}

void acknowledge(TraceStory& story, const Plan& plan, std::uint64_t sequence) {
    story.mark(ledger::encode_mark({plan, "ledger-7", sequence}));
}

Exploration explore(const TraceStory& story, const std::string& file, unsigned workers = 1) {
    const auto trace = story.trace();
    const auto base = story.base();
    ExplorationOptions options;
    options.workers = workers;
    auto found = explore_trace(
        trace,
        {base.bytes().begin(), base.bytes().end()},
        options,
        [&] { return std::make_unique<ToyEngine>(file); },
        [](unsigned) { return nullptr; });
    EXPECT_TRUE(found) << found.error().text();
    EXPECT_TRUE(found->coverage.complete());
    return std::move(found.value());
}

/// Every state by itself, with the ledger's own judgement of the whole file.
Count bad_by_brute_force(const TraceStory& story, const std::string& file) {
    const auto trace = story.trace();
    auto base = story.base();
    const auto ledgers = ledgers_of(trace);
    CrashModel model(trace, base, {});
    Count bad = 0;
    while (const auto* instant = model.next()) {
        std::vector<std::uint32_t> state(instant->atoms.size());
        for (bool more = true; more;) {
            FixedState fixed(*instant, state);
            ImageView view(base, &fixed);
            fixed.mark(view);
            ToyEngine engine(file);
            bool wrong = engine.examine(view) == Engine::Verdict::broken;
            for (const auto& ledger : ledgers) {
                std::vector<std::uint64_t> acknowledged;
                for (const auto& [event, sequence] : ledger.acknowledged) {
                    if (event < instant->event && sequence != 0) {
                        acknowledged.push_back(sequence);
                    }
                }
                const auto map = engine.files("ledger-7").front();
                std::vector<std::byte> bytes(map.size);
                EXPECT_TRUE(view.read(8 * sector_size, bytes));
                const ledger::File files{map.name, bytes};
                const auto judged = ledger::judge(
                    ledger.plan, acknowledged, ledger::scan(ledger.plan, {&files, 1}));
                wrong = wrong || !judged.lost.empty() || !judged.half_there.empty();
            }
            bad += wrong ? 1 : 0;
            more = false;
            for (std::size_t i = 0; i < state.size() && !more; ++i) {
                more = ++state[i] < instant->atoms[i].alternatives();
                state[i] = more ? state[i] : 0;
            }
        }
    }
    return bad;
}

const Plan append{.run = 7, .seed = 1, .record_size = 1024};
const Plan overwrite{.profile = Profile::overwrite_direct,
                     .run = 7,
                     .seed = 1,
                     .record_size = 4096,
                     .writers = 1,
                     .slots = 1};

TEST(Exploration, FindsNothingWhereFlushesAreRight) {
    TraceStory story(32);
    for (std::uint64_t sequence = 1; sequence <= 3; ++sequence) {
        story.complete(story.write_bytes(6 + 2 * sequence, record(append, sequence)));
        story.flushed();
        story.written(0, std::string(1, static_cast<char>('a' + 2 * sequence)));
        story.flushed();
        acknowledge(story, append, sequence);
    }
    const auto found = explore(story, "append-0");
    EXPECT_EQ(found.bad, 0);
    EXPECT_EQ(found.bad_leaves, 0U);
    EXPECT_EQ(found.acknowledged, 3U);
    EXPECT_GT(found.promises_checked, 3U);
    EXPECT_EQ(found.unique_images, 4U);
    EXPECT_EQ(bad_by_brute_force(story, "append-0"), 0);
}

TEST(Exploration, CountsEveryStateThatLosesARecordWithoutBranchingOnIt) {
    TraceStory story(32);
    story.complete(story.write_bytes(8, record(append, 1)));
    story.flushed();
    story.written(0, "e");
    story.flushed();
    acknowledge(story, append, 1);
    story.complete(story.write_bytes(10, record(append, 2)));
    acknowledge(story, append, 2);  // too early: nothing was flushed
    story.written(20, "zzz");
    story.flushed();
    const auto found = explore(story, "append-0");
    EXPECT_EQ(found.bad, bad_by_brute_force(story, "append-0"));
    EXPECT_EQ(found.bad, 8 * 3);
    EXPECT_EQ(found.coverage.runs, 5U) << "data must not be branched on";
    ASSERT_EQ(found.bad_states.size(), 1U);
    EXPECT_EQ(found.bad_states[0].kind, BadKind::ledger);
}

TEST(Exploration, JudgesRecordsCutBetweenTwoGenerations) {
    for (const auto& plan : {overwrite,
                             Plan{.profile = Profile::rename_fsync,
                             .run = 7,
                             .seed = 1,
                             .record_size = 1024,
                             .writers = 1,
                             .slots = 1}}) {
        TraceStory story(32);
        const auto* file = plan.profile == Profile::overwrite_direct ? "slots" : "slot-0";
        story.written(0, std::string(1, static_cast<char>('a' + plan.record_size / 512)));
        story.complete(story.write_bytes(8, record(plan, 1)));
        story.flushed();
        acknowledge(story, plan, 1);
        story.complete(story.write_bytes(8, record(plan, 2)));
        story.flushed();
        acknowledge(story, plan, 2);
        const auto found = explore(story, file);
        EXPECT_EQ(found.bad, bad_by_brute_force(story, file)) << file;
        EXPECT_EQ(found.bad == 0, plan.profile == Profile::overwrite_direct) << file;
    }
}

TEST(Exploration, RebuildsABadStateFromItsName) {
    TraceStory story(32);
    story.complete(story.write_bytes(8, record(append, 1)));
    story.written(0, "c");
    story.flushed();
    acknowledge(story, append, 1);
    story.written(0, "b");  // shortens the file
    story.written(0, "X");
    story.flushed();
    const auto found = explore(story, "append-0");
    EXPECT_EQ(found.bad, bad_by_brute_force(story, "append-0"));
    ASSERT_GE(found.bad_states.size(), 2U);
    const auto trace = story.trace();
    const auto base = story.base();
    for (const auto& bad : found.bad_states) {
        const auto image = build_image(trace,
                                       {base.bytes().begin(), base.bytes().end()},
                                       {},
                                       parse_state_id(bad.id.text()).value());
        ASSERT_TRUE(image);
        const auto letter = static_cast<char>((*image)[0]);
        EXPECT_EQ(letter, bad.kind == BadKind::structure ? 'X' : 'b');
    }
}

TEST(Exploration, ShrinksABadStateToTheWritesThatMakeItBad) {
    TraceStory story(32);
    story.written(0, "d");
    story.flushed();
    // The length counts first: all is decided, and only its shrinking breaks a promise.
    story.complete(story.write_bytes(8, record(append, 1)));
    story.flushed();
    acknowledge(story, append, 1);
    story.written(20, "yy");
    story.written(0, "X");
    story.written(22, "zz");
    story.flushed();
    const auto found = explore(story, "append-0");
    const auto bad = std::ranges::find(found.bad_states, BadKind::structure, &BadState::kind);
    ASSERT_NE(bad, found.bad_states.end());
    EXPECT_THAT(bad->least.decided, ::testing::SizeIs(1));
    const auto base = story.base();
    const auto image =
        build_image(story.trace(), {base.bytes().begin(), base.bytes().end()}, {}, bad->least);
    ASSERT_TRUE(image);
    EXPECT_EQ(static_cast<char>((*image)[0]), 'X');
}

TEST(Exploration, ShrinksWhatWasReadWithoutNeed) {
    TraceStory story(32);
    story.written(1, "p");
    story.written(2, "q");
    story.written(0, "X");
    story.written(3, "r");
    const auto trace = story.trace();
    const auto base = story.base();
    const std::vector<std::byte> bytes(base.bytes().begin(), base.bytes().end());
    ToyEngine engine("append-0");
    std::vector<BadState> bad{
        {BadKind::structure, {trace.name, 0, {{0, 1}, {1, 1}, {2, 1}, {3, 1}}, {}}}};
    shrink(trace, bytes, {}, engine, bad);
    EXPECT_EQ(bad[0].least.decided, (std::vector<std::pair<std::uint32_t, std::uint32_t>>{{0, 1}}));
}

TEST(Exploration, FindsTheSameWithAnyNumberOfWorkers) {
    TraceStory story(32);
    for (std::uint64_t sequence = 1; sequence <= 8; ++sequence) {
        story.complete(story.write_bytes(6 + 2 * sequence, record(append, sequence)));
        story.written(0, std::string(1, static_cast<char>('a' + 2 * sequence)));
        acknowledge(story, append, sequence);
        story.flushed();
    }
    const auto one = explore(story, "append-0");
    const auto four = explore(story, "append-0", 4);
    EXPECT_GT(one.bad, 0);
    EXPECT_EQ(one.bad, four.bad);
    EXPECT_EQ(one.coverage.covered, four.coverage.covered);
    EXPECT_EQ(one.unique_images, four.unique_images);
    ASSERT_EQ(one.bad_states.size(), four.bad_states.size());
    for (std::size_t i = 0; i < one.bad_states.size(); ++i) {
        EXPECT_EQ(one.bad_states[i].id, four.bad_states[i].id);
    }
}

TEST(Exploration, StopsAtItsBudgetAndSaysSo) {
    TraceStory story(32);
    story.written(0, "b");
    story.flushed();
    const auto trace = story.trace();
    const auto base = story.base();
    ExplorationOptions options;
    options.budget = Duration(0);
    const auto found = explore_trace(
        trace,
        {base.bytes().begin(), base.bytes().end()},
        options,
        [] { return std::make_unique<ToyEngine>("append-0"); },
        [](unsigned) { return nullptr; });
    ASSERT_TRUE(found);
    EXPECT_FALSE(found->coverage.complete());
    EXPECT_EQ(found->coverage.partial_instants, 2U);
    EXPECT_EQ(found->coverage.possible, 3);
}

TEST(Exploration, RefusesAnotherDisksBase) {
    TraceStory story(32);
    const auto found = explore_trace(
        story.trace(),
        std::vector<std::byte>(512),
        {},
        [] { return std::make_unique<ToyEngine>("append-0"); },
        [](unsigned) { return nullptr; });
    ASSERT_FALSE(found);
    EXPECT_EQ(found.error().kind, ErrorKind::corrupt);
}

}  // namespace
}  // namespace ordeal::verifier::crash
