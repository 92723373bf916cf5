#pragma once

#include "core/check.hpp"
#include "core/fields.hpp"
#include "core/injector.hpp"
#include "core/probe.hpp"

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace ordeal {

/// The type of a parameter, as a schema writes it. A list is one of texts.
enum class ParamType { boolean, integer, number, text, choice, list, duration, size };

/// One parameter of a catalogue entry.
struct ParamSpec {
    std::string name;
    ParamType type = ParamType::text;
    std::string help;
    std::optional<Value> fallback;     ///< absent: the parameter is required
    std::optional<Value> minimum;      ///< inclusive
    std::optional<Value> maximum;      ///< inclusive
    std::vector<std::string> choices;  ///< for ParamType::choice
};

/// What the .toml beside a source says about it.
struct EntryInfo {
    std::string kind;                ///< "qemu.kill"; for checks "filesystem_sound"
    std::string summary;             ///< one sentence
    std::string target;              ///< faults: "domain" | "host"
    std::string blast;               ///< faults: "domain" | "host": what else feels it
    std::string undo;                ///< faults: "none" | "owner-bound" | "lease" | "guardian"
    std::vector<std::string> needs;  ///< "agent", "pvpanic", …: tested before the start
    std::string details;             ///< a paragraph for the reference page
    std::vector<ParamSpec> params;
};

/// Whether a probe watches the experiment's service as a whole, once, instead of each domain.
[[nodiscard]] inline bool watches_service(std::string_view probe) {
    return probe.starts_with("service.");
}

/// One row of the generated table: the text of the .toml and how to make the thing.
template <class Thing>
struct CatalogueRow {
    std::string_view kind;
    std::string_view toml;
    std::unique_ptr<Thing> (*make)();
};

}  // namespace ordeal
