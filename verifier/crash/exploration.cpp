#include "verifier/crash/exploration.hpp"

#include "verifier/crash/recovery_crash.hpp"
#include "verifier/crash/shrink.hpp"

#include <algorithm>
#include <atomic>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>

namespace ordeal::verifier::crash {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t instants_at_once = 4;
constexpr std::size_t problems_told = 5;
constexpr std::uint64_t raw_sample_of_recoveries = 20;  ///< times as seldom

struct Shared {
    const Trace& trace;
    const ExplorationOptions& options;
    const Clock::time_point end;
    std::atomic<std::size_t> next_instant = 0;
    std::atomic<bool> failed = false;

    std::mutex mutex;
    Exploration found;
    std::unordered_set<std::uint64_t> seen;  ///< contents after recovery
    std::optional<Error> error;

    /// True for the first to see the content.
    bool first_to_see(std::uint64_t content) {
        const std::lock_guard lock(mutex);
        return seen.insert(content).second;
    }

    void fail_with(Error wrong) {
        const std::lock_guard lock(mutex);
        if (!failed.exchange(true)) {
            error = std::move(wrong);
        }
    }

    [[nodiscard]] bool go_on() const {
        return !failed && !options.stop.stop_requested() && Clock::now() < end;
    }
};

/// Explores instants with its own base, engine, oracle and referee.
class Worker {
  public:
    Worker(Shared& shared,
           const std::vector<std::byte>& base,
           std::unique_ptr<Engine> engine,
           std::unique_ptr<Referee> referee)
        : shared_(shared),
          base_(base),
          model_(shared.trace, base_, shared.options.rules),
          engine_(std::move(engine)),
          referee_(std::move(referee)),
          oracle_(ledgers_of(shared.trace)) {
        for (unsigned level = 0; level <= shared.options.recovery_depth; ++level) {
            explorers_.emplace_back(base_);
        }
    }

    void run() {
        std::size_t number = 0;
        while (!shared_.failed) {
            const auto claimed = shared_.next_instant.fetch_add(instants_at_once);
            for (; number < claimed; ++number) {
                if (!model_.skip()) {
                    return;
                }
            }
            for (; number < claimed + instants_at_once; ++number) {
                const auto* instant = model_.next();
                if (instant == nullptr) {
                    return;
                }
                begin(*instant);
                explore(*instant, 0);
                if (shared_.failed) {
                    return;
                }
                hand_over();
            }
        }
    }

  private:
    struct Point {
        std::size_t step = 0;
        std::size_t first_atom = 0;
    };

    void begin(const CrashInstant& instant) {
        local_ = {};
        decided_.assign(explorers_.size(), {});
        points_.clear();
        runs_ = 0;
        local_.atoms = instant.atoms.size();
        report_ = {
            instant.number, instant.event, instant.time, instant.atoms.size(), instant.possible};
    }

    [[nodiscard]] bool more() { return runs_++ < shared_.options.max_runs && shared_.go_on(); }

    /// Examines and judges all states of an instant, behind `level` recoveries that were cut.
    void explore(const CrashInstant& instant, std::size_t level) {
        const auto coverage = explorers_[level].explore(
            instant,
            [&](ImageView& view) {
                verdict_ = engine_->examine(view);
                if (verdict_ == Engine::Verdict::sound) {
                    oracle_.locate(*engine_);
                    if (level > 0) {
                        oracle_.settle(view);
                    }
                }
            },
            [&](const Leaf& leaf, ImageView& view) {
                decided_[level] = {leaf.decided.begin(), leaf.decided.end()};
                judge(leaf, view);
            },
            [this] { return more(); });
        if (!coverage) {
            shared_.fail_with(coverage.error());
            return;
        }
        if (level == 0) {
            report_.covered = coverage->covered;
            report_.runs = coverage->runs;
            local_.coverage = coverage.value();
        } else {
            local_.recovery += coverage.value();
        }
        if (level < shared_.options.recovery_depth) {
            cut_recoveries(instant, level);
        }
        decided_[level].clear();
    }

    /// Recovers each leaf again, this time with its writes, and explores what is left when the
    /// power goes during that. What the writes depend on is decided, too.
    void cut_recoveries(const CrashInstant& instant, std::size_t level) {
        const auto unit = shared_.trace.header.atom / sector_size;
        auto& explorer = explorers_[level];
        const auto coverage = explorer.explore(
            instant,
            [this](ImageView& view) {
                verdict_ = engine_->examine(view);
                if (verdict_ == Engine::Verdict::sound) {
                    engine_->write_back();
                }
            },
            [&](const Leaf& leaf, ImageView& view) {
                RecoveryCrash crash(leaf, view.steps(), unit);
                decided_[level] = {leaf.decided.begin(), leaf.decided.end()};
                while (const auto* cut = crash.next()) {
                    points_.push_back({crash.step(), crash.first_atom()});
                    explore(*cut, level + 1);
                    points_.pop_back();
                }
            },
            [this] { return more(); });
        if (!coverage) {
            shared_.fail_with(coverage.error());
        } else if (!coverage->complete()) {
            ++local_.recovery.partial_instants;
        }
    }

    void judge(const Leaf& leaf, ImageView& view) {
        std::optional<LedgerVerdict> ledger;
        if (verdict_ == Engine::Verdict::sound && !oracle_.empty()) {
            ledger = oracle_.judge(view, leaf.instant.event);
            local_.promises_checked += ledger->required;
            local_.promises_broken += ledger->lost.size();
        }
        auto verdict = verdict_;
        std::vector<std::string> problems{"e2fsck condemns it"};
        if (verdict_ == Engine::Verdict::broken) {
            problems = engine_->problems(problems_told);
        }
        const auto content = engine_->content();
        if (referee_ != nullptr) {
            ask_referee(leaf, view, content, verdict);
        } else {
            (void)shared_.first_to_see(content);
        }
        switch (verdict) {
            case Engine::Verdict::sound:
                local_.sound_leaves += points_.empty() ? 1 : 0;
                break;
            case Engine::Verdict::broken:
                tell(BadKind::structure, leaf, leaf.states, problems);
                break;
            case Engine::Verdict::beyond_us:
                ++local_.unjudged_leaves;
                break;
        }
        if (ledger && ledger->keeping != ledger->ways) {
            tell_lost(leaf, *ledger);
        }
    }

    /// Shows it what nobody has seen yet; what is beyond us is judged by it alone.
    void ask_referee(const Leaf& leaf,
                     ImageView& view,
                     std::uint64_t content,
                     Engine::Verdict& verdict) {
        const bool judged = verdict != Engine::Verdict::beyond_us;
        // Cut recoveries are many and alike.
        const auto sample =
            shared_.options.raw_sample * (points_.empty() ? 1 : raw_sample_of_recoveries);
        const bool raw = !judged || (sample != 0 && leaves_++ % sample == 0);
        if (raw) {
            rule(leaf, referee_->rule_raw(view), verdict);
            ++local_.refereed_raw;
        }
        if (judged && shared_.first_to_see(content)) {
            engine_->write_back();
            rule(leaf, referee_->rule_recovered(view), verdict);
            ++local_.refereed;
        }
    }

    void rule(const Leaf& leaf, const Result<Ruling>& ruling, Engine::Verdict& verdict) {
        if (!ruling) {
            shared_.fail_with(ruling.error());
            return;
        }
        const auto ruled = ruling->sound ? Engine::Verdict::sound : Engine::Verdict::broken;
        if (verdict == Engine::Verdict::beyond_us) {
            verdict = ruled;
        } else if (verdict != ruled) {
            tell(BadKind::disagreement,
                 leaf,
                 leaf.states,
                 {ruling->sound ? "e2fsck finds it sound, we do not"
                                : "we find it sound, e2fsck does not",
                  ruling->words});
        }
    }

    void tell_lost(const Leaf& leaf, const LedgerVerdict& ledger) {
        std::string places = "acknowledged records lost at";
        for (std::size_t i = 0; i < std::min(ledger.lost.size(), problems_told); ++i) {
            places += " " + std::to_string(ledger.lost[i]);
        }
        places += ledger.lost.size() > problems_told ? " …" : "";
        local_.bad_exact = local_.bad_exact && ledger.exact;
        const Count bad = leaf.states / ledger.ways * (ledger.ways - ledger.keeping);
        tell(BadKind::ledger, leaf, bad, {places}, ledger.breaking);
    }

    void tell(BadKind kind,
              const Leaf& leaf,
              const Count& states,
              std::vector<std::string> words,
              const std::vector<std::pair<std::uint64_t, std::uint32_t>>& more = {}) {
        if (kind == BadKind::disagreement) {
            ++local_.disagreements;
        } else {
            ++local_.bad_leaves;
            (points_.empty() ? report_.bad : report_.bad_recovery) += states;
        }
        if (local_.bad_states.size() == shared_.options.bad_kept) {
            return;
        }
        auto decided = decided_;
        for (const auto& [atom, choice] : more) {
            const auto index = static_cast<std::uint32_t>(atom);
            decided.back().push_back({index, explorers_[points_.size()].alternative(atom, choice)});
        }
        BadState bad{kind, name(leaf, decided), {}, leaf.instant.time};
        bad.states = states;
        bad.words = std::move(words);
        local_.bad_states.push_back(std::move(bad));
    }

    /// An atom keeps its number through all levels; those of a cut step come behind what was there.
    [[nodiscard]] StateId name(const Leaf& leaf,
                               const std::vector<std::vector<Decision>>& decided) const {
        StateId id{shared_.trace.name, leaf.instant.number, {}, {}};
        for (const auto& point : points_) {
            id.recoveries.push_back({point.step, {}});
        }
        for (const auto& level_decided : decided) {
            for (const auto& [atom, alternative] : level_decided) {
                const auto above = std::ranges::upper_bound(points_, atom, {}, &Point::first_atom);
                if (alternative != 0 && above == points_.begin()) {
                    id.decided.emplace_back(atom, alternative);
                } else if (alternative != 0) {
                    const auto level = static_cast<std::size_t>(above - points_.begin()) - 1;
                    id.recoveries[level].applied.push_back(
                        leaf.instant.atoms[atom].sectors.front());
                }
            }
        }
        std::ranges::sort(id.decided);
        for (auto& point : id.recoveries) {
            std::ranges::sort(point.applied);
        }
        return id;
    }

    void hand_over() {
        const std::lock_guard lock(shared_.mutex);
        auto& all = shared_.found;
        all.coverage += local_.coverage;
        all.recovery += local_.recovery;
        all.bad += report_.bad;
        all.bad_recovery += report_.bad_recovery;
        all.bad_exact = all.bad_exact && local_.bad_exact;
        all.bad_leaves += local_.bad_leaves;
        all.disagreements += local_.disagreements;
        all.sound_leaves += local_.sound_leaves;
        all.unjudged_leaves += local_.unjudged_leaves;
        all.refereed += local_.refereed;
        all.refereed_raw += local_.refereed_raw;
        all.promises_checked += local_.promises_checked;
        all.promises_broken += local_.promises_broken;
        all.atoms += local_.atoms;
        all.instants.push_back(report_);
        std::ranges::move(local_.bad_states, std::back_inserter(all.bad_states));
    }

    Shared& shared_;
    BaseImage base_;
    CrashModel model_;
    std::deque<Explorer> explorers_;  ///< by level: of the trace, of its recoveries, of theirs …
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Referee> referee_;
    LedgerOracle oracle_;
    Engine::Verdict verdict_ = Engine::Verdict::beyond_us;
    std::uint64_t leaves_ = 0;
    std::uint64_t runs_ = 0;                      ///< of the present instant
    std::vector<std::vector<Decision>> decided_;  ///< by level, of the leaf at hand
    std::vector<Point> points_;                   ///< where its recoveries were cut
    InstantReport report_;
    Exploration local_;  ///< of the present instant
};

}  // namespace

std::string_view name_of(BadKind kind) {
    switch (kind) {
        case BadKind::structure:
            return "structure";
        case BadKind::ledger:
            return "ledger";
        case BadKind::disagreement:
            return "disagreement";
    }
    return "?";
}

Result<Exploration> explore_trace(const Trace& trace,
                                  const std::vector<std::byte>& base,
                                  const ExplorationOptions& options,
                                  const MakeEngine& make_engine,
                                  const MakeReferee& make_referee) {
    if (auto checked = check_base(trace, base); !checked) {
        return checked.error();
    }
    const auto start = Clock::now();
    Shared shared{trace, options, start + options.budget};
    {
        std::vector<std::jthread> threads;
        for (unsigned number = 0; number < std::max(options.workers, 1U); ++number) {
            threads.emplace_back(
                [&, number] { Worker(shared, base, make_engine(), make_referee(number)).run(); });
        }
    }
    if (shared.error) {
        return *shared.error;
    }
    auto& found = shared.found;
    std::ranges::sort(found.instants, {}, &InstantReport::number);
    std::ranges::stable_sort(
        found.bad_states, {}, [](const BadState& bad) { return bad.id.instant; });
    found.bad_states.resize(std::min(found.bad_states.size(), options.bad_kept));
    shrink(trace, base, options.rules, *make_engine(), found.bad_states);
    found.unique_images = shared.seen.size();
    for (const auto& ledger : ledgers_of(trace)) {
        found.acknowledged += static_cast<std::uint64_t>(std::ranges::count_if(
            ledger.acknowledged, [](const auto& one) { return one.sequence != 0; }));
    }
    found.took = Clock::now() - start;
    return std::move(found);
}

}  // namespace ordeal::verifier::crash
