#include "verifier/crash/exploration.hpp"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_set>

namespace ordeal::verifier::crash {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t instants_at_once = 4;
constexpr std::size_t problems_told = 5;

/// What the workers share.
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
          explorer_(base_),
          engine_(std::move(engine)),
          referee_(std::move(referee)),
          oracle_(ledgers_of(shared.trace)) {}

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
                explore(*instant);
            }
        }
    }

  private:
    void explore(const CrashInstant& instant) {
        local_ = {};
        report_ = {instant.number,
                   instant.event,
                   instant.time,
                   instant.atoms.size(),
                   instant.possible,
                   0,
                   0,
                   0};
        std::uint64_t runs = 0;
        auto coverage = explorer_.explore(
            instant,
            [this](ImageView& view) {
                verdict_ = engine_->examine(view);
                if (verdict_ == Engine::Verdict::sound) {
                    oracle_.locate(*engine_);
                }
            },
            [this](const Leaf& leaf, ImageView& view) { judge(leaf, view); },
            [&] { return runs++ < shared_.options.max_runs && shared_.go_on(); });
        if (!coverage) {
            shared_.fail_with(coverage.error());
            return;
        }
        report_.covered = coverage->covered;
        report_.runs = coverage->runs;
        local_.coverage = coverage.value();
        local_.atoms = instant.atoms.size();
        local_.instants.push_back(report_);
        hand_over();
    }

    void judge(const Leaf& leaf, ImageView& view) {
        std::optional<LedgerVerdict> ledger;
        if (verdict_ == Engine::Verdict::sound && !oracle_.empty()) {
            ledger = oracle_.judge(view, leaf.instant.event);
            local_.promises_checked += ledger->required;
            local_.promises_broken += ledger->lost.size();
        }
        auto verdict = verdict_;
        const auto problems = engine_->problems(problems_told);
        const auto content = engine_->content();
        if (referee_ != nullptr) {
            ask_referee(leaf, view, content, verdict);
        } else {
            (void)shared_.first_to_see(content);
        }
        switch (verdict) {
            case Engine::Verdict::sound:
                ++local_.sound_leaves;
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
        const auto sample = shared_.options.raw_sample;
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
            report_.bad += states;
            local_.bad += states;
        }
        if (local_.bad_states.size() == shared_.options.bad_kept) {
            return;
        }
        BadState bad{kind, {shared_.trace.name, leaf.instant.number, {}}, leaf.instant.time};
        for (const auto& [atom, alternative] : leaf.decided) {
            if (alternative != 0) {
                bad.id.decided.emplace_back(atom, alternative);
            }
        }
        for (const auto& [atom, choice] : more) {
            bad.id.decided.emplace_back(static_cast<std::uint32_t>(atom),
                                        explorer_.alternative(atom, choice));
        }
        std::ranges::sort(bad.id.decided);
        bad.states = states;
        bad.words = std::move(words);
        local_.bad_states.push_back(std::move(bad));
    }

    void hand_over() {
        const std::lock_guard lock(shared_.mutex);
        auto& all = shared_.found;
        all.coverage += local_.coverage;
        all.bad += local_.bad;
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
        std::ranges::move(local_.instants, std::back_inserter(all.instants));
        std::ranges::move(local_.bad_states, std::back_inserter(all.bad_states));
    }

    Shared& shared_;
    BaseImage base_;
    CrashModel model_;
    Explorer explorer_;
    std::unique_ptr<Engine> engine_;
    std::unique_ptr<Referee> referee_;
    LedgerOracle oracle_;
    Engine::Verdict verdict_ = Engine::Verdict::beyond_us;
    std::uint64_t leaves_ = 0;
    InstantReport report_;
    Exploration local_;  ///< of the present instant
};

Status check_base(const Trace& trace, const std::vector<std::byte>& base) {
    const auto refuse = [](std::string_view answer) {
        return fail(ErrorKind::corrupt,
                    "explore the trace",
                    std::string(answer),
                    "give the copy of the disk that the recorder made at its start");
    };
    if (base.size() != trace.header.disk_size) {
        return refuse("the base image has another size than the recorded disk");
    }
    if (trace.header.base_stamp != 0 && sparse_stamp(base) != trace.header.base_stamp) {
        return refuse("the base image is not the disk as it was when the recording began");
    }
    return ok();
}

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
    found.unique_images = shared.seen.size();
    for (const auto& ledger : ledgers_of(trace)) {
        found.acknowledged += static_cast<std::uint64_t>(std::ranges::count_if(
            ledger.acknowledged, [](const auto& one) { return one.sequence != 0; }));
    }
    found.took = Clock::now() - start;
    return std::move(found);
}

}  // namespace ordeal::verifier::crash
