#include "core/check.hpp"
#include "verifier/ext_image.hpp"
#include "verifier/record_examined.hpp"
#include "verifier/sparse_copy.hpp"
#include "verifier/specimen_copies.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <memory>

namespace ordeal::verifier {
namespace {

constexpr std::string_view kind = "filesystem_sound";

/// A step's exit code and words, as the history keeps them: "check_exit", "check_words".
void note_step(Fields& data, const std::string& step, const PreparedCopy& copy) {
    data.set(step + "_exit", std::int64_t{copy.exit_code});
    data.set(step + "_words", copy.words);
}

/// What is left when replay and check were not enough: repair a fresh copy, look again.
Result<std::string> grade_by_repair(ExamineContext& context,
                                    const Specimen& specimen,
                                    Fields& data) {
    auto repaired = repaired_copy(context, specimen);
    if (!repaired) {
        return repaired.error();
    }
    note_step(data, "repair", repaired.value());
    auto again = run_e2fsck(context.tools, "-fn", repaired->image);
    if (!again) {
        return again.error();
    }
    note_step(data, "recheck", again.value());
    return std::string(again->exit_code == 0 ? "repaired" : "broken");
}

Result<std::string> grade_ext(ExamineContext& context, const Specimen& specimen, Fields& data) {
    // An image that cannot even be opened has no journal to ask for; e2fsck says what it is.
    const auto image = ExtImage::open(specimen.image);
    const bool replay = image && image->needs_recovery();
    const bool faulty = image && image->marked_faulty();
    data.set("journal_replayed", replay);
    data.set("marked_faulty", faulty);
    auto replayed = replayed_copy(context, specimen);
    if (!replayed) {
        return replayed.error();
    }
    note_step(data, "replay", replayed.value());
    auto checked = run_e2fsck(context.tools, "-fn", replayed->image);
    if (!checked) {
        return checked.error();
    }
    note_step(data, "check", checked.value());
    if (checked->exit_code != 0 || replayed->exit_code >= 4) {
        return grade_by_repair(context, specimen, data);
    }
    if (replayed->exit_code != 0 || faulty) {
        return std::string("repaired");
    }
    return std::string(replay ? "journal_replayed" : "clean");
}

Result<PreparedCopy> run_xfs_repair(Tools& tools, std::vector<std::string> argv) {
    auto run = tools.run(argv, tool_deadline);
    if (!run) {
        return run.error();
    }
    return PreparedCopy{argv.back(), run->exit_code, shortened(run->out + run->err)};
}

Result<std::string> grade_xfs(ExamineContext& context, const Specimen& specimen, Fields& data) {
    auto checked =
        run_xfs_repair(context.tools, {"xfs_repair", "-n", "-f", specimen.image.string()});
    if (!checked) {
        return checked.error();
    }
    note_step(data, "check", checked.value());
    // xfs_repair(8): "-n … dirty log … is ignored"; what it then finds may be the log's to mend.
    if (checked->words.find("valuable metadata changes in a log") != std::string::npos) {
        data.set("reason", std::string("the log of xfs is replayed only by a mount"));
        return std::string("unknown");
    }
    if (checked->exit_code == 0) {
        return std::string("clean");
    }
    const auto copy =
        context.directory / fmt::format("{}-{}.repaired.img", specimen.domain, specimen.disk.name);
    if (auto copied = copy_sparse(specimen.image, copy); !copied) {
        return copied.error();
    }
    auto repaired = run_xfs_repair(context.tools, {"xfs_repair", "-f", copy.string()});
    if (!repaired) {
        return repaired.error();
    }
    note_step(data, "repair", repaired.value());
    auto again = run_xfs_repair(context.tools, {"xfs_repair", "-n", "-f", copy.string()});
    if (!again) {
        return again.error();
    }
    note_step(data, "recheck", again.value());
    return std::string(again->exit_code == 0 ? "repaired" : "broken");
}

class FilesystemSound : public Check {
  public:
    Status examine(ExamineContext& context,
                   const Specimen& specimen,
                   const Params& /*params*/) const override {
        Fields data{{"disk", specimen.disk.name}, {"filesystem", specimen.disk.filesystem}};
        const bool xfs = specimen.disk.filesystem == "xfs";
        auto grade = xfs ? grade_xfs(context, specimen, data) : grade_ext(context, specimen, data);
        if (!grade) {
            return grade.error();
        }
        data.set("grade", grade.value());
        record_examined(context, kind, specimen, std::move(data));
        return ok();
    }

    std::vector<Finding> judge(const History& history,
                               const Experiment& experiment,
                               const Params& params) const override {
        std::vector<Finding> findings;
        for (const Event* examined : history.of(event::examined, kind)) {
            findings.push_back(judge_one(*examined, params));
        }
        std::size_t disks = 0;
        for (const auto& domain : experiment.domains) {
            disks += domain.disks.size();
        }
        if (findings.empty() || findings.size() < disks) {
            findings.push_back({.check = std::string(kind),
                                .summary = fmt::format("{} of {} disks were examined",
                                                       findings.size(),
                                                       std::max(disks, findings.size()))});
        }
        return findings;
    }

  private:
    static Finding judge_one(const Event& examined, const Params& params) {
        const auto& data = examined.data;
        const auto accepted =
            params.get<std::vector<std::string>>("accept", {"clean", "journal_replayed"});
        const auto grade = data.get<std::string>("grade", "unknown");
        Finding finding{.check = std::string(kind),
                        .subject = examined.subject + "/" + data.get<std::string>("disk"),
                        .verdict = Verdict::inconclusive};
        if (grade != "unknown") {
            const bool pass = std::ranges::find(accepted, grade) != accepted.end();
            finding.verdict = pass ? Verdict::pass : Verdict::fail;
        }
        finding.summary =
            fmt::format("{}: {}", data.get<std::string>("filesystem", "filesystem"), grade);
        if (data.has("reason")) {
            finding.summary += ": " + data.get<std::string>("reason");
        }
        finding.figures.set("grade", grade);
        if (data.get<bool>("marked_faulty")) {
            finding.evidence.emplace_back("the kernel had marked it as faulty");
        }
        for (const auto* step : {"replay", "check", "repair", "recheck"}) {
            const std::string name(step);
            if (data.has(name + "_words")) {
                finding.evidence.push_back(fmt::format("{} (exit code {}): {}",
                                                       name,
                                                       data.get<std::int64_t>(name + "_exit"),
                                                       data.get<std::string>(name + "_words")));
            }
        }
        return finding;
    }
};

}  // namespace

std::unique_ptr<Check> checks_filesystem_sound() {
    return std::make_unique<FilesystemSound>();
}

}  // namespace ordeal::verifier
