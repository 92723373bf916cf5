#include "campaign/store.hpp"
#include "cli/exit_codes.hpp"
#include "cli/failure.hpp"
#include "cli/places.hpp"
#include "cli/verbs.hpp"
#include "reports/file.hpp"
#include "reports/matrix_files.hpp"

#include <filesystem>
#include <fmt/format.h>

namespace ordeal::cli {
namespace {

namespace fs = std::filesystem;

Result<std::vector<RunRecord>> load_all(const std::vector<fs::path>& directories) {
    std::vector<RunRecord> runs;
    for (const auto& directory : directories) {
        auto run = load_run(directory, Load::events);
        if (!run) {
            return run.error();
        }
        runs.push_back(std::move(*run));
    }
    return runs;
}

/// Where the runs' reports lie, as seen from `folder`.
std::vector<fs::path> reports_from(const fs::path& folder, const std::vector<fs::path>& runs) {
    std::vector<fs::path> reports;
    reports.reserve(runs.size());
    for (const auto& run : runs) {
        reports.push_back(fs::proximate(run / "report.html", folder));
    }
    return reports;
}

Status write_all(const reports::Matrix& matrix,
                 const std::vector<fs::path>& runs,
                 const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) {
        return fail(ErrorKind::unavailable, "make " + folder.string(), error.message());
    }
    for (const auto& [name, text] :
         {std::pair{"matrix.html", reports::matrix_html(matrix, reports_from(folder, runs))},
          std::pair{"matrix.md", reports::matrix_markdown(matrix)},
          std::pair{"matrix.csv", reports::matrix_csv(matrix)},
          std::pair{"matrix.json", reports::matrix_json(matrix)}}) {
        if (auto written = reports::write_file(folder / name, text); !written) {
            return written;
        }
    }
    return ok();
}

}  // namespace

int execute(const CommonOptions& common, const MatrixOptions& options) {
    const auto within = parse_duration(options.within);
    if (!within || *within <= Duration::zero()) {
        return tell(fail(ErrorKind::usage,
                         "read --within " + options.within,
                         within ? "it must be more than nothing" : within.error().answer,
                         "a duration such as 5s or 500ms"));
    }
    const auto directories =
        options.runs.empty() ? std::vector{runs_directory() / "latest"} : options.runs;
    const auto runs = load_all(directories);
    if (!runs) {
        return tell(runs.error());
    }
    const auto matrix = reports::matrix_of(*runs, *within);
    const fs::path folder = options.out.empty() ? directories.front() : options.out;
    if (const auto written = write_all(matrix, directories, folder); !written) {
        return tell(written.error());
    }
    if (common.json) {
        fmt::print("{}", reports::matrix_json(matrix));
    } else {
        fmt::print("{}\nMatrix: {}\n",
                   reports::matrix_markdown(matrix),
                   (folder / "matrix.html").string());
    }
    return exit_pass;
}

}  // namespace ordeal::cli
