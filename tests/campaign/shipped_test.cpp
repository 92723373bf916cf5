#include "campaign/definition.hpp"
#include "campaign/definition_keys.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <set>

namespace ordeal {
namespace {

std::vector<std::filesystem::path> shipped() {
    std::vector<std::filesystem::path> paths;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(
             std::filesystem::path(ORDEAL_SOURCE_DIR) / "experiments")) {
        if (entry.path().extension() == ".toml") {
            paths.push_back(entry.path());
        }
    }
    std::ranges::sort(paths);
    return paths;
}

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

TEST(Shipped, EveryExperimentIsSound) {
    const auto kinds = builtin_kinds();
    ASSERT_TRUE(kinds) << kinds.error().text();
    const auto paths = shipped();
    ASSERT_FALSE(paths.empty());
    Diagnostics out;
    EXPECT_EQ(load_definitions(paths, *kinds, out).size(), paths.size());
    EXPECT_EQ(to_text(out), "");
}

}  // namespace
}  // namespace ordeal
