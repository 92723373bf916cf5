#include "campaign/definition.hpp"
#include "tests/campaign/definition_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ordeal::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

/// The sound definition with `matrix` in it.
std::string varied(const std::string& matrix) {
    return with(sound, "[[domain]]", "[matrix]\n" + matrix + "\n[[domain]]");
}

TEST(DefinitionMatrix, MakesOneExperimentPerCombination) {
    auto text = varied("cache = [\"none\", \"unsafe\"]\nvcpus = [1, 2, 4]\nhold = [\"1s\"]");
    text = with(text, "name = \"vm\"", "name = \"vm\"\nvcpus = \"${vcpus}\"");
    text = with(text, "name = \"data\"", "name = \"data\"\ncache = \"${cache}\"");
    text = with(text, "at = \"1s..3s\"", "at = \"1s\"\nhold = \"${hold}..2s\"");
    const auto definition = parse_sound(text);
    ASSERT_EQ(definition.cells.size(), 6U);
    ASSERT_EQ(definition.matrix.size(), 3U);
    EXPECT_EQ(definition.matrix[0].name, "cache");
    EXPECT_EQ(definition.cells[1].domains[0].vcpus, 2);
    EXPECT_EQ(definition.cells[1].domains[0].disks[0].cache, "none");
    EXPECT_EQ(definition.cells[3].domains[0].disks[0].cache, "unsafe");
    EXPECT_EQ(definition.cells[3].faults[0].hold.from, 1s);
    EXPECT_EQ(definition.cells[5].cell,
              (Fields{{"cache", "unsafe"}, {"vcpus", std::int64_t{4}}, {"hold", "1s"}}));
}

TEST(DefinitionMatrix, ChoosesChecksByWhenAndUnless) {
    auto text = varied("panics = [true, false]");
    text = with(text, "kind = \"state_agrees\"", "kind = \"state_agrees\"\nwhen = \"panics\"");
    auto definition = parse_sound(text);
    ASSERT_EQ(definition.cells.size(), 2U);
    EXPECT_EQ(definition.cells[0].checks.size(), 2U);
    EXPECT_EQ(definition.cells[1].checks.size(), 1U);
    definition = parse_sound(with(text, "when =", "unless ="));
    EXPECT_EQ(definition.cells[0].checks.size(), 1U);
    EXPECT_EQ(definition.cells[1].checks.size(), 2U);
    EXPECT_THAT(complaints(with(
                    text, "\"no_acked_write_lost\"", "\"no_acked_write_lost\"\nwhen = \"panics\"")),
                HasSubstr("there is no check, so that no trial could ever pass (in the cell "
                          "panics = false)"));
}

TEST(DefinitionMatrix, ReportsVariablesThatAreNotThereOrNotUsed) {
    auto text = varied("cache = [\"none\"]\nspare = [1]");
    text = with(text, "name = \"data\"", "name = \"data\"\ncache = \"${cahe}\"\nsize = \"${big\"");
    EXPECT_EQ(complaints(text),
              "e.toml:11:1: error: matrix variable \"cache\" is not used\n"
              "   11 | cache = [\"none\"]\n"
              "      | ^^^^^\n"
              "      = put it in with \"${cache}\", or remove it\n"
              "e.toml:12:1: error: matrix variable \"spare\" is not used\n"
              "   12 | spare = [1]\n"
              "      | ^^^^^\n"
              "      = put it in with \"${spare}\", or remove it\n"
              "e.toml:18:9: error: there is no matrix variable \"cahe\"\n"
              "   18 | cache = \"${cahe}\"\n"
              "      |         ^^^^^^^^^\n"
              "      = did you mean \"cache\"?\n"
              "e.toml:19:8: error: \"${\" is not closed by \"}\"\n"
              "   19 | size = \"${big\"\n"
              "      |        ^^^^^^^\n");
}

TEST(DefinitionMatrix, ReportsValuesThatCannotBe) {
    auto text = varied("cache = \"none\"\nvcpus = [1, [2], 1, \"${cache}\"]\nmemory = []");
    text =
        with(text, "name = \"vm\"", "name = \"vm\"\nvcpus = \"${vcpus}\"\nmemory = \"${memory}\"");
    text = with(text, "name = \"data\"", "name = \"data\"\ncache = \"${cache}\"");
    EXPECT_EQ(complaints(text),
              "e.toml:11:9: error: matrix variable \"cache\" needs a list of values\n"
              "   11 | cache = \"none\"\n"
              "      |         ^^^^^^\n"
              "      = write cache = [ … ]\n"
              "e.toml:12:13: error: a matrix value cannot be a list\n"
              "   12 | vcpus = [1, [2], 1, \"${cache}\"]\n"
              "      |             ^^^\n"
              "e.toml:12:18: error: 1 is given twice\n"
              "   12 | vcpus = [1, [2], 1, \"${cache}\"]\n"
              "      |                  ^\n"
              "e.toml:12:21: error: a matrix value cannot use a variable\n"
              "   12 | vcpus = [1, [2], 1, \"${cache}\"]\n"
              "      |                     ^^^^^^^^^^\n"
              "e.toml:13:10: error: matrix variable \"memory\" needs a list of values\n"
              "   13 | memory = []\n"
              "      |          ^^\n"
              "      = write memory = [ … ]\n");
}

TEST(DefinitionMatrix, NamesTheCellInWhichSomethingIsWrong) {
    auto text = varied("vcpus = [1, 2, 400]");
    text = with(text, "name = \"vm\"", "name = \"vm\"\nvcpus = \"${vcpus}\"");
    EXPECT_EQ(complaints(text),
              "e.toml:14:9: error: \"vcpus\" must be an integer from 1 to 64, not 400 (in the cell "
              "vcpus = 400)\n"
              "   14 | vcpus = \"${vcpus}\"\n"
              "      |         ^^^^^^^^^^\n");
    EXPECT_THAT(complaints(with(text, "[1, 2, 400]", "[\"1\"]")),
                HasSubstr("\"vcpus\" must be an integer from 1 to 64, not text\n"));
}

TEST(DefinitionMatrix, RefusesConditionsOnOtherThanBooleans) {
    const auto text = with(varied("cache = [\"none\", \"unsafe\"]"),
                           "kind = \"state_agrees\"",
                           "kind = \"state_agrees\"\nwhen = \"cache\"");
    EXPECT_THAT(complaints(text), HasSubstr("\"when\" needs a variable that is true or false"));
    EXPECT_THAT(complaints(with(text, "when = \"cache\"", "when = true")),
                HasSubstr("\"when\" must be text in quotes, not true or false"));
}

TEST(DefinitionMatrix, StopsAnExplosion) {
    std::string variables;
    std::string uses;
    for (int index = 0; index < 40; ++index) {
        const auto name = "v" + std::to_string(index);
        variables += name + " = [1, 2, 3, 4]\n";
        uses += "${" + name + "}";
    }
    const auto text = with(varied(variables), "Who notices?", uses);
    EXPECT_EQ(complaints(text),
              "e.toml:10:2: error: the matrix has more than 10000 cells\n"
              "   10 | [matrix]\n"
              "      |  ^^^^^^\n"
              "      = make several experiments of it, or leave values out\n");
}

TEST(DefinitionMatrix, KeepsTheNameOutOfIt) {
    const auto text = with(varied("x = [1]"), "\"kill\"", "\"kill-${x}\"");
    EXPECT_THAT(complaints(text), HasSubstr("2:8: error: the name cannot use a matrix variable"));
}

}  // namespace
}  // namespace ordeal::test
