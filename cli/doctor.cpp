#include "cli/definitions.hpp"
#include "cli/exit_codes.hpp"
#include "cli/needs.hpp"
#include "cli/verbs.hpp"
#include "testbed/site/site_doctor.hpp"

#include <algorithm>
#include <filesystem>
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace ordeal::cli {
namespace {

std::string as_json(const std::vector<Need>& needs) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& need : needs) {
        list.push_back({{"need", need.name},
                        {"ok", need.met},
                        {"found", need.found},
                        {"mend", need.mend},
                        {"optional", need.optional}});
    }
    return nlohmann::json{{"needs", list}}.dump(2);
}

void print(const std::vector<Need>& needs) {
    std::size_t width = 0;
    for (const auto& need : needs) {
        width = std::max(width, need.name.size());
    }
    for (const auto& need : needs) {
        const auto* word = need.met ? "ok" : need.optional ? "lacks" : "MISSING";
        fmt::print("{:<7} {:<{}}  {}\n", word, need.name, width, need.found);
        if (!need.met) {
            fmt::print("{:<7} {:<{}}  mend: {}\n", "", "", width, need.mend);
        }
    }
}

nlohmann::json as_json(const std::vector<DoorState>& doors) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& door : doors) {
        list.push_back({{"place", door.place},
                        {"door", door.door},
                        {"ok", door.open},
                        {"found", door.found},
                        {"mend", door.mend}});
    }
    return {{"doors", list}};
}

int look_at_site(const CommonOptions& common, const std::filesystem::path& file) {
    const auto site = load_site_or_tell(common, file);
    if (!site) {
        return exit_usage;
    }
    const auto doors = try_doors(*site);
    const bool all_open = std::ranges::all_of(doors, &DoorState::open);
    if (common.json) {
        fmt::print("{}\n", as_json(doors).dump(2));
        return all_open ? exit_pass : exit_inconclusive;
    }
    for (const auto& door : doors) {
        fmt::print("{:<7} {:<8} {:<11}  {}\n",
                   door.open ? "ok" : "FAILED",
                   door.place,
                   door.door,
                   door.found);
        if (!door.open) {
            fmt::print("{:<7} {:<8} {:<11}  mend: {}\n", "", "", "", door.mend);
        }
    }
    fmt::print("{}\n", all_open ? "Every door is open." : "Something is shut; see above.");
    return all_open ? exit_pass : exit_inconclusive;
}

}  // namespace

int execute(const CommonOptions& common, const DoctorOptions& options) {
    if (!options.testbed.empty()) {
        return look_at_site(common, options.testbed);
    }
    const auto needs = look_at_needs();
    const bool all_met =
        std::ranges::all_of(needs, [](const Need& need) { return need.met || need.optional; });
    if (common.json) {
        fmt::print("{}\n", as_json(needs));
    } else {
        print(needs);
        fmt::print("{}\n", all_met ? "Everything is there." : "Something is missing; see above.");
    }
    return all_met ? exit_pass : exit_inconclusive;
}

}  // namespace ordeal::cli
