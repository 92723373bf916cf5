#include "campaign/definition_rules.hpp"

#include "campaign/definition_cluster.hpp"
#include "campaign/definition_exploration.hpp"
#include "campaign/definition_schedule.hpp"
#include "campaign/definition_service.hpp"
#include "core/suggest.hpp"
#include "core/wire_ledger.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace ordeal {
namespace {

class Rules {
  public:
    Rules(const Document& document,
          const Node& root,
          const Experiment& experiment,
          const KindLibrary& kinds,
          Diagnostics& out)
        : document_(document), root_(root), experiment_(experiment), kinds_(kinds), out_(out) {}

    void run() {
        check_domains();
        check_loads();
        check_times();
        check_schedule(document_, root_, experiment_, kinds_, out_);
        check_faults();
        check_probes();
        check_checks();
        check_exploration(document_, root_, experiment_, out_);
        check_service(document_, root_, experiment_, out_);
        check_cluster(document_, root_, experiment_, out_);
    }

  private:
    using Names = std::vector<std::string>;

    void complain(Span span, std::string message, std::string hint = {}) {
        out_.push_back(document_.at(span, std::move(message), std::move(hint)));
    }

    /// Where the value of `key` stands, or the table when it is not given.
    static Span at(const Node& table, std::string_view key) {
        const Entry* entry = table.find(key);
        return entry == nullptr ? table.span : entry->value.span;
    }

    template <class Things>
    static Names names(const Things& things) {
        Names result;
        for (const auto& thing : things) {
            result.push_back(thing.name);
        }
        return result;
    }

    [[nodiscard]] const DomainSpec* domain(std::string_view name) const {
        const auto it = std::ranges::find(experiment_.domains, name, &DomainSpec::name);
        return it == experiment_.domains.end() ? nullptr : &*it;
    }

    /// Reports a domain that is not there; an empty name was reported already, or means "all".
    const DomainSpec* require_domain(const Node& table,
                                     std::string_view key,
                                     const std::string& name) {
        const auto* found = domain(name);
        if (found == nullptr && !name.empty() && !experiment_.domains.empty()) {
            complain(at(table, key),
                     fmt::format("there is no domain \"{}\"", name),
                     suggestion_hint(name, names(experiment_.domains)));
        }
        return found;
    }

    template <class Things>
    void check_unique(const std::vector<const Node*>& tables,
                      const Things& things,
                      std::string_view what) {
        std::set<std::string> seen;
        for (std::size_t index = 0; index < things.size(); ++index) {
            const auto& name = things[index].name;
            if (!name.empty() && !seen.insert(name).second) {
                complain(at(*tables[index], "name"),
                         fmt::format("there are two {}s \"{}\"", what, name));
            }
        }
    }

    void check_domains() {
        const auto tables = root_.tables("domain");
        if (experiment_.domains.empty()) {
            if (root_.find("domain") == nullptr) {
                complain({}, "there is no domain", "add [[domain]] with a name");
            }
            return;
        }
        check_unique(tables, experiment_.domains, "domain");
        for (std::size_t index = 0; index < experiment_.domains.size(); ++index) {
            check_unique(tables[index]->tables("disk"), experiment_.domains[index].disks, "disk");
            check_failover(*tables[index], experiment_.domains[index]);
        }
    }

    /// Only a disk that another host can reach is of use there.
    void check_failover(const Node& table, const DomainSpec& domain) {
        if (domain.failover.empty()) {
            return;
        }
        if (domain.failover == domain.host) {
            complain(at(table, "failover"), "a domain cannot fail over to its own host");
        }
        for (const auto& disk : domain.disks) {
            if (disk.backing == "local" || disk.backing == "file") {
                complain(at(table, "failover"),
                         fmt::format("disk \"{}\" stays on its host: its backing is \"{}\"",
                                     disk.name,
                                     disk.backing),
                         "set its backing to one of nbd, iscsi, nfs");
            }
        }
    }

    void check_loads() {
        const auto tables = root_.tables("load");
        std::set<std::string> loaded;
        for (std::size_t index = 0; index < experiment_.loads.size(); ++index) {
            const auto& load = experiment_.loads[index];
            const Node& table = *tables[index];
            const auto* found = require_domain(table, "domain", load.domain);
            if (found != nullptr && !load.disk.empty() &&
                std::ranges::find(found->disks, load.disk, &DiskSpec::name) == found->disks.end()) {
                complain(at(table, "disk"),
                         fmt::format("domain \"{}\" has no disk \"{}\"", load.domain, load.disk),
                         found->disks.empty() ? "add [[domain.disk]] below the domain"
                                              : suggestion_hint(load.disk, names(found->disks)));
            }
            if (load.record.count % ledger::block_size != 0) {
                complain(at(table, "record"),
                         fmt::format("\"record\" must be a multiple of {} B", ledger::block_size));
            }
            if (!load.domain.empty() && !loaded.insert(load.domain).second) {
                complain(at(table, "domain"),
                         fmt::format("domain \"{}\" has a load already", load.domain),
                         "use writers = … for more than one writer");
            }
        }
    }

    void check_times() {
        const auto& each = experiment_;
        const Entry* table = root_.find("experiment");
        if (table == nullptr || each.duration == Duration{} || each.deadline == Duration{}) {
            return;
        }
        if (each.settle + each.duration > each.deadline) {
            complain(at(table->value, "deadline"),
                     fmt::format("the deadline comes before the load ends, {} after the start",
                                 to_text(each.settle + each.duration)));
        }
    }

    void check_faults() {
        const auto tables = root_.tables("fault");
        std::set<std::string> ids;
        for (std::size_t index = 0; index < experiment_.faults.size(); ++index) {
            const auto& fault = experiment_.faults[index];
            const Node& table = *tables[index];
            if (!fault.id.empty() && !ids.insert(fault.id).second) {
                complain(at(table, table.find("id") == nullptr ? "kind" : "id"),
                         fmt::format("there are two faults \"{}\"", fault.id),
                         "give one of them an id of its own");
            }
            const auto targets = experiment_.targets(fault.target);
            if (targets.empty()) {
                continue;  // a group without members was complained about
            }
            const auto* info = find_kind(kinds_.faults, fault.kind);
            if (info == nullptr) {
                if (family_acts_on_domains(fault.kind)) {
                    require_domain(table, "target", targets.front());
                }
                continue;
            }
            for (const auto& name : targets) {
                const bool domain = info->target == "domain";
                const auto* target = domain ? require_domain(table, "target", name) : nullptr;
                check_needs(table, *info, target);
                check_disk(table, *info, fault, target);
            }
            const Entry* target = table.find("target");
            if (fault.target.empty() && target != nullptr &&
                target->value.as<std::string>() != nullptr) {
                complain(target->value.span, "\"target\" names nothing");
            }
        }
    }

    /// A fault of a disk acts on the disk's server; a plain file has none.
    void check_disk(const Node& table,
                    const EntryInfo& info,
                    const FaultSpec& fault,
                    const DomainSpec* target) {
        const auto needs = [&](const char* what) {
            return std::ranges::find(info.needs, what) != info.needs.end();
        };
        const bool remote = needs("remote_disk");
        const auto* name = fault.params.find<std::string>("disk");
        if ((!remote && !needs("served_disk")) || name == nullptr || target == nullptr) {
            return;
        }
        const auto disk = std::ranges::find(target->disks, *name, &DiskSpec::name);
        if (disk == target->disks.end()) {
            complain(at(table, "disk"),
                     fmt::format("domain \"{}\" has no disk \"{}\"", target->name, *name),
                     suggestion_hint(*name, names(target->disks)));
        } else if (const std::vector<std::string> fit =
                       remote ? Names{"nbd", "iscsi", "nfs"} : Names{"local", "nbd"};
                   std::ranges::find(fit, disk->backing) == fit.end()) {
            complain(at(table, "kind"),
                     fmt::format("\"{}\" cannot act on disk \"{}\", whose backing is "
                                 "\"{}\"",
                                 info.kind,
                                 *name,
                                 disk->backing),
                     fmt::format("set its backing to one of {}", fmt::join(fit, ", ")));
        }
    }

    /// For a kind that does not exist: its target can be wrong, too, and is then said at once.
    [[nodiscard]] bool family_acts_on_domains(std::string_view kind) const {
        const auto family = kind.substr(0, kind.find('.') + 1);
        return !family.empty() && std::ranges::any_of(kinds_.faults, [&](const EntryInfo& known) {
            return known.kind.starts_with(family) && known.target == "domain";
        });
    }

    void check_probes() {
        const auto tables = root_.tables("probe");
        std::set<std::pair<std::string, std::string>> seen;
        for (std::size_t index = 0; index < experiment_.probes.size(); ++index) {
            const auto& probe = experiment_.probes[index];
            const auto* target = require_domain(*tables[index], "domain", probe.domain);
            const bool everywhere = seen.contains({probe.kind, ""});
            if (!probe.kind.empty() &&
                (everywhere || !seen.insert({probe.kind, probe.domain}).second)) {
                complain(at(*tables[index], "kind"),
                         fmt::format("the probe \"{}\" is there already", probe.kind));
            }
            if (const auto* info = find_kind(kinds_.probes, probe.kind)) {
                check_needs(*tables[index], *info, target);
                check_watched(*tables[index], *info, probe);
            }
        }
    }

    /// The service is watched once, whoever has it.
    void check_watched(const Node& table, const EntryInfo& info, const ProbeSpec& probe) {
        if (!probe.domain.empty() && watches_service(info.kind)) {
            complain(at(table, "domain"),
                     fmt::format("\"{}\" watches the service, not a domain", info.kind),
                     "leave \"domain\" out");
        }
    }

    void check_checks() {
        const auto tables = root_.tables("check");
        if (experiment_.checks.empty() && !experiment_.explore) {
            const Entry* entry = root_.find("check");
            const bool list = entry != nullptr && entry->value.as<Node::Array>() != nullptr;
            if (entry == nullptr || list) {
                complain(entry == nullptr ? Span{} : entry->key_span,
                         "there is no check, so that no trial could ever pass",
                         entry == nullptr ? "add [[check]] with a kind"
                                          : "add one without \"when\" and \"unless\"");
            }
            return;
        }
        for (std::size_t index = 0; index < experiment_.checks.size(); ++index) {
            const auto* info = find_kind(kinds_.checks, experiment_.checks[index].kind);
            if (info != nullptr) {
                check_needs(*tables[index], *info, nullptr);
                check_observers(*tables[index], experiment_.checks[index]);
            }
        }
    }

    [[nodiscard]] bool has_probe(std::string_view kind) const {
        return std::ranges::find(experiment_.probes, kind, &ProbeSpec::kind) !=
               experiment_.probes.end();
    }

    [[nodiscard]] Names probe_kinds() const {
        Names result;
        for (const auto& probe : experiment_.probes) {
            result.push_back(probe.kind);
        }
        return result;
    }

    /// The parameter "observers" of any check is a list of probe kinds.
    void check_observers(const Node& table, const CheckSpec& check) {
        const auto* observers = check.params.find<Names>("observers");
        if (observers == nullptr) {
            return;
        }
        const Entry* entry = table.find("observers");
        if (entry != nullptr && observers->empty()) {
            complain(entry->value.span, "\"observers\" is empty, so that nothing would be judged");
        }
        for (std::size_t index = 0; index < observers->size(); ++index) {
            const auto& kind = (*observers)[index];
            if (has_probe(kind)) {
                continue;
            }
            const auto* list = entry == nullptr ? nullptr : entry->value.as<Node::Array>();
            const bool exists = find_kind(kinds_.probes, kind) != nullptr;
            complain(list == nullptr ? table.span : (*list)[index].span,
                     fmt::format("the experiment has no probe \"{}\"", kind),
                     exists ? fmt::format("add [[probe]] with kind = \"{}\"", kind)
                            : suggestion_hint(kind, probe_kinds()));
        }
    }

    /// `target` is the domain that the entry acts on; nullptr when it is all of them.
    void check_needs(const Node& table, const EntryInfo& info, const DomainSpec* target) {
        const auto lacks = [&](const std::string& what, const std::string& hint) {
            complain(at(table, "kind"), fmt::format("\"{}\" needs {}", info.kind, what), hint);
        };
        const auto any_domain = [&](auto has) {
            return target != nullptr ? has(*target) : std::ranges::any_of(experiment_.domains, has);
        };
        for (const auto& need : info.needs) {
            if (experiment_.domains.empty()) {
                continue;  // one complaint is enough
            }
            if (need == "pvpanic" && !any_domain([](const auto& each) { return each.pvpanic; })) {
                lacks("a domain with pvpanic = true", "set it, or leave it out: it is the default");
            } else if (need == "disk" &&
                       !any_domain([](const auto& each) { return !each.disks.empty(); })) {
                lacks("a domain with a disk", "add [[domain.disk]] below the domain");
            } else if (need == "hotplug" &&
                       !any_domain([](const auto& each) { return each.hotplug; })) {
                lacks("a domain with hotplug = true", "set it: its devices need ports");
            } else if (need == "load" && root_.find("load") == nullptr) {
                lacks("a load", "add [[load]] with domain and profile");
            } else if (need == "service" && root_.find("service") == nullptr) {
                lacks("a service", "add [service] with address and members");
            } else if (need == "explore" && !experiment_.explore) {
                lacks("explore = true", "set it in [experiment]");
            } else if (need == "recover" && !experiment_.recover) {
                lacks("recover = true", "set it in [experiment], or leave it out");
            } else if (find_kind(kinds_.probes, need) != nullptr && !has_probe(need)) {
                lacks(fmt::format("the probe \"{}\"", need),
                      fmt::format("add [[probe]] with kind = \"{}\"", need));
            }
        }
    }

    const Document& document_;
    const Node& root_;
    const Experiment& experiment_;
    const KindLibrary& kinds_;
    Diagnostics& out_;
};

}  // namespace

void check_rules(const Document& document,
                 const Node& root,
                 const Experiment& experiment,
                 const KindLibrary& kinds,
                 Diagnostics& out) {
    Rules(document, root, experiment, kinds, out).run();
}

}  // namespace ordeal
