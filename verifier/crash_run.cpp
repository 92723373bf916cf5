#include "verifier/crash_run.hpp"

#include "verifier/crash/ext_engine.hpp"
#include "verifier/scratch.hpp"

#include <fmt/format.h>
#include <fstream>
#include <system_error>

namespace ordeal::verifier {
namespace {

namespace fs = std::filesystem;
using namespace crash;  // NOLINT(google-build-using-namespace)

constexpr std::uint64_t largest_disk = std::uint64_t{8} << 30U;

}  // namespace

Result<std::vector<std::byte>> read_base(const fs::path& path) {
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

std::string rules_text(const CrashRules& rules) {
    auto text = fmt::format(
        "{}, cache={}, {}", name_of(rules.fault), name_of(rules.cache), name_of(rules.format));
    if (rules.lying_flushes == CrashRules::all_flushes) {
        text += ", no flush counts";
    } else if (rules.lying_flushes != 0) {
        text += fmt::format(", the last {} flushes were lies", rules.lying_flushes);
    }
    if (rules.damage != SectorDamage::none) {
        text += fmt::format(", sectors may be {}", name_of(rules.damage));
    }
    return text;
}

Result<Exploration> explore_recording(Tools& tools,
                                      const Trace& trace,
                                      const std::vector<std::byte>& base,
                                      const ExplorationOptions& options,
                                      WithReferee referee) {
    const Scratch scratch;
    if (scratch.path().empty()) {
        return fail(ErrorKind::unavailable, "make a scratch directory", "mkdtemp failed");
    }
    return explore_trace(
        trace, base, options, ext_engine, [&](unsigned worker) -> std::unique_ptr<Referee> {
            return referee == WithReferee::no
                       ? nullptr
                       : std::make_unique<Referee>(
                             tools, scratch.path(), fmt::format("worker-{}.img", worker));
        });
}

}  // namespace ordeal::verifier
