#include "core/check.hpp"
#include "core/wire_ledger.hpp"
#include "verifier/evidence.hpp"
#include "verifier/ext_image.hpp"
#include "verifier/record_examined.hpp"
#include "verifier/specimen_copies.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

namespace ordeal::verifier {
namespace {

constexpr std::string_view kind = "no_acked_write_lost";
constexpr std::size_t lost_listed = 20;

/// The loads of a domain whose ledgers an examination finds: those before any recovery.
std::vector<const Event*> examined_loads(const History& history, std::string_view domain) {
    auto loads = history.of(event::load_started, {}, domain);
    const Event* recovery = history.first(event::phase_begin, {}, phase::recover);
    std::erase_if(
        loads, [&](const Event* load) { return recovery != nullptr && load->at >= recovery->at; });
    return loads;
}

std::uint32_t number(const Event& load, std::string_view name, std::uint32_t fallback) {
    return static_cast<std::uint32_t>(
        std::clamp<std::int64_t>(load.data.get<std::int64_t>(name, fallback), 0, UINT32_MAX));
}

Result<ledger::Plan> plan_of(const Event& load) {
    auto profile = ledger::parse_profile(load.data.get<std::string>("profile"));
    if (!profile) {
        return profile.error();
    }
    ledger::Plan plan{.profile = profile.value()};
    plan.run = static_cast<std::uint64_t>(load.data.get<std::int64_t>("run_id"));
    plan.seed = static_cast<std::uint64_t>(load.data.get<std::int64_t>("seed"));
    plan.record_size = static_cast<std::uint32_t>(
        std::min<std::uint64_t>(load.data.get<Bytes>("record", {4096}).count, UINT32_MAX));
    plan.writers = number(load, "writers", 1);
    plan.slots = number(load, "slots", 256);
    if (auto valid = ledger::validate(plan); !valid) {
        return valid.error();
    }
    return plan;
}

/// All sequences acknowledged between this load's start and the next one's.
std::vector<std::uint64_t> acknowledged_by(const History& history,
                                           const Event& load,
                                           const ledger::Plan& plan) {
    Instant end = Instant::max();
    for (const Event* next : history.of(event::load_started, {}, load.subject)) {
        if (next->at > load.at) {
            end = std::min(end, next->at);
        }
    }
    std::vector<std::uint64_t> sequences;
    for (const Event* ack : history.of(event::ledger_acknowledged, {}, load.subject)) {
        const auto writer = ack->data.get<std::int64_t>("writer");
        if (ack->at < load.at || ack->at >= end || writer < 0 || writer >= plan.writers) {
            continue;
        }
        const auto first = std::max<std::int64_t>(ack->data.get<std::int64_t>("first"), 0);
        for (auto i = first; i <= ack->data.get<std::int64_t>("last", -1); ++i) {
            sequences.push_back(ledger::sequence_of(
                plan, static_cast<std::uint32_t>(writer), static_cast<std::uint64_t>(i)));
        }
    }
    return sequences;
}

/// The ledger in an image. A directory that is not there holds nothing.
Result<ledger::Scan> scan_image(const std::filesystem::path& image,
                                const std::string& directory,
                                const ledger::Plan& plan) {
    auto opened = ExtImage::open(image);
    if (!opened) {
        return opened.error();
    }
    ledger::Scan found;
    const auto read =
        opened->each_file(directory, [&](std::string_view name, std::span<const std::byte> bytes) {
            ledger::scan_file(plan, {std::string(name), bytes}, found);
        });
    if (!read && read.error().kind != ErrorKind::not_found) {
        return read.error();
    }
    std::ranges::sort(found.places, {}, &ledger::Place::place);
    return found;
}

/// The ledger as the owner of the disk would see it: after a replay, or after a repair where the
/// replay does not do. Notes in `data` which one it was.
Result<ledger::Scan> scan_specimen(ExamineContext& context,
                                   const Specimen& specimen,
                                   const std::string& directory,
                                   const ledger::Plan& plan,
                                   Fields& data) {
    auto replayed = replayed_copy(context, specimen);
    if (!replayed) {
        return replayed.error();
    }
    data.set("read_after", std::string("replay"));
    if (replayed->exit_code < 4) {
        if (auto found = scan_image(replayed->image, directory, plan); found) {
            return found;
        }
    }
    auto repaired = repaired_copy(context, specimen);
    if (!repaired) {
        return repaired.error();
    }
    data.set("read_after", std::string("repair"));
    return scan_image(repaired->image, directory, plan);
}

void note_judgement(const ledger::Judgement& judgement, const ledger::Scan& found, Fields& data) {
    const auto count = [](std::uint64_t number) { return static_cast<std::int64_t>(number); };
    std::vector<std::string> listed;
    for (const auto sequence : judgement.lost) {
        if (listed.size() == lost_listed) {
            break;
        }
        listed.push_back(std::to_string(sequence));
    }
    data.set("required", count(judgement.required));
    data.set("lost", count(judgement.lost.size()));
    data.set("lost_records", std::move(listed));
    data.set("half_there", count(judgement.half_there.size()));
    data.set("torn", count(judgement.torn));
    data.set("unacknowledged_present", count(judgement.unacknowledged_present));
    data.set("intact", count(found.intact().size()));
    data.set("damaged_blocks", count(found.damaged_blocks));
    data.set("misplaced_blocks", count(found.misplaced_blocks));
    data.set("foreign_blocks", count(found.foreign_blocks));
}

/// Fills `data` with what became of one load's ledger.
Status examine_load(ExamineContext& context,
                    const Specimen& specimen,
                    const Event& load,
                    Fields& data) {
    auto plan = plan_of(load);
    if (!plan) {
        return plan.error();
    }
    const auto acknowledged = acknowledged_by(context.history, load, plan.value());
    data.set("acknowledged", static_cast<std::int64_t>(acknowledged.size()));
    if (specimen.disk.filesystem == "xfs") {
        data.set("reason", std::string("the log of xfs is replayed only by a mount"));
        return ok();
    }
    const auto directory =
        load.data.get<std::string>("directory", LoadOrder{.run_id = plan->run}.directory());
    auto found = scan_specimen(context, specimen, directory, plan.value(), data);
    if (!found && found.error().kind != ErrorKind::corrupt) {
        return found.error();
    }
    if (!found) {
        data.set("unreadable", found.error().text());
    }
    const auto scan = found ? found.value() : ledger::Scan{};
    note_judgement(ledger::judge(plan.value(), acknowledged, scan), scan, data);
    return ok();
}

class NoAckedWriteLost : public Check {
  public:
    Status examine(ExamineContext& context,
                   const Specimen& specimen,
                   const Params& /*params*/) const override {
        for (const Event* load : examined_loads(context.history, specimen.domain)) {
            if (load->data.get<std::string>("disk", "data") != specimen.disk.name) {
                continue;
            }
            Fields data{{"disk", specimen.disk.name},
                        {"profile", load->data.get<std::string>("profile")},
                        {"run_id", load->data.get<std::int64_t>("run_id")}};
            if (auto done = examine_load(context, specimen, *load, data); !done) {
                return done;
            }
            record_examined(context, kind, specimen, std::move(data));
        }
        return ok();
    }

    std::vector<Finding> judge(const History& history,
                               const Experiment& /*experiment*/,
                               const Params& /*params*/) const override {
        std::vector<Finding> findings;
        for (const Event* load : history.of(event::load_started)) {
            const auto loads = examined_loads(history, load->subject);
            if (std::ranges::find(loads, load) != loads.end()) {
                findings.push_back(judge_load(history, *load));
            }
        }
        if (findings.empty()) {
            findings.push_back({.check = std::string(kind), .summary = "no load was started"});
        }
        return findings;
    }

  private:
    static Finding judge_load(const History& history, const Event& load) {
        Finding finding{.check = std::string(kind), .subject = load.subject};
        const auto run = load.data.get<std::int64_t>("run_id");
        for (const Event* examined : history.of(event::examined, kind, load.subject)) {
            if (examined->data.get<std::int64_t>("run_id") == run) {
                judge_examined(history, load, examined->data, finding);
                return finding;
            }
        }
        finding.summary = "the ledger was not examined";
        return finding;
    }

    static void judge_examined(const History& history,
                               const Event& load,
                               const Fields& data,
                               Finding& finding) {
        for (const auto* figure : {"acknowledged",
                                   "required",
                                   "lost",
                                   "half_there",
                                   "torn",
                                   "unacknowledged_present",
                                   "intact",
                                   "damaged_blocks",
                                   "misplaced_blocks"}) {
            if (const auto* value = data.find<std::int64_t>(figure)) {
                finding.figures.set(figure, *value);
            }
        }
        const auto plan = plan_of(load);
        const auto acknowledged = data.get<std::int64_t>("acknowledged");
        const auto known =
            plan ? static_cast<std::int64_t>(acknowledged_by(history, load, plan.value()).size())
                 : acknowledged;
        if (data.has("reason")) {
            finding.summary = data.get<std::string>("reason");
        } else if (known != acknowledged) {
            finding.summary = fmt::format("{} acknowledgements arrived after the examination",
                                          known - acknowledged);
        } else {
            judge_counts(data, acknowledged, finding);
        }
    }

    static void judge_counts(const Fields& data, std::int64_t acknowledged, Finding& finding) {
        const auto lost = data.get<std::int64_t>("lost");
        const auto half = data.get<std::int64_t>("half_there");
        const auto extra = data.get<std::int64_t>("unacknowledged_present");
        if (lost > 0) {
            finding.verdict = Verdict::fail;
            finding.summary = fmt::format("{} of {} acknowledged records lost", lost, acknowledged);
            finding.evidence.push_back(
                fmt::format("lost: {}{}",
                            fmt::join(data.get<std::vector<std::string>>("lost_records"), ", "),
                            lost > std::int64_t{lost_listed} ? ", …" : ""));
        } else if (half > 0) {
            finding.verdict = Verdict::fail;
            finding.summary =
                fmt::format("{} records half there, although the profile is atomic", half);
        } else if (data.get<std::int64_t>("required") == 0) {
            finding.summary = "nothing was acknowledged";
        } else {
            finding.verdict = Verdict::pass;
            finding.summary = fmt::format("none of {} acknowledged records lost", acknowledged);
        }
        finding.summary += fmt::format("; {} present without acknowledgement", extra);
        finding.evidence.push_back(
            fmt::format("ledger read after {}", data.get<std::string>("read_after")));
        if (data.has("unreadable")) {
            finding.evidence.push_back(data.get<std::string>("unreadable"));
        }
    }
};

}  // namespace

std::unique_ptr<Check> checks_no_acked_write_lost() {
    return std::make_unique<NoAckedWriteLost>();
}

}  // namespace ordeal::verifier
