#include "tests/campaign/definition_fixture.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace ordeal::test {
namespace {

using testing::HasSubstr;

const std::string exploring =
    with(sound, "deadline = \"90s\"", "deadline = \"90s\"\nexplore = true");

std::string complaints_with_check(const std::string& text) {
    auto kinds = small_library();
    Diagnostics out;
    kinds.checks.push_back(*parse_schema(EntryRole::check,
                                         "every_crash_state",
                                         R"(
                        summary = "s"
                        needs = ["explore"]
                        [param.max_runs]
                        type = "integer"
                        default = 5
                        help = "h")",
                                         out));
    const auto definition = parse_definition(text, "e.toml", kinds, out);
    EXPECT_EQ(definition.has_value(), out.empty());
    if (definition) {
        const auto& checks = definition->cells[0].checks;
        EXPECT_EQ(std::ranges::count(checks, "every_crash_state", &CheckSpec::kind), 1);
        const auto check = std::ranges::find(checks, "every_crash_state", &CheckSpec::kind);
        EXPECT_TRUE(check->params.has("max_runs"));
    }
    return to_text(out);
}

TEST(DefinitionExploration, RecordsTheDisksThatAreWrittenTo) {
    const auto disk = parse_sound(exploring).cells[0].domains[0].disks.at(0);
    EXPECT_EQ(disk.backing, "recorded");
    EXPECT_EQ(parse_sound(sound).cells[0].domains[0].disks.at(0).backing, "file");
}

TEST(DefinitionExploration, AddsTheCheckUnlessItIsThere) {
    EXPECT_EQ(complaints_with_check(exploring), "");
    EXPECT_EQ(complaints_with_check(exploring + R"(
[[check]]
kind = "every_crash_state"
max_runs = 7
)"),
              "");
}

TEST(DefinitionExploration, RefusesTheCheckWithoutARecording) {
    EXPECT_THAT(complaints_with_check(sound + R"(
[[check]]
kind = "every_crash_state"
)"),
                HasSubstr("\"every_crash_state\" needs explore = true"));
}

TEST(DefinitionExploration, RefusesASecondCheckOfTheStates) {
    const std::string check = R"(
[[check]]
kind = "every_crash_state"
)";
    EXPECT_THAT(complaints_with_check(exploring + check + check),
                HasSubstr("one experiment has one check every_crash_state"));
}

TEST(DefinitionExploration, RefusesWhatCannotBeRecorded) {
    const auto disk_with = [](const std::string& line) {
        return complaints(with(exploring, "name = \"data\"", "name = \"data\"\n" + line));
    };
    EXPECT_THAT(disk_with("backing = \"nbd\""), HasSubstr("cannot be recorded"));
    EXPECT_THAT(disk_with("filesystem = \"xfs\""), HasSubstr("xfs cannot be explored"));
    EXPECT_THAT(disk_with("sector = \"1KiB\""), HasSubstr("must be \"512B\" or \"4KiB\""));
    EXPECT_EQ(disk_with("sector = \"4KiB\""), "");
}

TEST(DefinitionExploration, RefusesABareMachineWithFaultsOrWithoutARecording) {
    const auto bare = [](const std::string& text) {
        return complaints(with(text, "name = \"vm\"", "name = \"vm\"\nmachine = \"bare\""));
    };
    EXPECT_THAT(bare(exploring), HasSubstr("there is no virtual machine \"vm\" for a fault"));
    EXPECT_THAT(bare(sound), HasSubstr("a bare machine needs explore = true"));
    const auto fault = exploring.find("[[fault]]");
    auto without = exploring;
    without.erase(fault, exploring.find("[[probe]]") - fault);
    EXPECT_EQ(bare(without), "");
}

}  // namespace
}  // namespace ordeal::test
