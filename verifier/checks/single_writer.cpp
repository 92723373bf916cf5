#include "core/check.hpp"
#include "core/wire_epoch.hpp"
#include "verifier/record_examined.hpp"

#include <array>
#include <fmt/format.h>
#include <fstream>
#include <memory>
#include <optional>

namespace ordeal::verifier {
namespace {

constexpr std::string_view kind = "single_writer";

std::optional<epoch::Block> read_block(const std::filesystem::path& image) {
    std::ifstream file(image, std::ios::binary);
    file.seekg(-static_cast<std::streamoff>(epoch::reserved), std::ios::end);
    epoch::Sector sector{};
    file.read(sector.data(), static_cast<std::streamsize>(sector.size()));
    return file ? epoch::parse({sector.data(), sector.size()}) : std::nullopt;
}

class SingleWriter : public Check {
  public:
    Status examine(ExamineContext& context,
                   const Specimen& specimen,
                   const Params& /*params*/) const override {
        if (!specimen.disk.epoch) {
            return ok();
        }
        Fields data{{"disk", specimen.disk.name}};
        if (const auto block = read_block(specimen.image)) {
            data.set("epoch", static_cast<std::int64_t>(block->epoch));
            data.set("intrusions", static_cast<std::int64_t>(block->intrusions));
        }
        record_examined(context, kind, specimen, std::move(data));
        return ok();
    }

    std::vector<Finding> judge(const History& history,
                               const Experiment& /*experiment*/,
                               const Params& /*params*/) const override {
        std::vector<Finding> findings;
        for (const Event* examined : history.of(event::examined, kind)) {
            findings.push_back(judge_one(*examined));
        }
        if (findings.empty()) {
            findings.push_back({.check = std::string(kind),
                                .summary = "no disk with an epoch block was examined"});
        }
        return findings;
    }

  private:
    static Finding judge_one(const Event& examined) {
        const auto& data = examined.data;
        Finding finding{.check = std::string(kind),
                        .subject = examined.subject + "/" + data.get<std::string>("disk")};
        const auto* epoch = data.find<std::int64_t>("epoch");
        if (epoch == nullptr) {
            finding.summary = "the disk has no epoch block";
            return finding;
        }
        const auto intrusions = data.get<std::int64_t>("intrusions");
        finding.figures.set("instances", *epoch);
        finding.figures.set("intrusions", intrusions);
        finding.verdict = intrusions == 0 ? Verdict::pass : Verdict::fail;
        finding.summary =
            intrusions == 0
                ? fmt::format("{} instances, one after another", *epoch)
                : fmt::format("instances met each other {} times: two ran at once", intrusions);
        return finding;
    }
};

}  // namespace

std::unique_ptr<Check> checks_single_writer() {
    return std::make_unique<SingleWriter>();
}

}  // namespace ordeal::verifier
