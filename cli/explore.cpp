#include "cli/exit_codes.hpp"
#include "cli/explore_report.hpp"
#include "cli/failure.hpp"
#include "cli/signals.hpp"
#include "cli/tools.hpp"
#include "cli/verbs.hpp"
#include "verifier/crash/dm_log_writes.hpp"
#include "verifier/crash/ext_engine.hpp"
#include "verifier/crash/kernel_sample.hpp"
#include "verifier/crash_run.hpp"
#include "verifier/scratch.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fmt/format.h>
#include <fstream>
#include <thread>
#include <tuple>

namespace ordeal::cli {
namespace {

namespace fs = std::filesystem;
using namespace verifier::crash;  // NOLINT(google-build-using-namespace)

/// The member of `known` with this name.
template <class Enum, std::size_t count>
Result<Enum> chosen(const std::array<Enum, count>& known, const std::string& name) {
    const auto found =
        std::ranges::find(known, name, [](Enum one) { return std::string(name_of(one)); });
    if (found == known.end()) {
        return fail(ErrorKind::usage, "explore", "there is no \"" + name + "\"");
    }
    return *found;
}

Result<CrashRules> rules_of(const ExploreOptions& options) {
    const auto fault =
        chosen(std::array{CrashFault::power_cut, CrashFault::qemu_killed, CrashFault::host_crash},
               options.fault);
    const auto cache = chosen(std::array{CacheMode::writeback,
                                         CacheMode::none,
                                         CacheMode::writethrough,
                                         CacheMode::directsync,
                                         CacheMode::unsafe},
                              options.cache);
    const auto format = chosen(std::array{DiskFormat::raw, DiskFormat::qcow2}, options.format);
    const auto damage = chosen(
        std::array{SectorDamage::none, SectorDamage::torn, SectorDamage::garbage}, options.damage);
    if (!fault || !cache || !format || !damage) {
        return !fault    ? fault.error()
               : !cache  ? cache.error()
               : !format ? format.error()
                         : damage.error();
    }
    return CrashRules{fault.value(),
                      cache.value(),
                      format.value(),
                      damage.value(),
                      options.lying_flushes,
                      options.preallocated};
}

Status write_state(const ExploreOptions& options,
                   const Trace& trace,
                   std::vector<std::byte> base,
                   const CrashRules& rules) {
    const auto id = parse_state_id(options.state);
    if (!id) {
        return id.error();
    }
    const auto engine = ext_engine();
    const auto image = build_image(trace, std::move(base), rules, id.value(), engine.get());
    if (!image) {
        return image.error();
    }
    std::ofstream file(options.write_image, std::ios::binary);
    file.write(reinterpret_cast<const char*>(image->data()),
               static_cast<std::streamsize>(image->size()));
    file.close();
    if (!file) {
        return fail(
            ErrorKind::unavailable, "write " + options.write_image.string(), "the write failed");
    }
    fmt::print("{}\n", options.write_image.string());
    return ok();
}

Status export_log(const Trace& trace, const fs::path& path) {
    const auto log = export_dm_log_writes(trace);
    for (const auto& caveat : log.caveats) {
        fmt::print(stderr, "note: {}\n", caveat);
    }
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(log.bytes.data()),
               static_cast<std::streamsize>(log.bytes.size()));
    file.close();
    return file ? ok() : fail(ErrorKind::unavailable, "write " + path.string(), "the write failed");
}

int exit_code(const Exploration& found) {
    if (found.bad_leaves != 0 || found.disagreements != 0) {
        return exit_fail;
    }
    const bool nothing = found.coverage.runs == 0 || found.sound_leaves == 0;
    return nothing || !found.complete() || found.unjudged_leaves != 0 ? exit_inconclusive
                                                                      : exit_pass;
}

/// Explores, or samples where our engine does not know the filesystem.
Result<Exploration> look(Tools& tools,
                         const ExploreOptions& options,
                         const Trace& trace,
                         const std::vector<std::byte>& base,
                         const ExplorationOptions& how) {
    if (options.filesystem == "ext") {
        return verifier::explore_recording(
            tools,
            trace,
            base,
            how,
            options.referee ? verifier::WithReferee::yes : verifier::WithReferee::no);
    }
    const verifier::Scratch scratch;
    if (scratch.path().empty()) {
        return fail(ErrorKind::unavailable, "make a scratch directory", "mkdtemp failed");
    }
    Referee judge(tools, scratch.path(), "sample.img");
    return sample_by_kernel(trace, base, how, options.filesystem, options.states, judge);
}

int explore(const CommonOptions& common,
            const ExploreOptions& options,
            const Trace& trace,
            const std::vector<std::byte>& base,
            const CrashRules& rules) {
    const SignalStop stop([](const std::string& what) { fmt::print(stderr, "{}\n", what); });
    ProcessTools tools;
    ExplorationOptions how;
    how.rules = rules;
    how.workers = options.workers != 0 ? options.workers : std::thread::hardware_concurrency();
    how.max_runs = options.max_runs;
    how.recovery_depth = options.recovery_depth;
    how.raw_sample = options.raw_sample;
    how.stop = stop.token();
    if (!options.budget.empty()) {
        const auto budget = parse_duration(options.budget);
        if (!budget) {
            return tell(budget.error());
        }
        how.budget = budget.value();
    }
    const auto began = std::chrono::system_clock::now();
    const auto found = look(tools, options, trace, base, how);
    if (!found) {
        return tell(found.error());
    }
    auto facts = verifier::crash_facts(trace, rules, *found);
    if (!options.oracle.empty()) {
        const auto said = verifier::consult(tools,
                                            trace,
                                            base,
                                            rules,
                                            {.command = {"sh", "-c", options.oracle},
                                             .states = options.oracle_states,
                                             .budget = how.budget,
                                             .stop = how.stop});
        if (said) {
            verifier::add_oracle(facts, *said);
        } else {
            std::ignore = tell(said.error());  // the exploration stands, and is told, too
            verifier::add_oracle_trouble(facts, said.error());
        }
    }
    if (auto written = write_explore_reports(options, facts, began); !written) {
        return tell(written.error());
    }
    fmt::print("{}",
               common.json ? explore_json(trace, rules, *found, facts)
                           : explore_text(trace, rules, *found, facts));
    if (stop.signal() != 0) {
        return 128 + stop.signal();
    }
    const bool condemned = facts.get<std::int64_t>("oracle_bad") != 0;
    const bool unheard = !options.oracle.empty() && facts.get<std::int64_t>("oracle_shown") == 0;
    const int code = condemned ? exit_fail : exit_code(*found);
    return code == exit_pass && unheard ? exit_inconclusive : code;
}

}  // namespace

int execute(const CommonOptions& common, const ExploreOptions& options) {
    const auto rules = rules_of(options);
    if (!rules) {
        return tell(rules.error());
    }
    if (!options.oracle.empty() && !options.filesystem.starts_with("ext")) {
        return tell(fail(ErrorKind::usage,
                         "show states of " + options.filesystem + " to an oracle",
                         "e2fsck and debugfs prepare them, which know ext3 and ext4 only"));
    }
    auto base = verifier::read_base(options.base);
    if (!base) {
        return tell(base.error());
    }
    const auto trace = read_recording(options.trace, base->size());
    if (!trace) {
        return tell(trace.error());
    }
    for (const auto& caveat : trace->caveats) {
        fmt::print(stderr, "note: {}\n", caveat);
    }
    if (!options.export_log.empty()) {
        const auto written = export_log(*trace, options.export_log);
        return written ? exit_pass : tell(written.error());
    }
    if (!options.state.empty()) {
        const auto written = write_state(options, *trace, std::move(base.value()), *rules);
        return written ? exit_pass : tell(written.error());
    }
    return explore(common, options, trace.value(), base.value(), rules.value());
}

}  // namespace ordeal::cli
