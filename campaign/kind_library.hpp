#pragma once

#include "core/catalogue.hpp"
#include "core/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace ordeal {

/// All kinds of faults, probes and checks that a definition may name, in the order of their kinds.
struct KindLibrary {
    std::vector<EntryInfo> faults;
    std::vector<EntryInfo> probes;
    std::vector<EntryInfo> checks;
};

/// From the catalogues that are built in. A schema that is wrong is ErrorKind::internal.
[[nodiscard]] Result<KindLibrary> builtin_kinds();

/// The entry of that kind, or nullptr.
[[nodiscard]] const EntryInfo* find_kind(const std::vector<EntryInfo>& entries,
                                         std::string_view kind);

[[nodiscard]] std::vector<std::string> kind_names(const std::vector<EntryInfo>& entries);

}  // namespace ordeal
