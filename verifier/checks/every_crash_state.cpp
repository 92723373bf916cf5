#include "core/check.hpp"
#include "verifier/crash_run.hpp"
#include "verifier/record_examined.hpp"

#include <algorithm>
#include <chrono>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <memory>
#include <thread>

namespace ordeal::verifier {
namespace {

using namespace crash;  // NOLINT(google-build-using-namespace)

template <class Enum, std::size_t count>
Enum chosen(const std::array<Enum, count>& known, const std::string& name) {
    const auto found =
        std::ranges::find(known, name, [](Enum one) { return std::string(name_of(one)); });
    return found == known.end() ? known.front() : *found;
}

/// The recorder is below QEMU: what it calls a flush is one, whatever QEMU's cache mode.
ExplorationOptions options_of(const Params& params) {
    ExplorationOptions options;
    options.rules = {
        .fault = chosen(std::array{CrashFault::power_cut, CrashFault::qemu_killed},
                        params.get<std::string>("fault")),
        .damage = chosen(std::array{SectorDamage::none, SectorDamage::torn, SectorDamage::garbage},
                         params.get<std::string>("damage")),
        .lying_flushes = static_cast<std::uint32_t>(params.get<std::int64_t>("lying_flushes"))};
    options.workers = std::max(1U, std::thread::hardware_concurrency());
    options.max_runs = static_cast<std::uint64_t>(params.get<std::int64_t>("max_runs", 20'000));
    options.recovery_depth = static_cast<unsigned>(params.get<std::int64_t>("recovery_depth", 1));
    options.budget = params.get<Duration>("budget", std::chrono::minutes(2));
    return options;
}

std::int64_t acknowledged_by(const History& history, const std::string& domain) {
    std::int64_t count = 0;
    for (const Event* event : history.of(event::ledger_acknowledged, {}, domain)) {
        count += event->data.get<std::int64_t>("last") - event->data.get<std::int64_t>("first") + 1;
    }
    return count;
}

/// The contracts that were told more than one way, "vda: write back, write through".
std::vector<std::string> changed_contracts(const History& history, const std::string& domain) {
    std::map<std::string, std::vector<std::string>> told;
    for (const Event* event : history.of(event::write_cache, {}, domain)) {
        const bool guest = event->source == "guest";
        const auto who =
            event->source + " about " + event->data.get<std::string>(guest ? "device" : "disk");
        std::string words = event->data.get<std::string>("mode");
        for (const auto* flag : {"writeback", "direct", "no_flush"}) {
            if (!guest) {
                words += fmt::format("{}{} {}",
                                     words.empty() ? "" : ", ",
                                     flag,
                                     event->data.get<bool>(flag) ? "on" : "off");
            }
        }
        auto& known = told[who];
        if (std::ranges::find(known, words) == known.end()) {
            known.push_back(words);
        }
    }
    std::vector<std::string> changed;
    for (const auto& [who, words] : told) {
        if (words.size() > 1) {
            changed.push_back(fmt::format("{}: first {}, later {}", who, words[0], words[1]));
        }
    }
    return changed;
}

class EveryCrashState : public Check {
  public:
    Status examine(ExamineContext& context,
                   const Specimen& specimen,
                   const Params& params) const override {
        if (specimen.trace.empty()) {
            return ok();
        }
        const auto trace = read_trace(specimen.trace);
        if (!trace) {
            return trace.error();
        }
        const auto base = read_base(specimen.base);
        if (!base) {
            return base.error();
        }
        auto options = options_of(params);
        options.budget = std::min(options.budget, context.left);
        options.stop = context.stop;
        const auto begun = std::chrono::steady_clock::now();
        const auto found =
            explore_recording(context.tools, *trace, *base, options, WithReferee::yes);
        if (!found) {
            return found.error();
        }
        auto facts = crash_facts(*trace, options.rules, *found);
        const auto command = params.get<std::vector<std::string>>("oracle");
        if (!command.empty()) {
            const auto states = params.get<std::int64_t>("oracle_states", 200);
            const auto left_now = context.stop.stop_requested()
                                      ? Duration::zero()
                                      : context.left - (std::chrono::steady_clock::now() - begun);
            const auto said = consult(context.tools,
                                      *trace,
                                      *base,
                                      options.rules,
                                      {.command = command,
                                       .states = static_cast<std::uint64_t>(states),
                                       .budget = std::min(options.budget, left_now)});
            if (said) {
                add_oracle(facts, *said);
            } else {
                add_oracle_trouble(facts, said.error());  // what was explored stands
            }
        }
        facts.set("disk", specimen.disk.name);
        facts.set("filesystem", specimen.disk.filesystem);
        facts.set("mount_options", specimen.disk.mount_options);
        record_examined(context, crash_check, specimen, std::move(facts));
        return ok();
    }

    std::vector<Finding> judge(const History& history,
                               const Experiment& /*experiment*/,
                               const Params& params) const override {
        std::vector<Finding> findings;
        for (const Event* examined : history.of(event::examined, crash_check)) {
            findings.push_back(judge_one(history, *examined, params));
        }
        if (findings.empty()) {
            findings.push_back(
                {.check = std::string(crash_check), .summary = "no recorded disk was examined"});
        }
        return findings;
    }

  private:
    static Finding judge_one(const History& history, const Event& examined, const Params& params) {
        auto finding = judge_states(history, examined, params);
        if (const auto margin = params.get<double>("margin"); margin > 0) {
            finding.figures.set("margin", margin);
        }
        return finding;
    }

    static Finding judge_states(const History& history,
                                const Event& examined,
                                const Params& params) {
        const auto& facts = examined.data;
        auto subject = examined.subject + "/" + facts.get<std::string>("disk");
        if (params.get<std::string>("expect") == "bad") {
            return crash_finding_expecting_bad(facts, std::move(subject));
        }
        auto finding = crash_finding(facts, std::move(subject));
        const auto recorded = facts.get<std::int64_t>("acknowledged");
        const auto arrived = acknowledged_by(history, examined.subject);
        if (finding.verdict == Verdict::pass && recorded < arrived) {
            finding.verdict = Verdict::inconclusive;
            finding.summary += fmt::format(
                "; but only {} of {} acknowledgements are in the recording", recorded, arrived);
        }
        const auto changed = changed_contracts(history, examined.subject);
        if (finding.verdict == Verdict::pass && !changed.empty()) {
            finding.verdict = Verdict::inconclusive;
            finding.summary += "; but the disk's write cache changed its contract meanwhile";
        }
        finding.evidence.insert(finding.evidence.end(), changed.begin(), changed.end());
        return finding;
    }
};

}  // namespace

std::unique_ptr<Check> checks_every_crash_state() {
    return std::make_unique<EveryCrashState>();
}

}  // namespace ordeal::verifier
