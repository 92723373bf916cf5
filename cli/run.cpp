#include "campaign/catalogues.hpp"
#include "campaign/guardian.hpp"
#include "campaign/plan.hpp"
#include "campaign/runner.hpp"
#include "cli/definitions.hpp"
#include "cli/exit_codes.hpp"
#include "cli/failure.hpp"
#include "cli/needs.hpp"
#include "cli/places.hpp"
#include "cli/progress.hpp"
#include "cli/reports.hpp"
#include "cli/selection.hpp"
#include "cli/signals.hpp"
#include "cli/terminal.hpp"
#include "cli/tools.hpp"
#include "cli/verbs.hpp"
#include "cli/world.hpp"
#include "injectors/catalogue.hpp"
#include "probes/catalogue.hpp"
#include "testbed/lab/lab.hpp"
#include "testbed/lab_testbed.hpp"
#include "testbed/site/campaign_lock.hpp"
#include "testbed/site/site_testbed.hpp"
#include "testbed/thread_scheduler.hpp"
#include "verifier/catalogue.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <thread>
#include <unistd.h>

namespace ordeal::cli {
namespace {

/// The guardian process as the runner's watchman.
class GuardianWatchman final : public Watchman {
  public:
    explicit GuardianWatchman(Guardian guardian) : guardian_(std::move(guardian)) {}

    Status watching() override {
        return guardian_.alive() ? ok()
                                 : Status(fail(ErrorKind::unavailable,
                                               "inject",
                                               "the guardian has ended, nobody would undo"));
    }

    Status dismiss() override { return guardian_.bye(); }

  private:
    Guardian guardian_;
};

Result<std::unique_ptr<Watchman>> start_guardian(const std::filesystem::path& journal,
                                                 const std::filesystem::path& log) {
    const auto self = std::filesystem::read_symlink("/proc/self/exe");
    auto guardian =
        Guardian::start({self.string(), "guardian", "--journal", journal.string()}, log);
    if (!guardian) {
        return guardian.error();
    }
    return std::unique_ptr<Watchman>(std::make_unique<GuardianWatchman>(std::move(*guardian)));
}

/// The lab that --lab names, which is up, or one of the run's own.
RunTestbed testbed_for(const RunOptions& options, int hosts, const Scheduler& scheduler) {
    const bool own = options.lab.empty();
    const std::string lab = own ? fmt::format("run-{}", ::getpid()) : options.lab;
    RunTestbed testbed{.name = testbed_name(lab), .owned_lab = own ? lab : ""};
    testbed.open = [=, &scheduler]() -> Result<std::unique_ptr<Testbed>> {
        if (own) {
            ordeal::LabOptions wanted;
            wanted.name = lab;
            wanted.nodes = hosts;
            if (auto up = Lab::up(wanted); !up) {
                return up.error();
            }
        }
        LabTestbedOptions wanted;
        wanted.lab = lab;
        auto opened = LabTestbed::open(wanted, scheduler);
        if (!opened) {
            return opened.error();
        }
        if (std::ssize((*opened)->hosts()) < hosts) {
            return fail(
                ErrorKind::missing,
                "use lab " + lab,
                fmt::format(
                    "the experiments need {} hosts, it has {}", hosts, (*opened)->hosts().size()),
                fmt::format("ordeal lab up --nodes {}", hosts));
        }
        return std::unique_ptr<Testbed>(std::move(*opened));
    };
    testbed.take_down = [lab]() -> Status {
        auto found = Lab::open(lab);
        return found ? found->down() : Status(found.error());
    };
    return testbed;
}

/// A real site. Its name in the journal is the file's, for a rollback to open it again.
RunTestbed testbed_for(const Loaded& loaded, const Scheduler& scheduler) {
    RunTestbed testbed{.name = site_testbed_name(loaded.site->path), .owned_lab = ""};
    testbed.open = [&loaded, &scheduler]() -> Result<std::unique_ptr<Testbed>> {
        auto opened = SiteTestbed::open(*loaded.site, scheduler, loaded.notes);
        return opened ? Result<std::unique_ptr<Testbed>>(std::move(*opened)) : opened.error();
    };
    return testbed;
}

/// Nobody else may run a campaign where this one does; ends with the descriptor. A lab of the run's
/// own needs none.
Result<Fd> lock_testbed(const RunOptions& options, const Loaded& loaded) {
    if (loaded.site) {
        return lock_campaign("site-" + loaded.site->name);
    }
    return options.lab.empty() ? Result<Fd>(Fd()) : lock_campaign("lab-" + options.lab);
}

/// What is missing, as one failure with the first thing's mend.
Status look_at_machine(const Loaded& loaded) {
    for (const auto& need : loaded.site ? look_at_site_needs(*loaded.site) : look_at_needs()) {
        if (!need.met && !need.optional) {
            return fail(ErrorKind::missing,
                        "run on this machine",
                        need.name + ": " + need.found,
                        need.mend + "; `ordeal doctor` tells everything that is missing");
        }
    }
    return ok();
}

/// At a site one trial at a time: its targets are there once.
int slots_for(const RunOptions& options) {
    if (!options.selection.testbed.empty()) {
        return 1;
    }
    if (options.slots > 0) {
        return options.slots;
    }
    return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

RunSettings settings_for(const RunOptions& options) {
    RunSettings settings;
    settings.root = runs_directory();
    settings.out = options.out;
    settings.slots = slots_for(options);
    settings.evidence = options.keep ? Evidence::of_all : Evidence::of_trouble;
    settings.command_line = options.command_line;
    settings.version = ORDEAL_VERSION;
    return settings;
}

int carry_out(const CommonOptions& common,
              const RunOptions& options,
              const Plan& plan,
              const Loaded& loaded) {
    const auto kinds = builtin_kinds();
    const auto lock = lock_testbed(options, loaded);
    if (!kinds || !lock) {
        return tell(kinds ? lock.error() : kinds.error());
    }
    const SignalStop signals([](const std::string& line) { fmt::print(stderr, "\n{}\n", line); });
    ThreadScheduler scheduler;
    const Catalogues catalogues{
        injectors::catalogue(), probes::catalogue(), verifier::catalogue(), *kinds};
    ProcessTools tools;
    const RunTestbed testbed = loaded.site ? testbed_for(loaded, scheduler)
                                           : testbed_for(options, hosts_needed(plan), scheduler);
    const std::function start = start_guardian;
    const auto progress = make_progress(common);
    RunWorld world{scheduler, catalogues, tools, testbed, start, *progress};
    const auto outcome =
        run_campaign(plan, loaded.definitions, settings_for(options), world, signals.token());
    if (!outcome) {
        return tell(outcome.error());
    }
    const int code = exit_code(*outcome, signals.signal());
    const auto written = write_and_tell(common, outcome->record.directory);
    return code == exit_pass && written != exit_pass ? written : code;
}

}  // namespace

int execute(const CommonOptions& common, const RunOptions& options) {
    const auto loaded = load_or_tell(common, options.selection.files, options.selection.testbed);
    if (!loaded) {
        return exit_usage;
    }
    const auto plan = make_plan(loaded->definitions, plan_options(options.selection));
    if (!plan) {
        return tell(plan.error());
    }
    const auto machine = look_at_machine(*loaded);
    if (!machine) {
        return tell(machine.error());
    }
    for (const auto& note : loaded->notes) {
        fmt::print(stderr, "note: {}\n", note);
    }
    if (options.dry_run) {
        fmt::print(
            "{} trials with seed {}; this machine has what they need. Nothing was started.\n",
            plan->trials.size(),
            plan->seed);
        return exit_pass;
    }
    return carry_out(common, options, *plan, *loaded);
}

}  // namespace ordeal::cli
