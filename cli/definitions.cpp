#include "cli/definitions.hpp"

#include "campaign/site_fit.hpp"
#include "cli/failure.hpp"
#include "cli/terminal.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace ordeal::cli {
namespace {

nlohmann::json as_json(const Diagnostics& diagnostics) {
    nlohmann::json list = nlohmann::json::array();
    for (const auto& one : diagnostics) {
        list.push_back({{"file", one.file},
                        {"line", one.line},
                        {"column", one.column},
                        {"message", one.message},
                        {"hint", one.hint}});
    }
    return {{"errors", list}};
}

void tell_all(const CommonOptions& common, const Diagnostics& diagnostics) {
    if (common.json) {
        const auto text =
            as_json(diagnostics).dump(2, ' ', false, nlohmann::json::error_handler_t::replace);
        fmt::print("{}\n", text);
    } else {
        const auto color = style_for(common, Stream::err).color ? Color::on : Color::off;
        fmt::print(stderr, "{}", to_text(diagnostics, color));
        fmt::print(stderr,
                   "{} error{}; nothing was started.\n",
                   diagnostics.size(),
                   diagnostics.size() == 1 ? "" : "s");
    }
}

}  // namespace

std::optional<Loaded> load_or_tell(const CommonOptions& common,
                                   const std::vector<std::filesystem::path>& files,
                                   const std::filesystem::path& testbed) {
    const auto kinds = builtin_kinds();
    if (!kinds) {
        static_cast<void>(tell(kinds.error()));
        return {};
    }
    Diagnostics diagnostics;
    Loaded loaded{
        .definitions = load_definitions(files, *kinds, diagnostics), .site = {}, .notes = {}};
    if (!testbed.empty()) {
        loaded.site = load_site(testbed, diagnostics);
    }
    for (auto& definition : loaded.definitions) {
        if (loaded.site) {
            for (const auto& note : fit_to_site(definition, *loaded.site, *kinds, diagnostics)) {
                loaded.notes.push_back(definition.name + ": " + note);
            }
        }
    }
    if (!diagnostics.empty()) {
        tell_all(common, diagnostics);
        return {};
    }
    return loaded;
}

std::optional<Site> load_site_or_tell(const CommonOptions& common,
                                      const std::filesystem::path& testbed) {
    Diagnostics diagnostics;
    auto site = load_site(testbed, diagnostics);
    if (!site) {
        tell_all(common, diagnostics);
    }
    return site;
}

}  // namespace ordeal::cli
