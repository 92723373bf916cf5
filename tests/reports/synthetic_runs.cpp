#include "tests/reports/synthetic.hpp"

#include <algorithm>

namespace ordeal::reports::synthetic {
namespace {

using std::chrono::seconds;

ExperimentRecord experiment(std::string name, std::string title, std::string question) {
    return {.name = name,
            .title = std::move(title),
            .question = std::move(question),
            .path = "experiments/quickstart/" + name + ".toml",
            .text = "[experiment]\nname = \"" + name + "\"\ntrials = 20\n"};
}

RunRecord run_of(ExperimentRecord definition, const std::vector<Ending>& endings) {
    RunRecord run;
    run.id = "2026-03-02T10-15-00-" + definition.name;
    run.directory = "/tmp/ordeal-run";
    run.started = WallTime(seconds(1772446500));
    run.finished = true;
    run.command_line = {"ordeal", "run", definition.path};
    run.seed = 4242;
    run.planned_trials = static_cast<int>(endings.size());
    run.versions = {{"qemu", std::string("7.2.22")},
                    {"libvirt", std::string("9.0.0")},
                    {"kernel", std::string("6.1.0-40-amd64")},
                    {"guest_kernel", std::string("6.1.0-40-cloud-amd64")},
                    {"accelerator", std::string("tcg")}};
    std::int64_t number = 0;
    for (const auto ending : endings) {
        run.trials.push_back(trial(++number, ending, run.seed));
        run.trials.back().experiment = definition.name;
        run.wall += run.trials.back().wall;
    }
    run.experiments.push_back(std::move(definition));
    return run;
}

ExperimentRecord kill_experiment() {
    return experiment("kill-qemu",
                      "QEMU killed under an ext3 writer",
                      "Who notices that QEMU is gone, is any acknowledged write lost, and is the "
                      "filesystem sound?");
}

}  // namespace

RunRecord kill_run() {
    return run_of(kill_experiment(), std::vector(20, Ending::killed));
}

RunRecord mixed_run() {
    std::vector endings(20, Ending::killed);
    endings[6] = endings[13] = Ending::killed_loses;
    endings[9] = Ending::not_activated;
    return run_of(kill_experiment(), endings);
}

RunRecord frozen_run() {
    return run_of(experiment("frozen-vm",
                             "A frozen VM that libvirt calls running",
                             "Does libvirt's VM state tell that a VM hangs?"),
                  std::vector(5, Ending::frozen));
}

RunRecord panic_run() {
    std::vector endings(12, Ending::panicked);
    std::fill(endings.begin() + 6, endings.end(), Ending::panicked_silently);
    auto run = run_of(experiment("panic",
                                 "A guest panic, with and without pvpanic",
                                 "Who notices a panicked guest kernel, and is any acknowledged "
                                 "write lost?"),
                      endings);
    for (std::size_t i = 0; i < run.trials.size(); ++i) {
        run.trials[i].cell = {{"pvpanic", i < 6}};
    }
    return run;
}

RunRecord interrupted_run() {
    auto run = run_of(kill_experiment(), std::vector(7, Ending::killed));
    run.planned_trials = 20;
    run.finished = false;
    run.stop_reason = "interrupted by SIGINT";
    return run;
}

RunRecord large_run(std::int64_t trials) {
    std::vector<Ending> endings;
    for (std::int64_t i = 0; i < trials; ++i) {
        const auto slot = i % 1000;
        endings.push_back(slot == 41 || slot == 302 || slot == 777 ? Ending::killed_loses
                          : slot % 250 == 249                      ? Ending::not_activated
                                                                   : Ending::killed);
    }
    return run_of(kill_experiment(), endings);
}

RunRecord hostile_run() {
    const std::string attack =
        "</script></svg><script>alert(1)</script>\"'><img src=x onerror=alert(1)> ]]> | `x` @all "
        "\x1b[2J\x1b]0;owned\x07\xff\xfe\xc0\x80 \xe2\x80\xae evil\n# heading";
    auto run = mixed_run();
    run.id = run.stop_reason = attack;
    run.command_line = {"ordeal", attack};
    run.versions.set(attack, attack);
    run.experiments[0] = {attack, attack, attack, attack, attack};
    for (auto& each : run.trials) {
        each.experiment = each.reason = attack;
        each.cell = {{attack, attack}};
        each.evidence = {"javascript:alert(1)", "trials/1/" + attack};
        for (auto& finding : each.findings) {
            finding.check = finding.subject = finding.summary = attack;
            finding.evidence = {attack, attack};
            finding.figures.set(attack, attack);
        }
        std::vector<Event> events(each.history.all().begin(), each.history.all().end());
        for (auto& happened : events) {
            happened.source = attack;
            happened.subject = attack;
            happened.data.set("detail", attack);
            happened.data.set("line", attack);
            happened.data.set("class", attack);
            happened.data.set("error", attack);
            happened.data.set("target", attack);
        }
        events.push_back({Instant{}, std::string(event::note), attack, attack, {{"text", attack}}});
        each.history = History(std::move(events));
    }
    return run;
}

}  // namespace ordeal::reports::synthetic
