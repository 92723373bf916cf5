#include "campaign/site_fit.hpp"

#include "core/suggest.hpp"
#include "core/toml_reader.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace ordeal {
namespace {

using Names = std::vector<std::string>;

bool needs(const EntryInfo* info, std::string_view what) {
    return info != nullptr && std::ranges::find(info->needs, what) != info->needs.end();
}

/// Why a probe sees nothing of a target, or nothing.
std::string blind(const std::string& probe,
                  const EntryInfo* info,
                  const SiteTarget& target,
                  const Site& site) {
    if (needs(info, "agent") && target.guest != SiteGuest::agent) {
        return "ordeal's agent is not in the guest";
    }
    if (needs(info, "lab")) {
        return "only the lab's hosts show that of a QEMU";
    }
    if (probe == "network.heartbeat" && site.heartbeat.empty()) {
        return "[testbed] names no address for heartbeats";
    }
    if (probe.starts_with("network.") && target.address.empty()) {
        return "the guest's address is not in the testbed file";
    }
    if (probe == "console.watch" && target.console.empty()) {
        return "the log of its console is not in the testbed file";
    }
    if (probe == "qemu.process" && !site.host(target.host)->ssh) {
        return "its host has no [host.ssh]";
    }
    return {};
}

class Fit {
  public:
    Fit(Definition& definition, const Site& site, const KindLibrary& kinds, Diagnostics& out)
        : definition_(definition), site_(site), kinds_(kinds), out_(out) {
        Diagnostics known;
        document_ = parse_toml(definition.text, definition.path, known);
    }

    Names run() {
        for (auto& cell : definition_.cells) {
            std::ranges::for_each(cell.domains, [&](auto& domain) { fit_domain(domain); });
            if (cell.cluster) {
                note(
                    "[cluster] is of no use: the guests there are a cluster by themselves or none");
                cell.cluster.reset();
            }
            for (auto fault : cell.faults) {
                for (const auto& target : cell.targets(fault.target)) {
                    fault.target = target;
                    fit_fault(cell, fault);
                }
            }
            if (complaints_.empty()) {
                fit_loads(cell);
                fit_probes(cell);
                fit_checks(cell);
            }
        }
        return notes_;
    }

  private:
    /// Each once, whatever the number of cells.
    void note(std::string text) {
        if (std::ranges::find(notes_, text) == notes_.end()) {
            notes_.push_back(std::move(text));
        }
    }

    /// At the `key` of the first table of `section` that has `value` there.
    void complain(const char* section,
                  const char* key,
                  const std::string& value,
                  const std::string& message,
                  const std::string& hint) {
        if (!complaints_.insert(message).second) {
            return;
        }
        Span span;
        for (const Node* table :
             document_ ? document_->root.tables(section) : std::vector<const Node*>{}) {
            const Entry* entry = table->find(key);
            const auto* text = entry == nullptr ? nullptr : entry->value.as<std::string>();
            if (text != nullptr && *text == value) {
                span = entry->value.span;
                break;
            }
        }
        out_.push_back(document_ ? document_->at(span, message, hint)
                                 : Diagnostic{.file = definition_.path, .message = message});
    }

    template <class Things>
    static std::string hint(const std::string& word, const Things& things) {
        Names names;
        for (const auto& thing : things) {
            names.push_back(thing.name);
        }
        return suggestion_hint(word, names);
    }

    void fit_domain(DomainSpec& domain) {
        const auto* target = site_.target(domain.name);
        if (target == nullptr) {
            complain(
                "domain",
                "name",
                domain.name,
                fmt::format("testbed \"{}\" permits no target \"{}\"", site_.name, domain.name),
                hint(domain.name, site_.targets));
            return;
        }
        if (!domain.host.empty() && domain.host != target->host) {
            complain("domain",
                     "host",
                     domain.host,
                     fmt::format("target \"{}\" is on host \"{}\" of testbed \"{}\"",
                                 domain.name,
                                 target->host,
                                 site_.name),
                     "name that host, or none");
        }
        if (domain.machine == "bare") {
            complain("domain",
                     "name",
                     domain.name,
                     fmt::format("\"{}\" is a bare machine, which only the lab has", domain.name),
                     "run this experiment without --testbed");
        }
        for (const auto& disk : domain.disks) {
            if (disk.backing == "recorded") {
                complain("domain",
                         "name",
                         domain.name,
                         fmt::format("the disk \"{}\" is to be recorded, which only the lab can",
                                     disk.name),
                         "run this experiment without --testbed, or without explore = true");
            }
        }
        domain.host = target->host;
        std::erase_if(domain.disks, [&](auto& disk) { return !fit_disk(disk, *target); });
    }

    /// False: its content cannot be examined.
    bool fit_disk(DiskSpec& disk, const SiteTarget& target) {
        const auto found = std::ranges::find(target.disks, disk.name, &SiteDisk::name);
        const auto tell = [&](const std::string& what) {
            note(fmt::format("disk {} of {}: {}", disk.name, target.name, what));
        };
        if (found == target.disks.end()) {
            tell("not in the testbed file; no load on it, its content is not examined");
            return false;
        }
        if (found->backing != disk.backing) {
            tell(fmt::format("it is a disk by {} there, not by {}", found->backing, disk.backing));
        }
        tell("cache mode and error policies are those of the domain");
        disk.filesystem = found->filesystem;
        disk.backing = found->backing;
        if (found->image.empty()) {
            tell("it has no image in the testbed file; its content is not examined");
        }
        return !found->image.empty();
    }

    void fit_fault(const Experiment& cell, const FaultSpec& fault) {
        const auto* info = find_kind(kinds_.faults, fault.kind);
        if (info == nullptr) {
            return;
        }
        const auto domain = std::ranges::find(cell.domains, fault.target, &DomainSpec::name);
        const auto* target = site_.target(fault.target);
        std::string why;
        if (info->target == "host") {
            const auto* host =
                site_.host(domain != cell.domains.end() ? domain->host : fault.target);
            if (!permitted(host, fault)) {
                return;
            }
            why = powerless(fault.kind, *host);
        } else if (target != nullptr) {
            why = unreachable(*info, fault, *target);
        }
        if (!why.empty()) {
            note(fmt::format(
                "fault {} on {}: it cannot act, so that its trials are inconclusive: {}",
                fault.id,
                fault.target,
                why));
        }
    }

    bool permitted(const SiteHost* host, const FaultSpec& fault) {
        const auto say = [&](const std::string& message, const std::string& hint) {
            complain("fault", "target", fault.target, message, hint);
            return false;
        };
        if (host == nullptr) {
            return say(fmt::format("testbed \"{}\" has no host \"{}\"", site_.name, fault.target),
                       hint(fault.target, site_.hosts));
        }
        return host->target ||
               say(fmt::format(
                       "testbed \"{}\" permits no faults of host \"{}\"", site_.name, host->name),
                   "target = true in its [[host]] permits them");
    }

    static std::string powerless(const std::string& kind, const SiteHost& host) {
        if (kind.starts_with("network.") && host.devices.empty()) {
            return "the host has no [host.devices]";
        }
        if (kind == "network.delay") {
            return "nothing on a site's hosts delays frames here";
        }
        const bool power = kind.starts_with("host.power_") || kind == "host.nmi";
        if (power && !host.bmc) {
            return "the host has no [host.bmc]";
        }
        return host.ssh ? "" : "the host has no [host.ssh]";
    }

    [[nodiscard]] std::string unreachable(const EntryInfo& info,
                                          const FaultSpec& fault,
                                          const SiteTarget& target) const {
        if (needs(&info, "agent") && target.guest != SiteGuest::agent) {
            return "ordeal's agent is not in the guest";
        }
        if (needs(&info, "served_disk")) {
            return "it needs a disk that ordeal serves itself";
        }
        const auto name = fault.params.get<std::string>("disk", "data");
        const auto disk = std::ranges::find(target.disks, name, &SiteDisk::name);
        if (needs(&info, "remote_disk")) {
            const auto server =
                disk == target.disks.end()
                    ? site_.storage.end()
                    : std::ranges::find(site_.storage, disk->storage, &SiteStorage::name);
            if (server == site_.storage.end()) {
                return fmt::format("the testbed file names no storage for disk {}", name);
            }
            if (server->host != target.host) {
                return fmt::format("its server runs on another host, {}", server->host);
            }
        }
        return info.kind.starts_with("qemu.") && !site_.host(target.host)->ssh
                   ? "its host has no [host.ssh]"
                   : "";
    }

    void fit_loads(Experiment& cell) {
        std::erase_if(cell.loads, [&](const LoadSpec& load) {
            const auto* target = site_.target(load.domain);
            const bool agent = target->guest == SiteGuest::agent;
            const bool disk =
                std::ranges::find(target->disks, load.disk, &SiteDisk::name) != target->disks.end();
            if (!agent) {
                note(fmt::format("load in {}: none: ordeal's agent is not in the guest",
                                 load.domain));
            }
            return !agent || !disk;
        });
    }

    /// A probe of every domain becomes one of each domain that it can see.
    void fit_probes(Experiment& cell) {
        std::vector<ProbeSpec> probes;
        for (const auto& probe : cell.probes) {
            for (const auto& domain : cell.domains) {
                if (!probe.domain.empty() && probe.domain != domain.name) {
                    continue;
                }
                auto why = blind(probe.kind,
                                 find_kind(kinds_.probes, probe.kind),
                                 *site_.target(domain.name),
                                 site_);
                if (probe.kind == "load.progress" &&
                    std::ranges::find(cell.loads, domain.name, &LoadSpec::domain) ==
                        cell.loads.end()) {
                    why = "the domain has no load";
                }
                if (why.empty()) {
                    probes.push_back(probe);
                    probes.back().domain = domain.name;
                } else {
                    note(fmt::format("observer {} of {}: none: {}", probe.kind, domain.name, why));
                }
            }
        }
        cell.probes = std::move(probes);
    }

    void fit_checks(const Experiment& cell) {
        const auto observed = [&](const std::string& kind) {
            return std::ranges::find(cell.probes, kind, &ProbeSpec::kind) != cell.probes.end();
        };
        const bool disks = std::ranges::any_of(
            cell.domains, [](const DomainSpec& domain) { return !domain.disks.empty(); });
        for (const auto& check : cell.checks) {
            const auto* info = find_kind(kinds_.checks, check.kind);
            Names lacks;
            for (const auto& need : info == nullptr ? Names{} : info->needs) {
                if (need == "disk" && !disks) {
                    lacks.emplace_back("no disk is examined");
                } else if (need == "load" && cell.loads.empty()) {
                    lacks.emplace_back("there is no load");
                } else if (find_kind(kinds_.probes, need) != nullptr && !observed(need)) {
                    lacks.push_back("there is no observer " + need);
                }
            }
            for (const auto& observer : check.params.get<Names>("observers")) {
                if (!observed(observer)) {
                    lacks.push_back("there is no observer " + observer);
                }
            }
            if (!lacks.empty()) {
                note(fmt::format("check {}: inconclusive: {}", check.kind, fmt::join(lacks, ", ")));
            }
        }
    }

    Definition& definition_;
    const Site& site_;
    const KindLibrary& kinds_;
    Diagnostics& out_;
    std::optional<Document> document_;
    std::set<std::string> complaints_;
    Names notes_;
};

}  // namespace

std::vector<std::string> fit_to_site(Definition& definition,
                                     const Site& site,
                                     const KindLibrary& kinds,
                                     Diagnostics& out) {
    return Fit(definition, site, kinds, out).run();
}

}  // namespace ordeal
