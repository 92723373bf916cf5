#include "cli/exit_codes.hpp"
#include "cli/explore_report.hpp"
#include "cli/failure.hpp"
#include "cli/signals.hpp"
#include "cli/tools.hpp"
#include "cli/verbs.hpp"
#include "verifier/crash/dm_log_writes.hpp"
#include "verifier/crash/exploration.hpp"
#include "verifier/crash/ext_engine.hpp"
#include "verifier/crash/kernel_sample.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <thread>

namespace ordeal::cli {
namespace {

namespace fs = std::filesystem;
using namespace verifier::crash;  // NOLINT(google-build-using-namespace)

constexpr std::uint64_t largest_disk = std::uint64_t{8} << 30U;

/// A directory in memory that goes away with it.
class Scratch {
  public:
    Scratch() {
        std::error_code ignored;
        const auto parent = fs::is_directory("/dev/shm", ignored) ? fs::path("/dev/shm")
                                                                  : fs::temp_directory_path();
        auto name = (parent / "ordeal-explore-XXXXXX").string();
        if (::mkdtemp(name.data()) != nullptr) {
            path_ = name;
        }
    }

    ~Scratch() {
        std::error_code ignored;
        if (!path_.empty()) {
            fs::remove_all(path_, ignored);
        }
    }

    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    [[nodiscard]] const fs::path& path() const { return path_; }

  private:
    fs::path path_;
};

Result<std::vector<std::byte>> read_image(const fs::path& path) {
    std::error_code code;
    const auto size = fs::file_size(path, code);
    if (code || size > largest_disk) {
        return fail(code ? ErrorKind::not_found : ErrorKind::unavailable,
                    "read the base image " + path.string(),
                    code ? code.message() : "larger than 8 GiB",
                    "give the recorder's copy of the disk with --base");
    }
    std::vector<std::byte> bytes(size);
    std::ifstream file(path, std::ios::binary);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(size));
    if (!file) {
        return fail(ErrorKind::unavailable, "read the base image " + path.string(), "cut short");
    }
    return bytes;
}

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

int explore(const CommonOptions& common,
            const ExploreOptions& options,
            const Trace& trace,
            const std::vector<std::byte>& base,
            const CrashRules& rules) {
    const SignalStop stop([](const std::string& what) { fmt::print(stderr, "{}\n", what); });
    const Scratch scratch;
    if (scratch.path().empty()) {
        return tell(fail(ErrorKind::unavailable, "make a scratch directory", "mkdtemp failed"));
    }
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
    Referee judge(tools, scratch.path(), "sample.img");
    const auto found =
        options.filesystem != "ext"
            ? sample_by_kernel(trace, base, how, options.filesystem, options.states, judge)
            : explore_trace(
                  trace, base, how, ext_engine, [&](unsigned worker) -> std::unique_ptr<Referee> {
                      if (!options.referee) {
                          return nullptr;
                      }
                      return std::make_unique<Referee>(
                          tools, scratch.path(), fmt::format("worker-{}.img", worker));
                  });
    if (!found) {
        return tell(found.error());
    }
    fmt::print("{}",
               common.json ? explore_json(trace, rules, found.value())
                           : explore_text(trace, rules, found.value()));
    return stop.signal() != 0 ? 128 + stop.signal() : exit_code(found.value());
}

}  // namespace

int execute(const CommonOptions& common, const ExploreOptions& options) {
    const auto rules = rules_of(options);
    if (!rules) {
        return tell(rules.error());
    }
    auto base = read_image(options.base);
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
