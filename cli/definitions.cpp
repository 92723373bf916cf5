#include "cli/definitions.hpp"

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

}  // namespace

std::optional<std::vector<Definition>> load_or_tell(
    const CommonOptions& common, const std::vector<std::filesystem::path>& files) {
    const auto kinds = builtin_kinds();
    if (!kinds) {
        static_cast<void>(tell(kinds.error()));
        return {};
    }
    Diagnostics diagnostics;
    auto definitions = load_definitions(files, *kinds, diagnostics);
    if (diagnostics.empty()) {
        return definitions;
    }
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
    return {};
}

}  // namespace ordeal::cli
