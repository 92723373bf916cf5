// The second half of a trial: from the load to tearing down.
#include "campaign/trial.hpp"
#include "core/random.hpp"
#include "verifier/true_health.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <fmt/format.h>
#include <system_error>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration load_allowance = 5s;
constexpr Duration load_moves_allowance = 15s;
constexpr Duration stop_allowance = 2s;
/// How long a healed guest may take until it beats and writes again without being started anew.
constexpr Duration revival_allowance = 3s;
/// Ten beats at the default rate: a guest that was silent for longer does not serve.
constexpr Duration freshness = 1s;
/// A management that was killed, cut off or hung may be back in this time.
constexpr Duration management_allowance = 15s;
constexpr Duration between_attempts = 200ms;

/// Since `start`; no less than nothing.
Duration since(Instant start, std::optional<Instant> moment) {
    return std::max(Duration{}, moment.value_or(start) - start);
}

}  // namespace

// The load.

LoadOrder Trial::load_order(const LoadSpec& spec, std::string_view purpose) const {
    auto random = Random(planned_.seed).derive(spec.domain).derive(purpose);
    // A disk of a real site outlives the run, and has the ledgers of earlier ones with this seed.
    const auto started =
        static_cast<std::uint64_t>(result_.record.started.time_since_epoch().count());
    // 63 bits, for the history's numbers have a sign.
    return {
        .spec = spec, .run_id = random.derive(started).next() >> 1U, .seed = random.next() >> 1U};
}

bool Trial::has_load(const TrialDomain& domain) const {
    return std::ranges::find(experiment_.loads, domain.subject(), &LoadSpec::domain) !=
           experiment_.loads.end();
}

Status Trial::start_loads() {
    for (const auto& spec : experiment_.loads) {
        const auto domain = std::ranges::find(domains_, spec.domain, &TrialDomain::subject);
        if (domain == domains_.end()) {
            return fail(ErrorKind::internal, "start the load in " + spec.domain, "no such domain");
        }
        const auto order = load_order(spec, "load");
        if (auto status = (*domain)->start_load(order, load_allowance); !status) {
            return status;
        }
    }
    // The schedule counts from a load that moves: on a slow machine the first write takes long, and
    // a fault before it would prove nothing.
    const auto all_move = [this] {
        return std::ranges::all_of(domains_, [this](const auto& domain) {
            return !has_load(*domain) || domain->pulse().writing_since;
        });
    };
    if (world_.scheduler.wait_for(load_moves_allowance, stop_, all_move) == Woken::deadline) {
        return fail(ErrorKind::timeout,
                    "see the load move",
                    "nothing was acknowledged in " + to_text(load_moves_allowance));
    }
    return ok();
}

// What is left on the disks.

std::optional<Instant> Trial::last_healing() const {
    std::optional<Instant> last;
    for (const auto& fault : faults_) {
        last = std::max(last, fault->outcome().healed);
    }
    return last;
}

/// What `event::recovered` shall say of a domain that needs no new start; nothing: it does.
std::optional<Fields> Trial::revival(TrialDomain& domain) const {
    if (domain.gone()) {
        return std::nullopt;
    }
    if (auto moved = failed_over(domain)) {
        return moved;
    }
    auto& scheduler = world_.scheduler;
    const auto healed = last_healing();
    const auto silent_since = healed.value_or(scheduler.now() - freshness);
    const bool writes = has_load(domain);
    const auto lives = [&] {
        const auto pulse = domain.pulse();
        return pulse.last_beat > silent_since && (!writes || pulse.writing_since);
    };
    // A guest that no fault ended, as one that has moved, is not given up for a moment's silence.
    const auto heard = std::max(healed, domain.pulse().last_beat);
    const auto patience = heard.value_or(scheduler.now()) + revival_allowance;
    if (scheduler.wait_until(patience, stop_, lives) != Woken::ready) {
        return std::nullopt;
    }
    const auto pulse = domain.pulse();
    Fields data{{"agent_back", since(silent_since, pulse.beating_since)}};
    if (writes) {
        data.set("load_back", since(silent_since, pulse.writing_since));
    }
    return data;
}

Status Trial::capture() {
    for (const auto& domain : domains_) {
        auto revived = revival(*domain);
        if (revived && has_load(*domain)) {
            // The disk is examined as QEMU's end leaves it; a load that stops is no condition.
            if (auto status = domain->stop_load(stop_allowance); !status) {
                recorder_.record(
                    event::note, "runner", domain->subject(), {{"text", status.error().text()}});
            }
        }
        revivals_.push_back(std::move(revived));
        if (auto status = persist([&] { return domain->destroy(); }, stop_); !status) {
            return status;
        }
        auto specimens = domain->capture(directory_);
        if (!specimens) {
            return specimens.error();
        }
        std::ranges::move(*specimens, std::back_inserter(specimens_));
    }
    at_capture_ = recorder_.history();
    examination_ = world_.scheduler.spawn("examine", [this](const std::stop_token&) {
        const auto status = phase(phase::examine, &Trial::examine);
        const std::lock_guard lock(examined_mutex_);
        examined_ = status;
    });
    return ok();
}

Status Trial::examine() {
    Status first_error = ok();
    for (const auto& spec : experiment_.checks) {
        const auto check = make(world_.catalogues.checks, spec.kind);
        if (!check) {
            return fail(ErrorKind::internal, "examine for " + spec.kind, "no such check");
        }
        for (const auto& specimen : specimens_) {
            ExamineContext context{.tools = world_.tools,
                                   .recorder = recorder_,
                                   .at = recorder_.now(),
                                   .directory = directory_,
                                   .history = at_capture_,
                                   .stop = stop_,
                                   .left = deadline_ - world_.scheduler.now()};
            auto status = check->examine(context, specimen, spec.params);
            if (!status && first_error) {
                first_error = std::move(status);  // what the others see counts all the same
            }
        }
    }
    return first_error;
}

// Recovery.

Status Trial::recover() {
    if (!experiment_.recover) {
        return ok();
    }
    for (std::size_t i = 0; i < domains_.size(); ++i) {
        if (revivals_[i]) {
            recorder_.record(event::recovered, "runner", domains_[i]->subject(), *revivals_[i]);
        } else if (auto status = restart(*domains_[i]); !status) {
            return status;
        }
    }
    return ok();
}

// The end.

Status Trial::judge() {
    const auto history = recorder_.history();
    for (const auto& spec : experiment_.checks) {
        const auto check = make(world_.catalogues.checks, spec.kind);
        if (!check) {
            return fail(ErrorKind::internal, "judge " + spec.kind, "no such check");
        }
        auto findings = check->judge(history, experiment_, spec.params);
        std::ranges::move(findings, std::back_inserter(result_.record.findings));
    }
    for (const auto& domain : experiment_.domains) {
        const auto timeline = verifier::true_health(history, domain.name);
        for (auto& event : verifier::to_events(timeline, domain.name)) {
            recorder_.record(std::move(event));
        }
    }
    return ok();
}

/// Tries until it succeeds or the management had time to come back.
Status Trial::persist(const std::function<Status()>& deed, const std::stop_token& stop) {
    auto& scheduler = world_.scheduler;
    const auto limit = scheduler.now() + management_allowance;
    auto done = deed();
    while (!done && scheduler.now() < limit) {
        if (scheduler.wait_for(between_attempts, stop) == Woken::stopped) {
            break;
        }
        done = deed();
    }
    return done;
}

Status Trial::tear_down() {
    stop_faults();
    stop_failovers();
    service_.stop();
    Status status = ok();
    for (std::size_t i = 0; i < domains_.size(); ++i) {
        auto removed = persist([&] { return domains_[i]->remove(); }, never_stopped);
        if (removed) {
            removed = world_.journal.done(announced_[i]);
        }
        if (!removed) {
            result_.residue = true;
            trouble(removed.error().text());
            status = removed;
        }
    }
    for (const auto& fault : faults_) {
        // What could not be healed in place may have gone with its domain.
        if (fault->outcome().residue) {
            fault->heal();
        }
        result_.residue = result_.residue || fault->outcome().residue;
    }
    return status;
}

void Trial::conclude() {
    auto& record = result_.record;
    for (const auto& fault : faults_) {
        if (const auto outcome = fault->outcome(); !outcome.trouble.empty()) {
            trouble(outcome.trouble);
        }
    }
    if (const auto lost = recorder_.lost(); lost > 0) {
        trouble(fmt::format("{} events did not fit into the history", lost));
    }
    if (const std::lock_guard lock(examined_mutex_); !examined_) {
        trouble(examined_.error().text());
    }
    std::vector<Verdict> verdicts;
    for (const auto& finding : record.findings) {
        verdicts.push_back(finding.verdict);
    }
    if (!troubles_.empty()) {
        verdicts.push_back(Verdict::inconclusive);
    }
    record.verdict = combine(verdicts);
    const auto decisive = std::ranges::find(record.findings, record.verdict, &Finding::verdict);
    // A trouble explains why checks could say nothing, but not why one failed.
    if (!troubles_.empty() && record.verdict != Verdict::fail) {
        record.reason = troubles_.front();
    } else if (decisive != record.findings.end()) {
        record.reason = decisive->check + ": " + decisive->summary;
    } else {
        record.reason = "no check examined anything";
    }
    if (record.verdict == Verdict::pass) {
        record.reason = fmt::format("all {} findings pass", record.findings.size());
    }
    record.wall = recorder_.now();
    keep_or_drop_evidence();
    if (!result_.interrupted) {
        if (auto stored = world_.writer.finish_trial(record); !stored) {
            spdlog::error(
                "trial is not stored trial={} error={}", record.number, stored.error().text());
            // A verdict that nobody can read again is none, least of all one of a full disk.
            record.verdict = Verdict::inconclusive;
            record.reason = "its result could not be stored: " + stored.error().answer;
        }
    }
}

void Trial::keep_or_drop_evidence() {
    std::error_code error;
    const bool keep = world_.evidence == Evidence::of_all ||
                      (result_.record.verdict != Verdict::pass && !result_.interrupted);
    if (!keep) {
        std::filesystem::remove_all(directory_, error);
        return;
    }
    for (const auto& entry : std::filesystem::recursive_directory_iterator(directory_, error)) {
        if (entry.is_regular_file()) {
            result_.record.evidence.push_back(
                std::filesystem::relative(entry.path(), world_.run_directory));
        }
    }
    std::ranges::sort(result_.record.evidence);
}

}  // namespace ordeal
