#include "cli/describe_definition.hpp"

#include "campaign/definition_keys.hpp"
#include "core/schema.hpp"

#include <array>
#include <fmt/format.h>

namespace ordeal::cli {
namespace {

struct Table {
    const char* heading;
    const char* about;
    std::vector<ParamSpec> (*keys)();
};

namespace keys = definition_keys;

std::string fallback_of(const ParamSpec& key) {
    if (!key.fallback) {
        return "required";
    }
    const auto text = to_text(*key.fallback);
    return "default " + (text.empty() ? "\"\"" : text);
}

constexpr std::array tables{
    Table{"[experiment]", "What is asked, and how often.", &keys::experiment},
    Table{"[[domain]]",
          "A virtual machine, made for each trial and removed after it.",
          &keys::domain},
    Table{"[[domain.disk]]", "A disk of the domain above; /dev/vda is the first.", &keys::disk},
    Table{"[service]", "What domains serve together at one address.", &keys::service},
    Table{"[cluster]", "What makes the service's members a cluster.", &keys::cluster},
    Table{"[[load]]", "What the guest writes: the ledger.", &keys::load},
    Table{"[[group]]", "Domains, or hosts, of which a fault strikes some.", &keys::group},
    Table{"[[fault]]", "A fault; the kind's own parameters stand beside these.", &keys::fault},
    Table{"[fault.on]",
          "What the fault above waits for: one of probe, acknowledged and fault.",
          &keys::trigger},
    Table{"[[probe]]", "An observer; the kind's own parameters stand beside these.", &keys::probe},
    Table{"[[check]]",
          "A property to judge; the kind's own parameters stand beside these.",
          &keys::check}};

}  // namespace

std::string describe_definition() {
    std::string text;
    for (const auto& table : tables) {
        text += fmt::format("{}  {}\n", table.heading, table.about);
        for (const auto& key : table.keys()) {
            text += fmt::format("    {:<14} {}; {}\n    {:<14} {}\n",
                                key.name,
                                describe(key),
                                fallback_of(key),
                                "",
                                key.help);
        }
        text += "\n";
    }
    text +=
        "[matrix]  Each key is a variable with its list of values; \"${name}\" in a text puts the "
        "value in.\n"
        "          Every combination is a cell, and every cell is run as often as `trials` says.\n";
    return text;
}

}  // namespace ordeal::cli
