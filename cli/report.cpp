#include "campaign/store.hpp"
#include "cli/exit_codes.hpp"
#include "cli/failure.hpp"
#include "cli/places.hpp"
#include "cli/reports.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"

#include <filesystem>
#include <fmt/format.h>

namespace ordeal::cli {
namespace {

namespace fs = std::filesystem;

Status write_or_print(const CommonOptions& common,
                      const RunRecord& run,
                      const std::string& format,
                      const fs::path& folder) {
    if (format == "terminal") {
        fmt::print("{}", reports::render_terminal(run, style_for(common, Stream::out)));
        return ok();
    }
    return write_report(run, format, folder);
}

}  // namespace

int execute(const CommonOptions& common, const ReportOptions& options) {
    const fs::path directory = options.run.empty() ? runs_directory() / "latest" : options.run;
    const auto run = load_run(directory, Load::events);
    if (!run) {
        return tell(run.error());
    }
    const fs::path folder = options.out.empty() ? directory : options.out;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        return tell(fail(ErrorKind::unavailable, "make " + folder.string(), error.message()));
    }
    auto formats = options.formats;
    if (formats.empty()) {
        formats = file_formats();
        formats.emplace_back("terminal");
    }
    for (const auto& format : formats) {
        if (const auto done = write_or_print(common, *run, format, folder); !done) {
            return tell(done.error());
        }
    }
    return exit_pass;
}

}  // namespace ordeal::cli
