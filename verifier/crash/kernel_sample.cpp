#include "verifier/crash/kernel_sample.hpp"

#include "core/random.hpp"

#include <algorithm>
#include <set>

namespace ordeal::verifier::crash {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint64_t sample_seed = 1;  ///< the same sample each time

std::size_t count_instants(const Trace& trace,
                           const std::vector<std::byte>& base,
                           const CrashRules& rules) {
    BaseImage image(base);
    CrashModel model(trace, image, rules);
    std::size_t count = 0;
    while (model.skip()) {
        ++count;
    }
    return count;
}

/// Judges states of one instant after the other.
class Sampler {
  public:
    Sampler(const Trace& trace, const BaseImage& base, std::string filesystem, Referee& referee)
        : trace_(trace), base_(base), filesystem_(std::move(filesystem)), referee_(referee) {}

    /// So many distinct states, or all of them.
    Status sample(const CrashInstant& instant, std::uint64_t wanted, std::size_t bad_kept) {
        InstantReport report{
            instant.number, instant.event, instant.time, instant.atoms.size(), instant.possible};
        std::set<std::vector<std::uint32_t>> seen;
        // A few more attempts than states: some come twice.
        for (std::uint64_t attempt = 0;
             attempt < 4 * wanted && seen.size() < wanted && instant.possible > seen.size();
             ++attempt) {
            auto state = random_state(instant);
            if (!seen.insert(state).second) {
                continue;
            }
            if (auto judged = judge(instant, std::move(state), report, bad_kept); !judged) {
                return judged;
            }
        }
        report.covered = seen.size();
        report.runs = seen.size();
        found.atoms += instant.atoms.size();
        found.coverage += {.possible = instant.possible,
                           .covered = report.covered,
                           .runs = report.runs,
                           .instants = 1,
                           .partial_instants = report.covered == instant.possible ? 0U : 1U};
        found.bad += report.bad;
        found.instants.push_back(std::move(report));
        return ok();
    }

    Exploration found;

  private:
    std::vector<std::uint32_t> random_state(const CrashInstant& instant) {
        std::vector<std::uint32_t> state;
        for (const auto& atom : instant.atoms) {
            state.push_back(static_cast<std::uint32_t>(random_.below(atom.alternatives())));
        }
        return state;
    }

    Status judge(const CrashInstant& instant,
                 std::vector<std::uint32_t> state,
                 InstantReport& report,
                 std::size_t bad_kept) {
        FixedState fixed(instant, state);
        ImageView view(base_, &fixed);
        fixed.mark(view);
        const auto ruling = referee_.rule_by_kernel(view, filesystem_);
        if (!ruling) {
            return ruling.error();
        }
        if (ruling->sound) {
            ++found.sound_leaves;
            return ok();
        }
        ++found.bad_leaves;
        report.bad += 1;
        if (found.bad_states.size() < bad_kept) {
            BadState bad{
                BadKind::structure, {trace_.name, instant.number, {}, {}}, {}, instant.time};
            for (std::uint32_t atom = 0; atom < state.size(); ++atom) {
                if (state[atom] != 0) {
                    bad.id.decided.emplace_back(atom, state[atom]);
                }
            }
            bad.least = bad.id;
            bad.states = 1;
            bad.words = {ruling->words};
            found.bad_states.push_back(std::move(bad));
        }
        return ok();
    }

    const Trace& trace_;
    const BaseImage& base_;
    const std::string filesystem_;
    Referee& referee_;
    Random random_{sample_seed};
};

}  // namespace

bool has_kernel_judge(std::string_view filesystem) {
    return filesystem == "ext3" || filesystem == "ext4" || filesystem == "xfs" ||
           filesystem == "btrfs";
}

Result<Exploration> sample_by_kernel(const Trace& trace,
                                     const std::vector<std::byte>& base,
                                     const ExplorationOptions& options,
                                     const std::string& filesystem,
                                     std::uint64_t states,
                                     Referee& referee) {
    if (!has_kernel_judge(filesystem)) {
        return fail(ErrorKind::usage, "sample crash states", "no checker for " + filesystem);
    }
    if (auto checked = check_base(trace, base); !checked) {
        return checked.error();
    }
    const auto start = Clock::now();
    const auto instants = count_instants(trace, base, options.rules);
    BaseImage image(base);
    CrashModel model(trace, image, options.rules);
    Sampler sampler(trace, image, filesystem, referee);
    std::uint64_t shown = 0;
    for (std::size_t number = 0; const auto* instant = model.next(); ++number) {
        // Evenly: by the end of this instant, its share of all.
        const auto due = states * (number + 1) / std::max<std::size_t>(instants, 1);
        const bool in_time =
            Clock::now() < start + options.budget && !options.stop.stop_requested();
        if (auto done = sampler.sample(*instant, in_time ? due - shown : 0, options.bad_kept);
            !done) {
            return done.error();
        }
        shown = due;
    }
    sampler.found.sampled_by = filesystem == "xfs"     ? "a kernel mount and xfs_repair -n"
                               : filesystem == "btrfs" ? "a kernel mount and btrfs check"
                                                       : "a kernel mount and e2fsck -fn";
    sampler.found.took = Clock::now() - start;
    return std::move(sampler.found);
}

}  // namespace ordeal::verifier::crash
