#include "campaign/definition_keys.hpp"
#include "campaign/kind_library.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace ordeal {
namespace {

/// Names that an entry's parameters must not take; a probe may say `interval` more exactly.
void expect_free_names(const std::vector<EntryInfo>& entries,
                       const std::vector<ParamSpec>& general) {
    for (const auto& entry : entries) {
        for (const auto& param : entry.params) {
            const bool taken =
                std::ranges::find(general, param.name, &ParamSpec::name) != general.end() &&
                param.name != "interval";
            EXPECT_FALSE(taken) << entry.kind << " has a parameter \"" << param.name
                                << "\", which every entry of its sort has: call it otherwise";
        }
    }
}

TEST(Shipped, EverySchemaOfTheCataloguesIsSound) {
    const auto kinds = builtin_kinds();
    ASSERT_TRUE(kinds) << kinds.error().text();
    expect_free_names(kinds->faults, definition_keys::fault());
    expect_free_names(kinds->probes, definition_keys::probe());
    expect_free_names(kinds->checks, definition_keys::check());
}

}  // namespace
}  // namespace ordeal
