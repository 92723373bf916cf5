#include "cli/exit_codes.hpp"
#include "cli/needs.hpp"
#include "cli/verbs.hpp"

#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace ordeal::cli {
namespace {

std::string as_json(const std::vector<Need>& needs) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& need : needs) {
        list.push_back(
            {{"need", need.name}, {"ok", need.met}, {"found", need.found}, {"mend", need.mend}});
    }
    return nlohmann::json{{"needs", list}}.dump(2);
}

void print(const std::vector<Need>& needs) {
    std::size_t width = 0;
    for (const auto& need : needs) {
        width = std::max(width, need.name.size());
    }
    for (const auto& need : needs) {
        fmt::print("{:<7} {:<{}}  {}\n", need.met ? "ok" : "MISSING", need.name, width, need.found);
        if (!need.met) {
            fmt::print("{:<7} {:<{}}  mend: {}\n", "", "", width, need.mend);
        }
    }
}

}  // namespace

int execute(const CommonOptions& common, const DoctorOptions& /*options*/) {
    const auto needs = look_at_needs();
    const bool all_met = std::ranges::all_of(needs, &Need::met);
    if (common.json) {
        fmt::print("{}\n", as_json(needs));
    } else {
        print(needs);
        fmt::print("{}\n", all_met ? "Everything is there." : "Something is missing; see above.");
    }
    return all_met ? exit_pass : exit_inconclusive;
}

}  // namespace ordeal::cli
