#include "verifier/crash/recovery_crash.hpp"

#include "tests/verifier/crash/trace_story.hpp"
#include "verifier/crash/exploration.hpp"

#include <gmock/gmock.h>

namespace ordeal::verifier::crash {
namespace {

using ordeal::testing::TraceStory;

enum class Flush { before_emptying_the_log, forgotten };

/// Sector 0 is 'j' when the log in sector 1 is to be copied to sectors 2 and 3, which must be equal
/// afterwards.
class ToyJournal : public Engine {
  public:
    explicit ToyJournal(Flush flush) : flush_(flush) {}

    Verdict examine(ImageView& view) override {
        view_ = &view;
        replay_ = view.sector(0)[0] == std::byte{'j'};
        content_ = view.stamp_of_sector(replay_ ? 1 : 2);
        const bool sound = replay_ || content_ == view.stamp_of_sector(3);
        return sound ? Verdict::sound : Verdict::broken;
    }

    std::vector<std::string> problems(std::size_t /*most*/) override { return {"halves differ"}; }

    std::uint64_t content() override { return content_; }

    const std::vector<FileMap>& files(const std::string& /*directory*/) override { return none_; }

    void write_back() override {
        if (!replay_) {
            return;
        }
        std::vector<std::byte> bytes(view_->sector(1), view_->sector(1) + sector_size);
        EXPECT_TRUE(view_->write(2 * sector_size, bytes));
        EXPECT_TRUE(view_->write(3 * sector_size, bytes));
        if (flush_ == Flush::before_emptying_the_log) {
            view_->barrier();
        }
        bytes.assign(sector_size, std::byte{'e'});
        EXPECT_TRUE(view_->write(0, bytes));
    }

  private:
    Flush flush_;
    ImageView* view_ = nullptr;
    bool replay_ = false;
    std::uint64_t content_ = 0;
    std::vector<FileMap> none_;
};

/// A log that is committed while what lies at its target is still in flight.
TraceStory story() {
    TraceStory story(8);
    story.written(1, "n");
    story.flushed();
    story.written(0, "j");
    story.flushed();
    story.written(2, "x");
    return story;
}

Exploration explore(Flush flush, unsigned depth) {
    const auto told = story();
    const auto base = told.base();
    ExplorationOptions options;
    options.recovery_depth = depth;
    auto found = explore_trace(
        told.trace(),
        {base.bytes().begin(), base.bytes().end()},
        options,
        [&] { return std::make_unique<ToyJournal>(flush); },
        [](unsigned) { return nullptr; });
    EXPECT_TRUE(found) << found.error().text();
    EXPECT_TRUE(found->complete());
    return std::move(found.value());
}

struct Counted {
    Count possible;
    Count bad;
};

/// Every subset of every step of the recovery of this image, and of theirs.
Counted cut_by_brute_force(Flush flush, const std::vector<std::byte>& image, unsigned depth) {
    ToyJournal engine(flush);
    const BaseImage base(image);
    ImageView view(base);
    Counted counted;
    if (depth == 0 || engine.examine(view) != Engine::Verdict::sound) {
        return counted;
    }
    engine.write_back();
    auto before = image;
    const auto put = [](const ImageView::Write& write, std::vector<std::byte>& into) {
        std::copy_n(write.after, sector_size, into.begin() + long(write.number * sector_size));
    };
    for (const auto& step : view.steps()) {
        for (unsigned subset = 0; !step.writes.empty() && subset >> step.writes.size() == 0;
             ++subset) {
            auto left_over = before;
            for (std::size_t index = 0; index < step.writes.size(); ++index) {
                if ((subset >> index & 1U) != 0) {
                    put(step.writes[index], left_over);
                }
            }
            const BaseImage left(left_over);
            ImageView again(left);
            ToyJournal next(flush);
            ++counted.possible;
            counted.bad += next.examine(again) == Engine::Verdict::broken ? 1 : 0;
            const auto deeper = cut_by_brute_force(flush, left_over, depth - 1);
            counted.possible += deeper.possible;
            counted.bad += deeper.bad;
        }
        for (const auto& write : step.writes) {
            put(write, before);
        }
    }
    return counted;
}

Counted all_by_brute_force(Flush flush, unsigned depth) {
    const auto told = story();
    const auto trace = told.trace();
    auto base = told.base();
    CrashModel model(trace, base, {});
    Counted all;
    while (const auto* instant = model.next()) {
        for (std::uint32_t state = 0; state < instant->possible; ++state) {
            std::vector<std::byte> image(base.bytes().begin(), base.bytes().end());
            for (std::size_t index = 0; index < instant->atoms.size(); ++index) {
                const auto& atom = instant->atoms[index];
                std::copy_n(atom.content(state >> index & 1U, 0),
                            sector_size,
                            image.begin() + long(atom.sectors[0] * sector_size));
            }
            const auto counted = cut_by_brute_force(flush, image, depth);
            all.possible += counted.possible;
            all.bad += counted.bad;
        }
    }
    return all;
}

TEST(RecoveryCrash, CountsEveryCutOfEveryRecoveryExactly) {
    for (const auto flush : {Flush::before_emptying_the_log, Flush::forgotten}) {
        for (const unsigned depth : {0U, 1U, 2U}) {
            const auto found = explore(flush, depth);
            const auto expected = all_by_brute_force(flush, depth);
            EXPECT_EQ(found.recovery.possible, expected.possible) << depth;
            EXPECT_EQ(found.recovery.covered, expected.possible) << depth;
            EXPECT_EQ(found.bad_recovery, expected.bad) << depth;
            EXPECT_EQ(found.bad, 0) << "it shows only when a recovery is cut";
        }
    }
}

TEST(RecoveryCrash, FindsAForgottenFlushOfRecoveryAndNothingElse) {
    EXPECT_EQ(explore(Flush::before_emptying_the_log, 2).bad_leaves, 0U);
    EXPECT_EQ(explore(Flush::forgotten, 0).bad_leaves, 0U);
    const auto found = explore(Flush::forgotten, 1);
    EXPECT_GT(found.bad_recovery, 0);
    ASSERT_FALSE(found.bad_states.empty());
    EXPECT_EQ(found.bad_states[0].id.recoveries.size(), 1U);
}

TEST(RecoveryCrash, IsRebuiltFromItsName) {
    const auto found = explore(Flush::forgotten, 2);
    const auto told = story();
    const auto base = told.base();
    ToyJournal engine(Flush::forgotten);
    std::size_t deepest = 0;
    ASSERT_FALSE(found.bad_states.empty());
    for (const auto& bad : found.bad_states) {
        const auto id = parse_state_id(bad.id.text());
        ASSERT_TRUE(id) << bad.id.text();
        EXPECT_EQ(*id, bad.id);
        deepest = std::max(deepest, id->recoveries.size());
        const auto image =
            build_image(told.trace(), {base.bytes().begin(), base.bytes().end()}, {}, *id, &engine);
        ASSERT_TRUE(image) << image.error().text();
        const BaseImage built(*image);
        ImageView view(built);
        EXPECT_EQ(engine.examine(view), Engine::Verdict::broken) << bad.id.text();
    }
    EXPECT_EQ(deepest, 2U);
}

TEST(RecoveryCrash, IsRefusedWithoutAnEngineOrSuchAStep) {
    const auto told = story();
    const auto trace = told.trace();
    const auto base = told.base();
    const std::vector<std::byte> bytes(base.bytes().begin(), base.bytes().end());
    ToyJournal engine(Flush::forgotten);
    StateId id{trace.name, 0, {}, {{5, {}}}};
    EXPECT_FALSE(build_image(trace, bytes, {}, id));
    EXPECT_FALSE(build_image(trace, bytes, {}, id, &engine));
    id.recoveries[0].step = 0;
    EXPECT_TRUE(build_image(trace, bytes, {}, id, &engine));
    EXPECT_FALSE(parse_state_id(id.text() + "/"));
    EXPECT_FALSE(parse_state_id(id.text() + "/0.5.4"));
}

}  // namespace
}  // namespace ordeal::verifier::crash
