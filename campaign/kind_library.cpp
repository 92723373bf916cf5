#include "campaign/kind_library.hpp"

#include "core/schema.hpp"
#include "injectors/catalogue.hpp"
#include "probes/catalogue.hpp"
#include "verifier/catalogue.hpp"

#include <algorithm>

namespace ordeal {
namespace {

template <class Thing>
std::vector<EntryInfo> read_all(EntryRole role,
                                std::span<const CatalogueRow<Thing>> rows,
                                Diagnostics& out) {
    std::vector<EntryInfo> result;
    for (const auto& row : rows) {
        if (auto info = parse_schema(role, row.kind, row.toml, out)) {
            result.push_back(std::move(*info));
        }
    }
    std::ranges::sort(result, {}, &EntryInfo::kind);
    return result;
}

}  // namespace

Result<KindLibrary> builtin_kinds() {
    Diagnostics out;
    KindLibrary library{.faults = read_all(EntryRole::fault, injectors::catalogue(), out),
                        .probes = read_all(EntryRole::probe, probes::catalogue(), out),
                        .checks = read_all(EntryRole::check, verifier::catalogue(), out)};
    if (!out.empty()) {
        return fail(ErrorKind::internal, "read the built-in catalogues", to_text(out));
    }
    return library;
}

const EntryInfo* find_kind(const std::vector<EntryInfo>& entries, std::string_view kind) {
    const auto it = std::ranges::find(entries, kind, &EntryInfo::kind);
    return it == entries.end() ? nullptr : &*it;
}

std::vector<std::string> kind_names(const std::vector<EntryInfo>& entries) {
    std::vector<std::string> names;
    names.reserve(entries.size());
    for (const auto& entry : entries) {
        names.push_back(entry.kind);
    }
    return names;
}

}  // namespace ordeal
