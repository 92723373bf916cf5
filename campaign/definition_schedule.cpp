#include "campaign/definition_schedule.hpp"

#include "campaign/schedule.hpp"
#include "core/suggest.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <set>

namespace ordeal {
namespace {

using Names = std::vector<std::string>;

class Schedule {
  public:
    Schedule(const Document& document,
             const Node& root,
             const Experiment& experiment,
             const KindLibrary& kinds,
             Diagnostics& out)
        : document_(document),
          experiment_(experiment),
          kinds_(kinds),
          out_(out),
          groups_(root.tables("group")),
          faults_(root.tables("fault")) {}

    void run() {
        const auto before = out_.size();
        for (std::size_t i = 0; i < experiment_.groups.size(); ++i) {
            check_group(*groups_[i], i);
        }
        for (std::size_t i = 0; i < experiment_.faults.size(); ++i) {
            check_rounds(*faults_[i], experiment_.faults[i]);
            check_trigger(*faults_[i], experiment_.faults[i]);
            check_times(*faults_[i], experiment_.faults[i]);
        }
        if (out_.size() == before) {  // what is wrong in itself cannot be added up
            check_floors();
        }
    }

  private:
    void complain(const Node& table, const char* key, std::string message, std::string hint = {}) {
        const Entry* entry = table.find(key);
        out_.push_back(document_.at(entry == nullptr ? table.span : entry->value.span,
                                    std::move(message),
                                    std::move(hint)));
    }

    [[nodiscard]] bool is_domain(const std::string& name) const {
        return std::ranges::find(experiment_.domains, name, &DomainSpec::name) !=
               experiment_.domains.end();
    }

    [[nodiscard]] const GroupSpec* group(const std::string& name) const {
        const auto it = std::ranges::find(experiment_.groups, name, &GroupSpec::name);
        return it == experiment_.groups.end() ? nullptr : &*it;
    }

    [[nodiscard]] bool is_healed(const FaultSpec& fault) const {
        const auto* info = find_kind(kinds_.faults, fault.kind);
        return info == nullptr || info->undo != "none";
    }

    void check_group(const Node& table, std::size_t index) {
        const auto& one = experiment_.groups[index];
        if (one.name.empty() || !table.find("members")) {
            return;  // was complained about
        }
        if (is_domain(one.name) || group(one.name) != &one) {
            complain(table, "name", fmt::format("\"{}\" is the name of something else", one.name));
        }
        if (one.members.empty()) {
            complain(table, "members", fmt::format("the group \"{}\" has no members", one.name));
        }
        if (std::set(one.members.begin(), one.members.end()).size() != one.members.size()) {
            complain(table, "members", "somebody is a member twice");
        }
        const auto domains = std::ranges::count_if(
            one.members, [this](const auto& member) { return is_domain(member); });
        if (domains != 0 && domains != std::ssize(one.members)) {
            complain(table, "members", "the members must be all domains, or all hosts");
        }
        if (std::cmp_greater(one.keep_alive, one.members.size())) {
            complain(
                table,
                "keep_alive",
                fmt::format("the group \"{}\" has only {} members", one.name, one.members.size()));
        }
    }

    void check_rounds(const Node& table, const FaultSpec& fault) {
        if (group(fault.target) == nullptr) {
            for (const auto* key : {"pick", "stagger"}) {
                if (table.find(key) != nullptr) {
                    complain(table,
                             key,
                             fmt::format(
                                 "\"{}\" is for a group, which \"{}\" is not", key, fault.target),
                             "add [[group]] with name and members");
                }
            }
        }
        if (fault.every == Duration::zero()) {
            if (table.find("times") != nullptr && fault.times > 1) {
                complain(table, "times", "\"times\" needs \"every\"", "add every = \"…\"");
            }
            return;
        }
        if (round_length(fault) >= fault.every) {
            complain(table,
                     "every",
                     fmt::format("it may come again before it is healed, {} after its first strike",
                                 to_text(round_length(fault))),
                     "make \"every\" longer, or \"hold\" and \"stagger\" shorter");
        }
        if (fault.on && table.find("times") == nullptr) {
            complain(table,
                     "on",
                     "nobody knows how often it comes until the load ends when it waits for an "
                     "event",
                     "add times = …");
        }
    }

    /// From the first strike of a round to the last healing of it, at most.
    static Duration round_length(const FaultSpec& fault) { return last_gap(fault) + fault.hold.to; }

    static Duration last_gap(const FaultSpec& fault) {
        return fault.stagger.to *
               static_cast<std::int64_t>(std::max<std::size_t>(fault.pick, 1) - 1);
    }

    void check_times(const Node& table, const FaultSpec& fault) {
        const auto& each = experiment_;
        if (each.duration == Duration{} || each.deadline == Duration{}) {
            return;
        }
        if (fault.pick * static_cast<std::size_t>(fault.times) > max_strikes) {
            complain(table,
                     table.find("times") != nullptr ? "times" : "every",
                     fmt::format("more than {} strikes in a trial", max_strikes),
                     "make \"every\" longer, or say times = …");
            return;
        }
        const auto* key = fault.times > 1 ? "every" : fault.pick > 1 ? "stagger" : "at";
        const auto last = fault.at.to + fault.every * (fault.times - 1) + last_gap(fault);
        const auto healed = each.settle + fault.within + last + fault.hold.to;
        if (last > each.duration && !fault.on) {
            complain(table,
                     key,
                     fmt::format("the fault may come at {}, when the load has ended (duration {})",
                                 to_text(last),
                                 to_text(each.duration)));
        } else if (healed > each.deadline) {
            complain(table,
                     fault.hold.to == Duration{} ? key : "hold",
                     fmt::format("the fault may be healed {} after the start, past the deadline of "
                                 "{}",
                                 to_text(healed),
                                 to_text(each.deadline)));
        }
    }

    void check_trigger(const Node& table, const FaultSpec& fault) {
        if (!fault.on) {
            if (table.find("within") != nullptr) {
                complain(table, "within", "\"within\" needs \"on\"", "add on = { … }");
            }
            return;
        }
        const auto& on = *fault.on;
        const Node& own = table.find("on")->value;
        const int given = (on.probe.empty() ? 0 : 1) + (on.acknowledged == 0 ? 0 : 1) +
                          (on.fault.empty() ? 0 : 1);
        if (given != 1) {
            complain(table,
                     "on",
                     "\"on\" must name one of probe, acknowledged and fault",
                     "such as on = { acknowledged = 500 }");
        }
        const auto has_name = [&](const auto& things, const std::string& name, auto field) {
            return name.empty() || std::ranges::find(things, name, field) != things.end();
        };
        if (!has_name(experiment_.probes, on.probe, &ProbeSpec::kind)) {
            complain(own,
                     "probe",
                     fmt::format("the experiment has no probe \"{}\"", on.probe),
                     fmt::format("add [[probe]] with kind = \"{}\"", on.probe));
        }
        const Names opinions{"", "alive", "dead", "unknown"};
        if (std::ranges::find(opinions, on.opinion) == opinions.end()) {
            complain(own, "opinion", "an opinion is alive, dead or unknown");
        }
        if (!on.domain.empty() && !is_domain(on.domain)) {
            complain(own, "domain", fmt::format("there is no domain \"{}\"", on.domain));
        }
        if (on.acknowledged > 0 &&
            (experiment_.loads.empty() ||
             (!on.domain.empty() && !has_name(experiment_.loads, on.domain, &LoadSpec::domain)))) {
            complain(own, "acknowledged", "there is no load to wait for", "add [[load]]");
        }
        check_awaited(own, fault);
    }

    /// The fault that another one waits for.
    void check_awaited(const Node& own, const FaultSpec& fault) {
        const auto find = [this](const std::string& id) {
            return std::ranges::find(experiment_.faults, id, &FaultSpec::id);
        };
        auto other = find(fault.on->fault);
        if (fault.on->fault.empty()) {
            return;
        }
        if (other == experiment_.faults.end()) {
            Names ids;
            for (const auto& each : experiment_.faults) {
                ids.push_back(each.id);
            }
            complain(own,
                     "fault",
                     fmt::format("there is no fault \"{}\"", fault.on->fault),
                     suggestion_hint(fault.on->fault, ids));
            return;
        }
        if (fault.on->step == "healed" && !is_healed(*other)) {
            complain(own,
                     "fault",
                     fmt::format("\"{}\" is never healed: there is nothing to undo", other->kind),
                     "wait for its activation: step = \"active\"");
        }
        for (std::size_t i = 0; i < experiment_.faults.size(); ++i) {
            if (other->id == fault.id) {
                complain(own, "fault", fmt::format("\"{}\" waits for itself", fault.id));
                return;
            }
            if (!other->on || (other = find(other->on->fault)) == experiment_.faults.end()) {
                return;
            }
        }
    }

    // Quorums.

    /// One strike of the worst draw: when, and on which members of the group it may be.
    struct Strike {
        Duration from{};
        Duration to{};
        std::set<std::string> candidates;
        std::size_t most = 0;  ///< of the candidates
    };

    /// Whom of the group a strike on `target` takes.
    [[nodiscard]] std::set<std::string> reach(const std::string& target,
                                              const GroupSpec& group) const {
        std::set<std::string> reached;
        for (const auto& member : group.members) {
            const auto domain = std::ranges::find(experiment_.domains, member, &DomainSpec::name);
            const bool hosted = domain != experiment_.domains.end() && !is_domain(target) &&
                                (domain->host.empty() || domain->host == target);
            if (member == target || hosted) {
                reached.insert(member);
            }
        }
        return reached;
    }

    [[nodiscard]] std::vector<Strike> strikes(const FaultSpec& fault,
                                              const GroupSpec& group) const {
        std::set<std::string> candidates;
        std::size_t most = 0;
        for (const auto& target : experiment_.targets(fault.target)) {
            const auto reached = reach(target, group);
            most = std::max(most, reached.size());
            candidates.insert(reached.begin(), reached.end());
        }
        std::vector<Strike> found;
        for (int round = 0; round < fault.times && most > 0; ++round) {
            for (std::size_t i = 0; i < fault.pick; ++i) {
                const auto shift = fault.every * round;
                const auto gaps = static_cast<std::int64_t>(i);
                found.push_back({fault.at.from + shift + fault.stagger.from * gaps,
                                 fault.at.to + shift + fault.stagger.to * gaps + fault.hold.to,
                                 candidates,
                                 most});
                if (fault.on) {
                    found.back().from = {};
                }
                if (fault.on || !is_healed(fault)) {
                    found.back().to = Duration::max();
                }
            }
        }
        return found;
    }

    /// How many members may be struck at `moment`.
    static std::size_t struck(const std::vector<Strike>& all, Duration moment) {
        std::set<std::string> certain;
        std::set<std::string> possible;
        std::size_t drawn = 0;
        for (const auto& strike : all) {
            if (strike.from > moment || strike.to < moment) {
                continue;
            }
            possible.insert(strike.candidates.begin(), strike.candidates.end());
            if (strike.candidates.size() == strike.most) {
                certain.insert(strike.candidates.begin(), strike.candidates.end());
            } else {
                drawn += strike.most;
            }
        }
        return std::min(possible.size(), certain.size() + drawn);
    }

    void check_floors() {
        for (std::size_t index = 0; index < experiment_.groups.size(); ++index) {
            const auto& group = experiment_.groups[index];
            if (group.keep_alive == 0) {
                continue;
            }
            std::vector<Strike> all;
            for (const auto& fault : experiment_.faults) {
                std::ranges::move(strikes(fault, group), std::back_inserter(all));
            }
            for (const auto& strike : all) {
                const auto left = group.members.size() - struck(all, strike.from);
                if (std::cmp_less(left, group.keep_alive)) {
                    complain(*groups_[index],
                             "keep_alive",
                             fmt::format("the faults may leave only {} of \"{}\" alone, {} after "
                                         "the load's start",
                                         left,
                                         group.name,
                                         to_text(strike.from)),
                             "pick fewer members, or keep the faults apart; what is not healed "
                             "counts to the end");
                    break;
                }
            }
        }
    }

    const Document& document_;
    const Experiment& experiment_;
    const KindLibrary& kinds_;
    Diagnostics& out_;
    const std::vector<const Node*> groups_;
    const std::vector<const Node*> faults_;
};

}  // namespace

void check_schedule(const Document& document,
                    const Node& root,
                    const Experiment& experiment,
                    const KindLibrary& kinds,
                    Diagnostics& out) {
    Schedule(document, root, experiment, kinds, out).run();
}

}  // namespace ordeal
