#include "campaign/definition_exploration.hpp"

#include <algorithm>
#include <fmt/format.h>

namespace ordeal {
namespace {

constexpr std::string_view exploring_check = "every_crash_state";

class ExplorationRules {
  public:
    ExplorationRules(const Document& document, Diagnostics& out) : document_(document), out_(out) {}

    void check_disk(const Node& table, const DiskSpec& disk) {
        if (disk.sector.count != 512 && disk.sector.count != 4096) {
            complain(table, "sector", "\"sector\" must be \"512B\" or \"4KiB\"");
        }
    }

    /// Only a plain file can be recorded, and only ext3 and ext4 are understood.
    void check_recordable(const Node& table, const DiskSpec& disk) {
        if (disk.backing != "file") {
            complain(table,
                     "backing",
                     fmt::format("a disk with backing \"{}\" cannot be recorded", disk.backing),
                     "leave backing out: with explore = true the recorder serves the disk");
        }
        if (disk.filesystem == "xfs") {
            complain(
                table, "filesystem", "crash states of xfs cannot be explored", "use ext3 or ext4");
        }
    }

    void check_bare(const Node& table, const Experiment& experiment, const DomainSpec& domain) {
        if (!experiment.explore) {
            complain(table,
                     "machine",
                     "a bare machine needs explore = true",
                     "all that it is for is to compare its disk's states with a guest's");
        }
        const auto strikes_it = [&](const FaultSpec& fault) {
            const auto targets = experiment.targets(fault.target);
            return std::ranges::find(targets, domain.name) != targets.end();
        };
        if (std::ranges::any_of(experiment.faults, strikes_it)) {
            complain(table,
                     "machine",
                     fmt::format("there is no virtual machine \"{}\" for a fault", domain.name));
        }
        if (domain.disks.size() != 1) {
            complain(table, "machine", "a bare machine has one disk");
        }
    }

    void complain(const Node& table, const char* key, std::string message, std::string hint = {}) {
        const Entry* entry = table.find(key);
        out_.push_back(document_.at(entry == nullptr ? table.span : entry->value.span,
                                    std::move(message),
                                    std::move(hint)));
    }

  private:
    const Document& document_;
    Diagnostics& out_;
};

bool is_written(const Experiment& experiment, const DomainSpec& domain, const DiskSpec& disk) {
    return std::ranges::any_of(experiment.loads, [&](const LoadSpec& load) {
        return load.domain == domain.name && load.disk == disk.name;
    });
}

}  // namespace

void check_exploration(const Document& document,
                       const Node& root,
                       const Experiment& experiment,
                       Diagnostics& out) {
    ExplorationRules rules(document, out);
    const auto tables = root.tables("domain");
    for (std::size_t index = 0; index < experiment.domains.size(); ++index) {
        const auto& domain = experiment.domains[index];
        const auto disks = tables[index]->tables("disk");
        for (std::size_t i = 0; i < domain.disks.size(); ++i) {
            rules.check_disk(*disks[i], domain.disks[i]);
            if (experiment.explore && is_written(experiment, domain, domain.disks[i])) {
                rules.check_recordable(*disks[i], domain.disks[i]);
            }
        }
        if (domain.machine == "bare") {
            rules.check_bare(*tables[index], experiment, domain);
        }
    }
    // What an exploration found out does not say for which check.
    bool explored = false;
    for (std::size_t i = 0; i < experiment.checks.size(); ++i) {
        if (experiment.checks[i].kind == "every_crash_state") {
            if (explored) {
                rules.complain(*root.tables("check")[i],
                               "kind",
                               "one experiment has one check every_crash_state",
                               "make another experiment for the other rules");
            }
            explored = true;
        }
    }
    const Entry* table = root.find("experiment");
    if (experiment.explore && table != nullptr && root.find("load") == nullptr) {
        rules.complain(table->value,
                       "explore",
                       "there is nothing to explore: no load writes to a disk",
                       "add [[load]] with domain and profile");
    }
}

void set_up_exploration(Experiment& experiment, const KindLibrary& kinds) {
    for (auto& domain : experiment.domains) {
        for (auto& disk : domain.disks) {
            disk.backing = is_written(experiment, domain, disk) ? "recorded" : disk.backing;
        }
    }
    const auto* info = find_kind(kinds.checks, exploring_check);
    if (info == nullptr ||
        std::ranges::find(experiment.checks, exploring_check, &CheckSpec::kind) !=
            experiment.checks.end()) {
        return;
    }
    CheckSpec added{.kind = std::string(exploring_check), .params = {}};
    for (const auto& param : info->params) {
        if (param.fallback) {
            added.params.set(param.name, *param.fallback);
        }
    }
    experiment.checks.push_back(std::move(added));
}

}  // namespace ordeal
