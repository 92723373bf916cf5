#pragma once

#include "core/catalogue.hpp"
#include "core/document.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Schemas: what the .toml beside a catalogue entry says, and tables judged by such specs.
namespace ordeal {

enum class EntryRole { fault, probe, check };

/// Reads an entry's .toml. Keys: summary; for faults target, blast, undo; needs, details; and
/// [param.<name>] with type, default, min, max, choices, help. `kind` stands for the file in
/// messages. Nothing when anything is wrong.
[[nodiscard]] std::optional<EntryInfo> parse_schema(EntryRole role,
                                                    std::string_view kind,
                                                    std::string_view toml,
                                                    Diagnostics& out);

/// What to do with keys that no spec names.
enum class UnknownKeys { report, ignore };

/// Reads the keys of `table` as `specs` say. Every name of the specs is in the result, typed and in
/// range, except those about which something was added to `out`. `elsewhere` names keys that the
/// caller reads itself.
[[nodiscard]] Params read_params(const Document& document,
                                 const Node& table,
                                 std::span<const ParamSpec> specs,
                                 std::span<const std::string_view> elsewhere,
                                 UnknownKeys unknown,
                                 Diagnostics& out);

/// "an integer from 1 to 64", `a duration such as "500ms"`, "one of a, b": for messages and pages.
[[nodiscard]] std::string describe(const ParamSpec& spec);

}  // namespace ordeal
