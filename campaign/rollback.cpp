#include "campaign/rollback.hpp"

#include "campaign/undo_journal.hpp"
#include "injectors/catalogue.hpp"

#include <algorithm>
#include <optional>

namespace ordeal {
namespace {

constexpr Duration between_looks = std::chrono::milliseconds(20);

std::unique_ptr<Injector> injector_for(const std::string& kind) {
    for (const auto& row : injectors::catalogue()) {
        if (row.kind == kind) {
            return row.make();
        }
    }
    return nullptr;
}

std::string name_of_undo(const Undo& undo) {
    if (const auto* fault = std::get_if<HealFault>(&undo)) {
        const auto& target = fault->fault.target;
        return "fault " + fault->fault.kind + " on " +
               (target.domain.empty() ? target.host : target.domain);
    }
    if (const auto* domain = std::get_if<RemoveDomain>(&undo)) {
        return "domain " + domain->domain;
    }
    return "lab " + std::get<TakeDownLab>(undo).lab;
}

/// The work on one journal.
class Rollback {
  public:
    Rollback(UndoJournal& journal,
             Scheduler& scheduler,
             const RollbackWorld& world,
             Duration deadline)
        : journal_(journal), scheduler_(scheduler), world_(world), deadline_(deadline) {}

    RollbackReport run() {
        RollbackReport report;
        report.damaged = journal_.contents().damaged;
        auto open = journal_.contents().open;
        std::ranges::reverse(open);
        for (const auto& entry : open) {
            if (std::holds_alternative<TakeDownLab>(entry.undo)) {
                report.items.push_back(settle(entry));
            }
        }
        open_testbed();
        for (const auto& entry : open) {
            if (!std::holds_alternative<TakeDownLab>(entry.undo)) {
                report.items.push_back(settle(entry));
            }
        }
        return report;
    }

  private:
    void open_testbed() {
        auto testbed = world_.open(journal_.contents().head.testbed);
        if (testbed) {
            testbed_ = std::move(*testbed);
        } else {
            closed_ = testbed.error();
        }
    }

    RollbackItem settle(const UndoEntry& entry) {
        RollbackItem item{.what = name_of_undo(entry.undo)};
        const Status undone =
            std::visit([&](const auto& undo) { return this->undo(undo, item.answer); }, entry.undo);
        item.undone = undone.has_value();
        if (!undone) {
            item.answer = undone.error().text();
            return item;
        }
        if (const auto noted = journal_.done(entry.id); !noted) {
            item.answer += "; not noted in the journal: " + noted.error().text();
        }
        return item;
    }

    /// A testbed that does not exist any more has nothing of ours in it; one that does not answer
    /// may have.
    std::optional<Status> without_testbed(std::string& answer) const {
        if (testbed_) {
            return {};
        }
        if (closed_->kind != ErrorKind::not_found) {
            return Status(*closed_);
        }
        answer = "the testbed does not exist any more: " + closed_->answer;
        return ok();
    }

    Status undo(const TakeDownLab& lab, std::string& answer) {
        const auto down = world_.take_lab_down(lab.lab);
        if (!down && down.error().kind != ErrorKind::not_found) {
            return down;
        }
        answer = down ? "down" : "it does not exist any more";
        return ok();
    }

    Status undo(const RemoveDomain& domain, std::string& answer) {
        if (auto gone = without_testbed(answer)) {
            return *gone;
        }
        if (const auto removed = testbed_->remove(domain.domain); !removed) {
            return removed;
        }
        for (const auto& name : testbed_->hosts()) {
            const auto host = testbed_->host(name);
            if (!host) {
                return host.error();
            }
            const auto status = (*host)->hypervisor().state(domain.domain);
            const bool gone = status ? status->state == DomainState::not_defined
                                     : status.error().kind == ErrorKind::not_found;
            if (!gone) {
                return status ? fail(ErrorKind::refused, "remove the domain", "it is still defined")
                              : status.error();
            }
        }
        answer = "libvirt does not know it";
        return ok();
    }

    Status undo(const HealFault& entry, std::string& answer) {
        if (auto gone = without_testbed(answer)) {
            return *gone;
        }
        const auto& fault = entry.fault;
        const auto injector = injector_for(fault.kind);
        if (!injector) {
            return fail(ErrorKind::missing, "heal " + fault.kind, "this version has no such fault");
        }
        InjectorContext context{.testbed = *testbed_,
                                .scheduler = scheduler_,
                                .stop = never_stopped,
                                .deadline = scheduler_.now() + deadline_};
        if (const auto healed = injector->heal(context, fault); !healed) {
            return healed;
        }
        return see_absence(*injector, context, fault, answer);
    }

    Status see_absence(Injector& injector,
                       InjectorContext& context,
                       const Fault& fault,
                       std::string& answer) {
        while (true) {
            const auto seen = injector.residue(context, fault);
            if (seen && seen->presence == Presence::absent) {
                answer = seen->evidence;
                return ok();
            }
            if (scheduler_.now() >= context.deadline) {
                return seen ? fail(ErrorKind::timeout, "see that it is healed", seen->evidence)
                            : seen.error();
            }
            scheduler_.wait_for(between_looks, context.stop);
        }
    }

    UndoJournal& journal_;
    Scheduler& scheduler_;
    const RollbackWorld& world_;
    const Duration deadline_;
    std::unique_ptr<Testbed> testbed_;
    std::optional<Error> closed_;
};

}  // namespace

bool RollbackReport::residue() const {
    return damaged > 0 || !std::ranges::all_of(items, &RollbackItem::undone);
}

Result<RollbackReport> roll_back(const std::filesystem::path& journal,
                                 Scheduler& scheduler,
                                 const RollbackWorld& world,
                                 Duration deadline_per_item) {
    auto opened = UndoJournal::resume(journal);
    if (!opened) {
        return opened.error();
    }
    return Rollback(**opened, scheduler, world, deadline_per_item).run();
}

}  // namespace ordeal
