#include "cli/definitions.hpp"
#include "cli/exit_codes.hpp"
#include "cli/verbs.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ordeal::cli {

int execute(const CommonOptions& common, const ValidateOptions& options) {
    const auto loaded = load_or_tell(common, options.files, options.testbed);
    if (!loaded) {
        return exit_usage;
    }
    nlohmann::json list = nlohmann::json::array();
    for (const auto& definition : loaded->definitions) {
        const int trials = definition.cells.front().trials;
        if (common.json) {
            list.push_back({{"file", definition.path},
                            {"experiment", definition.name},
                            {"cells", definition.cells.size()},
                            {"trials_each", trials}});
        } else {
            fmt::print("{}: good: {}, {} matrix cell{}, {} trial{} each\n",
                       definition.path,
                       definition.name,
                       definition.cells.size(),
                       definition.cells.size() == 1 ? "" : "s",
                       trials,
                       trials == 1 ? "" : "s");
        }
    }
    if (common.json) {
        fmt::print("{}\n", nlohmann::json{{"good", list}, {"notes", loaded->notes}}.dump(2));
        return exit_pass;
    }
    for (const auto& note : loaded->notes) {
        fmt::print("note: {}\n", note);
    }
    return exit_pass;
}

}  // namespace ordeal::cli
