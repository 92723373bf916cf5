#include "campaign/kind_library.hpp"
#include "campaign/store.hpp"
#include "cli/exit_codes.hpp"
#include "cli/failure.hpp"
#include "cli/here.hpp"
#include "cli/places.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/color.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ordeal::cli {
namespace {

namespace fs = std::filesystem;

struct Row {
    std::string name;
    std::string text;
};

std::vector<Row> kind_rows(const std::vector<EntryInfo>& entries) {
    std::vector<Row> rows;
    rows.reserve(entries.size());
    for (const auto& entry : entries) {
        rows.push_back({entry.kind, entry.summary});
    }
    return rows;
}

/// Definitions below experiments/ here, by their first comment line.
std::vector<Row> experiment_rows() {
    std::vector<Row> rows;
    std::error_code ignored;
    for (const auto& entry : fs::recursive_directory_iterator("experiments", ignored)) {
        if (entry.path().extension() == ".toml") {
            rows.push_back({entry.path().string(), first_comment(entry.path())});
        }
    }
    std::ranges::sort(rows, {}, &Row::name);
    return rows;
}

std::vector<Row> run_rows() {
    std::vector<Row> rows;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(runs_directory(), ignored)) {
        if (entry.is_symlink() || !entry.is_directory()) {
            continue;
        }
        const auto run = load_run(entry.path(), Load::summaries);
        rows.push_back({entry.path().string(),
                        run ? fmt::format("{}, {} of {} trials{}",
                                          name_of(run->verdict()),
                                          run->trials.size(),
                                          run->planned_trials,
                                          run->finished ? "" : ", not finished")
                            : run.error().answer});
    }
    std::ranges::sort(rows, {}, &Row::name);
    return rows;
}

void print(const CommonOptions& common, const std::vector<Row>& rows) {
    if (common.json) {
        nlohmann::json list = nlohmann::json::array();
        for (const auto& row : rows) {
            list.push_back({{"name", row.name}, {"summary", row.text}});
        }
        fmt::print("{}\n", list.dump(2));
        return;
    }
    std::size_t width = 0;
    for (const auto& row : rows) {
        width = std::max(width, row.name.size());
    }
    const auto style =
        style_for(common, Stream::out).color ? fmt::emphasis::bold : fmt::text_style{};
    for (const auto& row : rows) {
        fmt::print("{}{}  {}\n",
                   fmt::format(style, "{}", row.name),
                   std::string(width - row.name.size(), ' '),
                   row.text);
    }
}

void print_here(const CommonOptions& common, const std::vector<EntryInfo>& faults) {
    const auto reasons = reasons_against(faults);
    nlohmann::json list = nlohmann::json::array();
    std::size_t width = 0;
    for (const auto& fault : faults) {
        width = std::max(width, fault.kind.size());
    }
    for (std::size_t i = 0; i < faults.size(); ++i) {
        const bool here = reasons[i].empty();
        if (common.json) {
            list.push_back({{"name", faults[i].kind}, {"here", here}, {"reason", reasons[i]}});
        } else {
            fmt::print("{:<8} {:<{}}  {}\n",
                       here ? "here" : "not here",
                       faults[i].kind,
                       width,
                       here ? faults[i].summary : reasons[i]);
        }
    }
    if (common.json) {
        fmt::print("{}\n", list.dump(2));
    }
}

}  // namespace

int execute(const CommonOptions& common, const ListOptions& options) {
    const auto kinds = builtin_kinds();
    if (!kinds) {
        return tell(kinds.error());
    }
    const bool faults = options.what == "faults";
    const bool probes = options.what == "probes";
    if (options.here && !faults) {
        return tell(
            fail(ErrorKind::usage, "list " + options.what, "only faults can be here or not"));
    }
    if (options.here) {
        print_here(common, kinds->faults);
        return exit_pass;
    }
    if (faults || probes || options.what == "checks") {
        print(common, kind_rows(faults ? kinds->faults : probes ? kinds->probes : kinds->checks));
    } else {
        print(common, options.what == "runs" ? run_rows() : experiment_rows());
    }
    return exit_pass;
}

}  // namespace ordeal::cli
