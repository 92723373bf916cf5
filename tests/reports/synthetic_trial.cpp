#include "tests/reports/synthetic.hpp"

#include <fmt/format.h>
#include <optional>

namespace ordeal::reports::synthetic {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using Words = std::vector<std::string>;

struct Scene {
    std::int64_t number;
    Ending ending;
    Random random;
    std::string domain;
    std::vector<Event> events;
    Instant load{};    ///< begins
    Instant struck{};  ///< the fault acts
    Instant healed{};  ///< end of the load phase

    [[nodiscard]] bool freezes() const { return ending == Ending::frozen; }

    [[nodiscard]] bool acts() const { return ending != Ending::not_activated; }

    [[nodiscard]] bool panics() const {
        return ending == Ending::panicked || ending == Ending::panicked_silently;
    }

    Duration about(Duration typical) {
        return random.between(typical - typical / 3, typical + typical / 3);
    }

    void add(Instant at,
             std::string_view kind,
             std::string source,
             std::string subject,
             Fields data = {}) {
        events.push_back(
            {at, std::string(kind), std::move(source), std::move(subject), std::move(data)});
    }

    void add_phase(std::string_view name, Instant from, Instant to) {
        add(from, event::phase_begin, "runner", std::string(name));
        add(to,
            event::phase_end,
            "runner",
            std::string(name),
            {{"duration", to - from}, {"ok", true}});
    }

    void saw(Instant at, const std::string& probe, Opinion opinion, std::string detail) {
        Fields data{{"opinion", std::string(name_of(opinion))},
                    {"detail", detail},
                    {"interval", Duration(milliseconds(100))}};
        if (probe == "libvirt.state" && opinion != Opinion::unknown) {
            data.set("state", detail.substr(0, detail.find(" (")));
        }
        add(at, event::observation, probe, domain, std::move(data));
    }
};

struct Habit {
    std::string probe;
    std::string alive;
    std::string dead;
    std::optional<Duration> notices;  ///< typical latency; absent: never
};

std::vector<Habit> habits(const Scene& scene) {
    const bool frozen = scene.freezes();
    const bool panicked = scene.panics();
    const bool told = !frozen && scene.ending != Ending::panicked_silently;
    const auto unless = [](bool never, Duration latency) {
        return never ? std::nullopt : std::optional(latency);
    };
    return {{"agent.heartbeat", "beat 100 ms ago", "no beat for 300 ms", milliseconds(310)},
            {"console.watch",
             "quiet",
             "Kernel panic - not syncing: sysrq triggered crash",
             unless(!panicked, milliseconds(25))},
            {"libvirt.events",
             "started (booted)",
             panicked ? "crashed (panicked)" : "stopped (failed)",
             unless(!told, milliseconds(9))},
            {"libvirt.state",
             "running (booted)",
             panicked ? "crashed (panicked)" : "shut off (failed)",
             unless(!told, milliseconds(70))},
            {"load.progress", "412 records/s", "no record for 500 ms", milliseconds(520)},
            {"network.heartbeat", "beat 90 ms ago", "no beat for 300 ms", milliseconds(330)},
            {"network.ping", "echo in 0.8 ms", "3 echoes unanswered", milliseconds(620)},
            {"qemu.process",
             "state S, vCPU time grows",
             frozen ? "state T" : "process is gone",
             unless(panicked, milliseconds(55))}};
}

void observe(Scene& scene, Instant booted, Instant end) {
    for (const auto& habit : habits(scene)) {
        scene.saw(
            booted - scene.about(milliseconds(900)), habit.probe, Opinion::unknown, "no word");
        const bool notices = scene.acts() && habit.notices;
        const Instant noticed =
            notices ? scene.struck + scene.about(habit.notices.value_or(Duration{})) : end;
        for (Instant at = booted + scene.about(milliseconds(60)); at < noticed; at += seconds(1)) {
            scene.saw(at, habit.probe, Opinion::alive, habit.alive);
        }
        if (notices) {
            scene.saw(noticed, habit.probe, Opinion::dead, habit.dead);
        }
    }
}

void write_load(Scene& scene) {
    scene.add(scene.load,
              event::load_started,
              "runner",
              scene.domain,
              {{"profile", std::string("append_fsync")}, {"run_id", scene.number}});
    std::int64_t next = 0;
    const Instant stop = scene.acts() ? scene.struck : scene.healed;
    for (Instant at = scene.load; at < stop; at += scene.about(milliseconds(12))) {
        const auto batch = static_cast<std::int64_t>(1 + scene.random.below(8));
        scene.add(at,
                  event::ledger_acknowledged,
                  "load",
                  scene.domain,
                  {{"writer", std::int64_t{0}}, {"first", next}, {"last", next + batch - 1}});
        next += batch;
    }
}

void strike(Scene& scene) {
    const std::string kind = scene.freezes()  ? "qemu.stop"
                             : scene.panics() ? "guest.panic"
                                              : "qemu.kill";

    const auto step = [&](Instant at, std::string_view what, Fields data) {
        data.set("target", scene.domain);
        scene.add(at, what, kind, kind, std::move(data));
    };
    step(scene.struck - milliseconds(1), event::fault_injecting, {});
    step(scene.struck, event::fault_injected, {{"late", Duration(milliseconds(1))}});
    step(scene.struck + milliseconds(14),
         event::fault_observed,
         {{"activation", std::string(scene.acts() ? "active" : "absent")},
          {"evidence", std::string("/proc/4711/stat is gone")}});
    step(scene.healed - milliseconds(20), event::fault_healing, {});
    step(scene.healed - milliseconds(4), event::fault_healed, {});
    step(scene.healed, event::fault_residue, {{"residue", std::string("none")}});
    if (scene.panics()) {
        scene.add(scene.struck + milliseconds(21),
                  event::console,
                  "console.watch",
                  scene.domain,
                  {{"class", std::string("panic")},
                   {"line", std::string("Kernel panic - not syncing: sysrq triggered crash")}});
    }
}

void decide_health(Scene& scene, Instant booted, Instant end) {
    const auto say = [&](Instant from, Instant to, const char* grade, Words evidence) {
        scene.add(from,
                  event::health,
                  "verifier",
                  scene.domain,
                  {{"grade", std::string(grade)},
                   {"until", Duration(to)},
                   {"evidence", std::move(evidence)}});
    };
    say(Instant{}, booted, "unknown", {"not booted yet"});
    if (!scene.acts()) {
        say(booted, end, "serving", {"beats", "progress"});
        return;
    }
    say(booted, scene.struck, "serving", {"beats", "progress"});
    const bool hung = scene.freezes();
    say(scene.struck,
        hung ? scene.healed : end,
        hung ? "hung" : "dead",
        {hung             ? "process in state T"
         : scene.panics() ? "console: kernel panic"
                          : "process gone"});
    if (hung) {
        say(scene.healed, end, "serving", {"beats", "progress"});
    }
}

Finding agreement(const Scene& scene, const std::string& observer, Duration latency, bool missed) {
    Finding finding{.check = "state_agrees", .subject = observer, .verdict = Verdict::pass};
    finding.figures = {{"false_alive", latency}, {"false_dead", Duration{}}, {"missed", missed}};
    if (missed) {
        finding.summary = observer + " said alive for the whole 4 s in which the domain was hung";
    } else {
        finding.figures.set("detection_latency", latency);
        finding.summary = observer + " noticed after " + to_text(latency);
    }
    if (!scene.acts()) {
        finding.verdict = Verdict::inconclusive;
        finding.summary = "there was no outage to notice";
    }
    return finding;
}

std::vector<Finding> judge(Scene& scene) {
    std::vector<Finding> findings;
    for (const auto& habit : habits(scene)) {
        if (habit.probe == "libvirt.state" || habit.probe == "agent.heartbeat") {
            findings.push_back(agreement(scene,
                                         habit.probe,
                                         habit.notices.value_or(seconds(4)),
                                         !habit.notices.has_value()));
        }
    }
    const bool loses = scene.ending == Ending::killed_loses;
    const auto count = static_cast<std::int64_t>(400 + scene.random.below(300));
    const std::int64_t lost = loses ? 3 : 0;
    Finding ledger{.check = "no_acked_write_lost", .subject = scene.domain};
    ledger.figures = {{"acknowledged", count},
                      {"lost", lost},
                      {"torn", std::int64_t{0}},
                      {"unacknowledged_present", static_cast<std::int64_t>(scene.random.below(3))}};
    ledger.verdict = loses ? Verdict::fail : Verdict::pass;
    ledger.summary = fmt::format("{} of {} acknowledged records are lost", lost, count);
    if (loses) {
        ledger.evidence = {fmt::format("first lost: writer 0, record {}", count - 3),
                           "acknowledged at 2.107 s, 41 ms before the fault"};
    }
    findings.push_back(ledger);
    Finding filesystem{.check = "filesystem_sound",
                       .subject = scene.domain + "/data",
                       .verdict = Verdict::pass,
                       .summary = "journal replayed; nothing else to do"};
    filesystem.figures = {{"grade", std::string("journal_replayed")}};
    filesystem.evidence = {"e2fsck -E journal_only: recovering journal",
                           "e2fsck -fn: 12/16384 files (0.0% non-contiguous), 5301/65536 blocks"};
    findings.push_back(filesystem);
    return findings;
}

}  // namespace

TrialRecord trial(std::int64_t number, Ending ending, std::uint64_t seed) {
    Scene scene{.number = number,
                .ending = ending,
                .random = Random(seed).derive(static_cast<std::uint64_t>(number)),
                .domain = fmt::format("ordeal-4242-t{}-vm", number)};
    TrialRecord record{.number = number, .seed = scene.random.seed(), .verdict = Verdict::pass};
    const Instant provisioned = scene.about(milliseconds(240));
    const Instant booted = provisioned + scene.about(milliseconds(3300));
    scene.load = booted + milliseconds(300);
    scene.struck = scene.load + scene.random.between(seconds(1), seconds(3));
    scene.healed = scene.struck + seconds(scene.ending == Ending::frozen ? 4 : 2);
    const Instant captured = scene.healed + scene.about(milliseconds(60));
    const Instant end = captured + scene.about(milliseconds(4200));
    scene.add_phase(phase::provision, Instant{}, provisioned);
    scene.add_phase(phase::boot, provisioned, booted);
    scene.add_phase(phase::steady, booted, scene.load);
    scene.add_phase(phase::load, scene.load, scene.healed);
    scene.add_phase(phase::capture, scene.healed, captured);
    scene.add_phase(phase::examine, captured, captured + scene.about(milliseconds(400)));
    scene.add_phase(phase::recover, captured, end - milliseconds(50));
    scene.add_phase(phase::tear_down, end - milliseconds(40), end);
    scene.add(booted,
              event::agent_hello,
              "agent",
              scene.domain,
              {{"boot_id", std::string("7c0e")}, {"capabilities", Words{"ledger"}}});
    observe(scene, booted, end);
    write_load(scene);
    strike(scene);
    decide_health(scene, booted, scene.healed + milliseconds(10));
    record.findings = judge(scene);
    std::vector<Verdict> verdicts;
    for (const auto& finding : record.findings) {
        verdicts.push_back(finding.verdict);
    }
    record.verdict = combine(verdicts);
    record.reason = record.verdict == Verdict::pass ? "all checks passed"
                    : record.verdict == Verdict::fail
                        ? "no_acked_write_lost: 3 acknowledged records are lost"
                        : "the fault did not act: qemu.kill was not seen active in 2 s";
    record.history = History(std::move(scene.events));
    record.wall = end;
    record.started = WallTime(seconds(1772446500 + number * 12));
    if (record.verdict != Verdict::pass) {
        const std::string directory = fmt::format("trials/{}/", number);
        record.evidence = {directory + "console.log", directory + "data.img.zst"};
    }
    return record;
}

}  // namespace ordeal::reports::synthetic
