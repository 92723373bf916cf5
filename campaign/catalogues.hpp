#pragma once

#include "campaign/kind_library.hpp"
#include "core/catalogue.hpp"

#include <memory>
#include <span>
#include <string_view>

namespace ordeal {

/// What a run is built from. All views must outlive it.
struct Catalogues {
    std::span<const CatalogueRow<Injector>> injectors;
    std::span<const CatalogueRow<Probe>> probes;
    std::span<const CatalogueRow<Check>> checks;
    const KindLibrary& kinds;
};

/// Makes the thing of that kind; nullptr when the catalogue has none.
template <class Thing>
[[nodiscard]] std::unique_ptr<Thing> make(std::span<const CatalogueRow<Thing>> rows,
                                          std::string_view kind) {
    for (const auto& row : rows) {
        if (row.kind == kind) {
            return row.make();
        }
    }
    return nullptr;
}

}  // namespace ordeal
