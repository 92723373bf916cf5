#include "cli/command_line.hpp"

#include "core/suggest.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <map>
#include <sstream>

// The one place that knows CLI11 (it takes long to compile).
namespace ordeal::cli {
namespace {

constexpr const char* overview =
    "ordeal puts KVM/libvirt systems through faults and judges, with evidence, what they did.\n";

constexpr const char* overview_footer =
    "Start here:\n"
    "  ordeal doctor                                     what this machine lacks, and what mends "
    "it\n"
    "  ordeal run experiments/quickstart/kill-qemu.toml  kill QEMU under an ext3 writer, 20 times\n"
    "  ordeal list faults                                what can be injected\n"
    "  ordeal describe qemu.stop                         one fault, probe or check in full\n"
    "\n"
    "Exit codes: 0 pass, 1 fail, 2 usage or definition error, 3 inconclusive, 4 stopped by a "
    "guard,\n"
    "6 something of a fault is left, 70 internal error, 130/143 interrupted and rolled back.\n";

struct Parsed {
    CommonOptions common;
    std::string color = "auto";
    ValidateOptions validate;
    SelectionOptions plan;
    RunOptions run;
    ReportOptions report;
    MatrixOptions matrix;
    ListOptions list;
    DescribeOptions describe;
    LabOptions lab;
    ExploreOptions explore;
    DoctorOptions doctor;
    RollbackOptions rollback;
    GuardianOptions guardian;
};

void add_testbed(CLI::App& verb, std::filesystem::path& file) {
    verb.add_option(
        "--testbed", file, "A real site (TOML, see docs/testbeds.md); default: the lab");
}

void add_selection(CLI::App& verb, SelectionOptions& options) {
    verb.add_option("file", options.files, "Experiment definitions (TOML)")->required();
    add_testbed(verb, options.testbed);
    verb.add_option(
        "--seed", options.seed, "Seed of all random choices; default: a new one, printed");
    verb.add_option("--trials", options.trials, "Trials of each experiment and matrix cell")
        ->check(CLI::Range(1, 100000));
    verb.add_option("--only",
                    options.only,
                    "Only these: an experiment, a matrix value (cache=none) or a trial number");
}

void add_validate(CLI::App& app, Parsed& parsed) {
    auto* verb = app.add_subcommand("validate", "Check experiment definitions; start nothing");
    verb->add_option("file", parsed.validate.files, "Experiment definitions (TOML)")->required();
    add_testbed(*verb, parsed.validate.testbed);
    verb->footer(
        "Examples:\n"
        "  ordeal validate experiments/quickstart/*.toml\n"
        "  ordeal validate --testbed docs/examples/sample-site.toml experiments/site/*.toml");
}

void add_plan(CLI::App& app, Parsed& parsed) {
    auto* verb =
        app.add_subcommand("plan", "Show the trials that a run would make, with their instants");
    add_selection(*verb, parsed.plan);
    verb->footer("Example:\n  ordeal plan experiments/quickstart/panic.toml --seed 7 --trials 2");
}

void add_run(CLI::App& app, Parsed& parsed) {
    auto* verb = app.add_subcommand("run", "Run experiments and judge them");
    add_selection(*verb, parsed.run.selection);
    verb->add_flag(
        "--dry-run", parsed.run.dry_run, "Validate, plan and check the needs; start nothing");
    verb->add_option(
        "--out", parsed.run.out, "Run directory; default: a new one below .ordeal/runs");
    verb->add_option("--lab", parsed.run.lab, "A lab that is up; default: one of the run's own")
        ->excludes("--testbed");
    verb->add_option("--slots", parsed.run.slots, "Trials at once; default: one a core")
        ->check(CLI::Range(1, 64));
    verb->add_flag("--keep", parsed.run.keep, "Keep disk images and logs of passed trials too");
    verb->footer(
        "Examples:\n"
        "  ordeal run experiments/quickstart/kill-qemu.toml\n"
        "  ordeal run experiments/quickstart/*.toml --trials 3 --seed 42\n"
        "  ordeal run my.toml --dry-run\n"
        "Ctrl-C once ends after healing and tearing down what runs; verdicts of finished trials "
        "are kept.");
}

void add_report(CLI::App& app, Parsed& parsed) {
    auto* verb = app.add_subcommand("report", "Make reports of a run, also of an interrupted one");
    verb->add_option("run", parsed.report.run, "Run directory; default: the newest run");
    verb->add_option("--format",
                     parsed.report.formats,
                     "html, junit, json, markdown or terminal; default: all")
        ->check(CLI::IsMember({"html", "junit", "json", "markdown", "terminal"}));
    verb->add_option(
        "--out", parsed.report.out, "Folder for the reports; default: the run directory");
    verb->footer(
        "Examples:\n"
        "  ordeal report\n"
        "  ordeal report .ordeal/runs/latest --format html --format junit --out reports-of-today");
}

void add_matrix(CLI::App& app, Parsed& parsed) {
    auto* verb = app.add_subcommand("matrix", "Say who notices which fault, and when, over runs");
    verb->add_option("runs", parsed.matrix.runs, "Run directories; default: the newest run");
    verb->add_option("--within", parsed.matrix.within, "After this, noticing is too late")
        ->capture_default_str();
    verb->add_option("--out",
                     parsed.matrix.out,
                     "Folder for matrix.html, .md, .csv and .json; default: the first run's");
    verb->footer(
        "Examples:\n"
        "  ordeal run experiments/detection/*.toml --out detection\n"
        "  ordeal matrix detection\n"
        "  ordeal matrix run-of-monday run-of-today --within 2s --out compared");
}

void add_list(CLI::App& app, Parsed& parsed) {
    auto* verb = app.add_subcommand("list", "List faults, probes, checks, experiments or runs");
    verb->add_option("what", parsed.list.what, "faults, probes, checks, experiments or runs")
        ->required()
        ->check(CLI::IsMember({"faults", "probes", "checks", "experiments", "runs"}));
    verb->add_flag(
        "--here",
        parsed.list.here,
        "Faults: say whether a lab on this machine can have each, by trying what it needs");
    verb->footer("Examples:\n  ordeal list faults\n  ordeal list faults --here");
}

void add_describe(CLI::App& app, Parsed& parsed) {
    auto* verb =
        app.add_subcommand("describe", "Explain one fault, probe or check with its parameters");
    verb->add_option("kind",
                     parsed.describe.kind,
                     "For example qemu.kill; \"definition\": the keys of an experiment's file")
        ->required();
    verb->footer("Examples:\n  ordeal describe agent.heartbeat\n  ordeal describe definition");
}

void add_lab(CLI::App& app, Parsed& parsed) {
    auto* verb = app.add_subcommand(
        "lab", "The built-in testbed: hosts with their own libvirtd each, on this machine");
    verb->require_subcommand(1);
    const auto add = [&](const char* action, const char* help) {
        auto* sub = verb->add_subcommand(action, help);
        sub->add_option("--name", parsed.lab.name, "Name of the lab")->capture_default_str();
        sub->callback([&parsed, action] { parsed.lab.action = action; });
        return sub;
    };
    auto* up = add("up", "Bring the lab up");
    up->add_option("--nodes", parsed.lab.nodes, "How many hosts: n1, n2, ...")
        ->check(CLI::Range(1, 8))
        ->capture_default_str();
    up->footer("Example:\n  ordeal lab up --nodes 3");
    add("down", "Take it down; nothing stays")->footer("Example:\n  ordeal lab down");
    add("status", "Nodes, services and domains")->footer("Example:\n  ordeal lab status --json");
    auto* shell = add("shell", "A shell, or a command, inside a node");
    shell->add_option("--node", parsed.lab.node, "Node")->capture_default_str();
    shell->add_option("command", parsed.lab.command, "Command with its arguments, after --");
    shell->footer("Examples:\n  ordeal lab shell\n  ordeal lab shell -- virsh list --all");
    verb->footer(
        "Examples:\n  ordeal lab up --nodes 3\n  ordeal lab shell --node n2 -- virsh list --all\n"
        "  ordeal lab down");
}

void add_explore(CLI::App& app, Parsed& parsed) {
    auto& options = parsed.explore;
    auto* verb = app.add_subcommand(
        "explore", "Examine every state that a crash could have left of a recorded disk");
    verb->add_option("trace", options.trace, "Trace of the recorder, or a dm-log-writes log")
        ->required();
    verb->add_option("--base", options.base, "The disk as it was when the recording began")
        ->required();
    verb->add_option("--fault", options.fault, "What happens at every instant")
        ->check(CLI::IsMember({"power-cut", "qemu-killed", "host-crash"}))
        ->capture_default_str();
    verb->add_option("--cache", options.cache, "The disk's cache mode")
        ->check(CLI::IsMember({"writeback", "none", "writethrough", "directsync", "unsafe"}))
        ->capture_default_str();
    verb->add_option("--format", options.format, "The disk's format")
        ->check(CLI::IsMember({"raw", "qcow2"}))
        ->capture_default_str();
    verb->add_option("--damage", options.damage, "What else a power cut does to sectors in flight")
        ->check(CLI::IsMember({"none", "torn", "garbage"}))
        ->capture_default_str();
    verb->add_option(
        "--lying-flushes", options.lying_flushes, "The disk lied about that many last flushes");
    verb->add_flag("--preallocated", options.preallocated, "No write allocated space on the host");
    verb->add_option("--workers", options.workers, "Threads; default: one a core")
        ->check(CLI::Range(1, 256));
    verb->add_option("--max-runs", options.max_runs, "Examinations of one instant, at most")
        ->capture_default_str();
    verb->add_option("--budget", options.budget, "Time for all; default: 10min");
    verb->add_flag("!--no-referee", options.referee, "Do not ask e2fsck");
    verb->add_option(
            "--raw-sample", options.raw_sample, "e2fsck also sees every so many-th raw state")
        ->capture_default_str();
    verb->add_option("--recovery-depth",
                     options.recovery_depth,
                     "How many recoveries in a row the power may cut; 0: none")
        ->check(CLI::Range(0, 3))
        ->capture_default_str();
    verb->add_option("--fs",
                     options.filesystem,
                     "ext: explore all; else a sample is judged by the kernel and its checker")
        ->check(CLI::IsMember({"ext", "ext3", "ext4", "xfs", "btrfs"}))
        ->capture_default_str();
    verb->add_option("--states", options.states, "How many states such a sample has")
        ->capture_default_str();
    verb->add_option("--export-dm-log-writes",
                     options.export_log,
                     "Write the trace as a log of dm-log-writes instead of exploring");
    verb->add_option(
        "--oracle",
        options.oracle,
        "Shell command that judges a sample of states; sees $ORDEAL_TREE, $ORDEAL_IMAGE, "
        "$ORDEAL_MARKS");
    verb->add_option("--oracle-states", options.oracle_states, "So many states are shown to it")
        ->capture_default_str();
    verb->add_option("--html", options.html, "Write a report, with a picture, to this file");
    verb->add_option("--junit", options.junit, "The same as JUnit XML");
    verb->add_option("--json-report", options.json_report, "The same as JSON");
    verb->add_option("--markdown", options.markdown, "The same as Markdown");
    auto* state =
        verb->add_option("--state", options.state, "Rebuild this state instead of exploring");
    verb->add_option("--write-image", options.write_image, "Where the rebuilt disk goes")
        ->needs(state);
    state->needs("--write-image");
    verb->footer(
        "Examples:\n"
        "  ordeal explore vm.trace --base vm.base --html crash.html\n"
        "  ordeal explore vm.trace --base vm.base --fault qemu-killed --json\n"
        "  ordeal explore vm.trace --base vm.base --state 00f3a9c2d1b4e587.12.3-1 "
        "--write-image bad.img");
}

void add_doctor(CLI::App& app, Parsed& parsed) {
    auto* verb = app.add_subcommand(
        "doctor", "Say what this machine, or a site, lacks and the command that mends it");
    verb->add_option("--testbed", parsed.doctor.testbed, "Try every door of this site instead");
    verb->footer("Examples:\n  ordeal doctor\n  ordeal doctor --testbed site.toml");
}

void add_rollback(CLI::App& app, Parsed& parsed) {
    auto* verb = app.add_subcommand("rollback", "Undo what a dead run left behind; safe to repeat");
    verb->add_option(
        "run", parsed.rollback.run, "Run directory; default: every run with something open");
    verb->footer("Examples:\n  ordeal rollback\n  ordeal rollback .ordeal/runs/latest");
}

void add_guardian(CLI::App& app, Parsed& parsed) {
    auto* verb = app.add_subcommand("guardian", "Started by `run`: rolls back when the run dies");
    verb->group("");
    verb->add_option("--journal", parsed.guardian.journal)->required();
}

void add_verbs(CLI::App& app, Parsed& parsed) {
    app.footer(overview_footer);
    app.set_version_flag("--version", "ordeal " ORDEAL_VERSION);
    app.require_subcommand(1);
    app.fallthrough();
    app.add_flag("--json", parsed.common.json, "Answer in JSON on standard output");
    app.add_flag(
        "-v,--verbose", parsed.common.verbose, "Log commands and phases on standard error");
    app.add_option("--color", parsed.color, "auto, always or never; NO_COLOR is honoured")
        ->check(CLI::IsMember({"auto", "always", "never"}))
        ->capture_default_str();
    add_validate(app, parsed);
    add_plan(app, parsed);
    add_run(app, parsed);
    add_report(app, parsed);
    add_matrix(app, parsed);
    add_list(app, parsed);
    add_describe(app, parsed);
    add_lab(app, parsed);
    add_explore(app, parsed);
    add_doctor(app, parsed);
    add_rollback(app, parsed);
    add_guardian(app, parsed);
}

std::vector<std::string> names_of(const std::vector<const CLI::App*>& verbs) {
    std::vector<std::string> names;
    for (const auto* verb : verbs) {
        if (!verb->get_group().empty()) {
            names.push_back(verb->get_name());
        }
    }
    return names;
}

std::string hint(const std::string& word, const std::vector<std::string>& known) {
    const std::string text = suggestion_hint(word, known);
    return text.empty() ? "" : "; " + text;
}

/// CLI11 says of an unknown word only that it was not expected; people get a suggestion.
std::string explain(const CLI::ParseError& error,
                    const CLI::App& app,
                    const std::vector<std::string>& arguments) {
    std::string text = "ordeal: " + std::string(error.what()) + "\n";
    const CLI::App* scope = &app;
    for (const auto& word : arguments) {
        const auto verbs = scope->get_subcommands([](const CLI::App*) { return true; });
        const auto known =
            std::ranges::find(verbs, word, [](const CLI::App* verb) { return verb->get_name(); });
        if (known != verbs.end()) {
            scope = *known;
            continue;
        }
        if (word.starts_with("--")) {
            std::vector<std::string> options;
            for (const auto* option : scope->get_options()) {
                options.push_back(option->get_name(false, false));
            }
            for (const auto* option : app.get_options()) {
                options.push_back(option->get_name(false, false));
            }
            const std::string name = word.substr(0, word.find('='));
            if (std::ranges::find(options, name) == options.end()) {
                return "ordeal: unknown option " + name + hint(name, options) + "\n";
            }
        } else if (!word.starts_with("-") && !verbs.empty()) {
            return "ordeal: unknown verb \"" + word + "\"" + hint(word, names_of(verbs)) + "\n";
        }
    }
    return text;
}

template <class Options>
Verb as_verb(Options& options) {
    return Verb(std::move(options));
}

Verb chosen(const CLI::App& app, Parsed& parsed) {
    const std::map<std::string, std::function<Verb()>> table{
        {"validate", [&] { return as_verb(parsed.validate); }},
        {"plan", [&] { return as_verb(parsed.plan); }},
        {"run", [&] { return as_verb(parsed.run); }},
        {"report", [&] { return as_verb(parsed.report); }},
        {"matrix", [&] { return as_verb(parsed.matrix); }},
        {"list", [&] { return as_verb(parsed.list); }},
        {"describe", [&] { return as_verb(parsed.describe); }},
        {"lab", [&] { return as_verb(parsed.lab); }},
        {"explore", [&] { return as_verb(parsed.explore); }},
        {"doctor", [&] { return as_verb(parsed.doctor); }},
        {"rollback", [&] { return as_verb(parsed.rollback); }},
        {"guardian", [&] { return as_verb(parsed.guardian); }}};
    return table.at(app.get_subcommands().front()->get_name())();
}

}  // namespace

std::variant<Invocation, Answer> parse_command_line(const std::vector<std::string>& arguments) {
    Parsed parsed;
    CLI::App app(overview, "ordeal");
    add_verbs(app, parsed);
    try {
        if (arguments.empty()) {
            return Answer{app.help(), 2};
        }
        std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
        app.parse(reversed);
    } catch (const CLI::Success& done) {
        std::ostringstream out;
        const int code = app.exit(done, out, out);
        return Answer{out.str(), code};
    } catch (const CLI::ParseError& error) {
        return Answer{
            explain(error, app, arguments) + "Run `ordeal --help` for the verbs and examples.\n",
            2};
    }
    parsed.run.command_line = arguments;
    parsed.run.command_line.insert(parsed.run.command_line.begin(), "ordeal");
    const std::map<std::string, ColorMode> colors{
        {"auto", ColorMode::automatic}, {"always", ColorMode::always}, {"never", ColorMode::never}};
    parsed.common.color = colors.at(parsed.color);
    return Invocation{parsed.common, chosen(app, parsed)};
}

}  // namespace ordeal::cli
