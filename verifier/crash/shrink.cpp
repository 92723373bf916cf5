#include "verifier/crash/shrink.hpp"

#include <algorithm>

namespace ordeal::verifier::crash {
namespace {

using Applied = std::vector<std::pair<std::uint32_t, std::uint32_t>>;  ///< atom, alternative

/// Examines single states of one instant.
class Examiner {
  public:
    Examiner(const BaseImage& base, const Trace& trace, Engine& engine)
        : base_(base), engine_(engine), oracle_(ledgers_of(trace)) {}

    [[nodiscard]] bool is_bad(const CrashInstant& instant, const Applied& applied, BadKind kind) {
        std::vector<std::uint32_t> alternatives(instant.atoms.size());
        for (const auto& [atom, alternative] : applied) {
            alternatives[atom] = alternative;
        }
        FixedState fixed(instant, std::move(alternatives));
        ImageView view(base_, &fixed);
        fixed.mark(view);
        const auto verdict = engine_.examine(view);
        if (kind == BadKind::structure) {
            return verdict == Engine::Verdict::broken;
        }
        if (verdict != Engine::Verdict::sound) {
            return false;
        }
        oracle_.locate(engine_);
        return !oracle_.judge(view, instant.event).lost.empty();
    }

  private:
    const BaseImage& base_;
    Engine& engine_;
    LedgerOracle oracle_;
};

/// Leaves out ever smaller stretches, as long as it stays bad.
Applied fewest(Examiner& examiner,
               const CrashInstant& instant,
               BadKind kind,
               Applied applied,
               std::size_t most) {
    for (auto stretch = std::max<std::size_t>(applied.size() / 2, 1); most > 0;) {
        bool shorter = false;
        for (std::size_t at = 0; at < applied.size() && most > 0; --most) {
            auto fewer = applied;
            const auto first = fewer.begin() + static_cast<std::ptrdiff_t>(at);
            fewer.erase(
                first, first + static_cast<std::ptrdiff_t>(std::min(stretch, applied.size() - at)));
            if (examiner.is_bad(instant, fewer, kind)) {
                applied = std::move(fewer);
                shorter = true;
            } else {
                at += stretch;
            }
        }
        if (stretch == 1 && !shorter) {
            break;
        }
        stretch = std::max<std::size_t>(stretch / 2, 1);
    }
    return applied;
}

}  // namespace

void shrink(const Trace& trace,
            const std::vector<std::byte>& base,
            const CrashRules& rules,
            Engine& engine,
            std::vector<BadState>& bad,
            std::size_t most) {
    if (bad.empty()) {
        return;  // the copy below is dear
    }
    BaseImage image(base);
    CrashModel model(trace, image, rules);
    Examiner examiner(image, trace, engine);
    const CrashInstant* instant = nullptr;
    std::size_t reached = 0;  ///< instants that the model has gone by
    for (auto& state : bad) {
        state.least = state.id;
        if (!state.id.recoveries.empty() || state.kind == BadKind::disagreement) {
            continue;
        }
        for (; reached < state.id.instant && model.skip(); ++reached) {
        }
        if (reached == state.id.instant) {
            instant = model.next();
            ++reached;
        }
        if (instant != nullptr && instant->number == state.id.instant &&
            examiner.is_bad(*instant, state.id.decided, state.kind)) {
            state.least.decided = fewest(examiner, *instant, state.kind, state.id.decided, most);
        }
    }
}

}  // namespace ordeal::verifier::crash
