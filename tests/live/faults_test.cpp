#include "injectors/catalogue.hpp"
#include "tests/live/live_run.hpp"

#include <initializer_list>
#include <set>

// One trial of every fault that the other live tests leave out, with a real guest: it acts, it is
// healed, nothing is left, and nothing that was acknowledged is lost.

namespace ordeal {
namespace {

struct Wanted {
    std::string kind;
    std::string target = "vm";
    Params params = {};
    bool hotplug = false;
    std::size_t boots = 1;  ///< of the guest, with the one before the fault
};

class LiveFaults : public LiveRun {
  protected:
    /// The experiment of a disk on an NBD server, once for each of the faults.
    std::vector<Definition> each_of(std::initializer_list<Wanted> faults) {
        auto definitions = shipped("site/storage-cut-nbd");
        auto& cells = definitions.at(0).cells;
        const auto pattern = cells.at(0);
        cells.clear();
        for (const auto& wanted : faults) {
            auto cell = pattern;
            auto& fault = cell.faults.at(0);
            fault.id = wanted.kind;
            fault.kind = wanted.kind;
            fault.target = wanted.target;
            fault.hold = {2s, 2s};
            fault.params = defaults_of(wanted);
            cell.domains.at(0).host = "n1";
            cell.hosts = 2;
            const bool moves = wanted.kind == "domain.migrate" ||
                               wanted.kind == "domain.second_instance" ||
                               wanted.kind.starts_with("migration.");
            cell.domains.at(0).lease = moves;
            cell.domains.at(0).hotplug = wanted.hotplug;
            cell.recover = moves;
            cell.cell = {{"fault", wanted.kind}};
            std::erase_if(cell.checks, [](const CheckSpec& check) {
                return check.kind != "no_acked_write_lost";
            });
            cells.push_back(std::move(cell));
        }
        return definitions;
    }

    Params defaults_of(const Wanted& wanted) {
        const auto known = std::ranges::find(kinds_->faults, wanted.kind, &EntryInfo::kind);
        EXPECT_NE(known, kinds_->faults.end()) << wanted.kind;
        Params params = wanted.params;
        for (const auto& param : known->params) {
            if (param.fallback && !params.has(param.name)) {
                params.set(param.name, *param.fallback);
            }
        }
        return params;
    }

    void run_all(std::initializer_list<Wanted> faults) {
        const auto record = run(each_of(faults), 1, 1);
        ASSERT_EQ(record.trials.size(), faults.size());
        EXPECT_TRUE(record.finished) << record.stop_reason;
        const auto boots_of = [&](const std::string& kind) {
            return std::ranges::find(faults, kind, &Wanted::kind)->boots;
        };
        for (const auto& trial : record.trials) {
            SCOPED_TRACE(trial.cell.get<std::string>("fault") + ": " + trial.reason);
            const auto* observed = trial.history.first(event::fault_observed);
            ASSERT_NE(observed, nullptr);
            EXPECT_EQ(observed->data.get<std::string>("activation"), "active")
                << observed->data.get<std::string>("evidence");
            for (const auto* residue : trial.history.of(event::fault_residue)) {
                EXPECT_EQ(residue->data.get<std::string>("residue"), "none");
            }
            std::set<std::string> boots;
            for (const auto* hello : trial.history.of(event::agent_hello)) {
                boots.insert(hello->data.get<std::string>("boot_id"));
            }
            EXPECT_EQ(boots.size(), boots_of(trial.cell.get<std::string>("fault")))
                << "how often it booted";
            ASSERT_EQ(trial.findings.size(), 1U);
            EXPECT_EQ(trial.findings[0].verdict, Verdict::pass) << trial.findings[0].summary;
        }
    }
};

TEST_F(LiveFaults, ThatKeepTheDiskFromAnsweringActAndLoseNothing) {
    run_all({{.kind = "storage.cut"},
             {.kind = "storage.hang"},
             {.kind = "storage.slow"},
             {.kind = "storage.server_restart"}});
}

TEST_F(LiveFaults, ThatTheDiskAnswersWithAnErrorActAndLoseNothing) {
    run_all(
        {{.kind = "storage.io_error"}, {.kind = "storage.enospc"}, {.kind = "storage.readonly"}});
}

TEST_F(LiveFaults, OfTheStoragePlaneActAndLoseNothing) {
    run_all({{.kind = "network.plane_cut",
              .target = "n1",
              .params = {{"plane", std::string("storage")}}},
             {.kind = "host.power_off", .target = "s1"}});
}

TEST_F(LiveFaults, OfHostsAndNetworksActAndLoseNothing) {
    run_all({{.kind = "host.cpu_hog", .target = "n1"},
             {.kind = "host.memory_hog", .target = "n1"},
             {.kind = "host.io_hog", .target = "n1"},
             {.kind = "network.link_down"},
             {.kind = "network.partition", .target = "n1"}});
}

TEST_F(LiveFaults, OfALossyAndASlowStoragePlaneActAndLoseNothing) {
    const std::string storage = "storage";
    run_all({{.kind = "network.loss", .target = "n1", .params = {{"plane", storage}}},
             {.kind = "network.rate", .target = "n1", .params = {{"plane", storage}}}});
}

TEST_F(LiveFaults, ThatBringADomainToASecondHostActAndLoseNothing) {
    run_all({{.kind = "domain.migrate"},
             {.kind = "domain.second_instance", .params = {{"expect", std::string("refused")}}}});
}

TEST_F(LiveFaults, ThatEndOrStopQemuActAndLoseNothing) {
    run_all({{.kind = "qemu.abort"},
             {.kind = "qemu.segv"},
             {.kind = "qemu.quit"},
             {.kind = "qemu.pause"},
             {.kind = "qemu.freeze"},
             {.kind = "qemu.throttle"}});
}

TEST_F(LiveFaults, ThatTakeADomainsPartsAwayActAndLoseNothing) {
    run_all({{.kind = "domain.nic_unplug", .hotplug = true},
             {.kind = "domain.disk_unplug", .hotplug = true},
             {.kind = "domain.balloon_squeeze", .hotplug = true}});
}

TEST_F(LiveFaults, ThatBreakAMigrationActAndLoseNothing) {
    run_all({{.kind = "migration.kill_source", .boots = 2},
             {.kind = "migration.kill_target"},
             {.kind = "migration.abort"},
             {.kind = "migration.cut_link"}});
}

}  // namespace
}  // namespace ordeal
