#include "cli/reports.hpp"

#include "campaign/store.hpp"
#include "cli/exit_codes.hpp"
#include "cli/failure.hpp"
#include "cli/terminal.hpp"
#include "reports/html.hpp"
#include "reports/json.hpp"
#include "reports/junit.hpp"
#include "reports/markdown.hpp"
#include "reports/terminal.hpp"

#include <array>
#include <fmt/format.h>

namespace ordeal::cli {
namespace {

namespace fs = std::filesystem;

struct Format {
    const char* name;
    const char* file;
    Status (*write)(const RunRecord&, const fs::path&);
};

Status write_html_report(const RunRecord& run, const fs::path& path) {
    return reports::write_html(run, path);
}

constexpr std::array formats{Format{"html", "report.html", &write_html_report},
                             Format{"junit", "junit.xml", &reports::write_junit},
                             Format{"json", "report.json", &reports::write_json},
                             Format{"markdown", "summary.md", &reports::write_markdown}};

}  // namespace

std::vector<std::string> file_formats() {
    std::vector<std::string> names;
    names.reserve(formats.size());
    for (const auto& format : formats) {
        names.emplace_back(format.name);
    }
    return names;
}

Status write_report(const RunRecord& run, const std::string& format, const fs::path& folder) {
    for (const auto& known : formats) {
        if (format == known.name) {
            return known.write(run, folder / known.file);
        }
    }
    return fail(ErrorKind::usage, "write a report", "there is no format " + format);
}

int write_and_tell(const CommonOptions& common, const fs::path& directory) {
    const auto run = load_run(directory, Load::events);
    if (!run) {
        return tell(run.error());
    }
    for (const auto& format : file_formats()) {
        if (const auto written = write_report(*run, format, directory); !written) {
            return tell(written.error());
        }
    }
    if (common.json) {
        fmt::print("{}\n", reports::render_json(*run));
        return exit_pass;
    }
    fmt::print("{}", reports::render_terminal(*run, style_for(common, Stream::out)));
    fmt::print("Report: {}\n",
               (fs::absolute(directory) / "report.html").lexically_normal().string());
    return exit_pass;
}

}  // namespace ordeal::cli
