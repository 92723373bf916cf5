#include "campaign/kind_library.hpp"
#include "cli/describe_definition.hpp"
#include "cli/exit_codes.hpp"
#include "cli/failure.hpp"
#include "cli/terminal.hpp"
#include "cli/verbs.hpp"
#include "core/schema.hpp"
#include "core/suggest.hpp"

#include <fmt/color.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace ordeal::cli {
namespace {

struct Found {
    const EntryInfo* entry = nullptr;
    const char* role = "";
};

Found find(const KindLibrary& kinds, const std::string& kind) {
    if (const auto* fault = find_kind(kinds.faults, kind)) {
        return {fault, "fault"};
    }
    if (const auto* probe = find_kind(kinds.probes, kind)) {
        return {probe, "probe"};
    }
    return {find_kind(kinds.checks, kind), "check"};
}

nlohmann::json as_json(const Found& found) {
    const auto& entry = *found.entry;
    nlohmann::json params = nlohmann::json::array();
    for (const auto& param : entry.params) {
        params.push_back(
            {{"name", param.name},
             {"takes", describe(param)},
             {"default", param.fallback ? nlohmann::json(to_text(*param.fallback)) : nullptr},
             {"help", param.help}});
    }
    return {{"kind", entry.kind},
            {"role", found.role},
            {"summary", entry.summary},
            {"target", entry.target},
            {"blast", entry.blast},
            {"undo", entry.undo},
            {"needs", entry.needs},
            {"details", entry.details},
            {"params", params}};
}

void print_line(const char* label, const std::string& value) {
    if (!value.empty()) {
        fmt::print("  {:<8} {}\n", label, value);
    }
}

void print(const CommonOptions& common, const Found& found) {
    const auto bold =
        style_for(common, Stream::out).color ? fmt::emphasis::bold : fmt::text_style{};
    const auto& entry = *found.entry;
    fmt::print("{} ({})\n{}\n\n", fmt::format(bold, "{}", entry.kind), found.role, entry.summary);
    print_line("target", entry.target);
    print_line("blast", entry.blast);
    print_line("undo", entry.undo);
    print_line("needs", fmt::format("{}", fmt::join(entry.needs, ", ")));
    if (!entry.details.empty()) {
        fmt::print("\n{}\n", entry.details);
    }
    if (entry.params.empty()) {
        fmt::print("No parameters.\n");
        return;
    }
    fmt::print("Parameters:\n");
    for (const auto& param : entry.params) {
        fmt::print("  {}  {}; {}\n      {}\n",
                   fmt::format(bold, "{}", param.name),
                   describe(param),
                   param.fallback ? "default " + to_text(*param.fallback) : "required",
                   param.help);
    }
}

}  // namespace

int execute(const CommonOptions& common, const DescribeOptions& options) {
    if (options.kind == "definition") {
        fmt::print("{}", describe_definition());
        return exit_pass;
    }
    const auto kinds = builtin_kinds();
    if (!kinds) {
        return tell(kinds.error());
    }
    const Found found = find(*kinds, options.kind);
    if (found.entry == nullptr) {
        std::vector<std::string> names = kind_names(kinds->faults);
        for (const auto* more : {&kinds->probes, &kinds->checks}) {
            const auto list = kind_names(*more);
            names.insert(names.end(), list.begin(), list.end());
        }
        return tell(fail(ErrorKind::usage,
                         "describe " + options.kind,
                         "there is no such fault, probe or check",
                         suggestion_hint(options.kind, names)));
    }
    if (common.json) {
        fmt::print("{}\n", as_json(found).dump(2));
    } else {
        print(common, found);
    }
    return exit_pass;
}

}  // namespace ordeal::cli
