#include "core/schema.hpp"

#include "core/toml_reader.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>
#include <vector>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr std::string_view stop_toml = R"(
summary = "Stops QEMU."
target = "domain"
blast = "domain"
undo = "guardian"
needs = ["pvpanic"]
details = """
More words."""

[param.pause]
type = "duration"
default = "100ms"
min = "10ms"
max = "1min"
help = "How long between two looks"

[param.signal]
type = "choice"
choices = ["stop", "tstp"]
default = "stop"
help = "Which signal"

[param.share]
type = "number"
min = 0
max = 1.0
help = "How much"
)";

EntryInfo stop_info() {
    Diagnostics out;
    auto info = parse_schema(EntryRole::fault, "qemu.stop", stop_toml, out);
    EXPECT_EQ(to_text(out), "");
    return info.value_or(EntryInfo{});
}

/// Reads `text` by the schema above; what is wrong goes to `complaints`.
Params read(const std::string& text, std::string& complaints) {
    Diagnostics out;
    const auto document = parse_toml(text, "f.toml", out);
    const auto params =
        read_params(*document, document->root, stop_info().params, {}, UnknownKeys::report, out);
    complaints = to_text(out);
    return params;
}

TEST(Schema, ReadsAnEntry) {
    const auto info = stop_info();
    EXPECT_EQ(info.kind, "qemu.stop");
    EXPECT_EQ(info.summary, "Stops QEMU.");
    EXPECT_EQ(info.undo, "guardian");
    EXPECT_EQ(info.needs, std::vector<std::string>{"pvpanic"});
    EXPECT_EQ(info.details, "More words.");
    ASSERT_EQ(info.params.size(), 3U);
    EXPECT_EQ(info.params[0].name, "pause");
    EXPECT_EQ(info.params[0].fallback, Value(Duration(100ms)));
    EXPECT_EQ(info.params[2].fallback, std::nullopt);
    EXPECT_EQ(info.params[2].minimum, Value(0.0));
}

TEST(Schema, RefusesAWrongEntry) {
    for (const auto& [from, to] : std::vector<std::pair<std::string, std::string>>{
             {"summary = \"Stops QEMU.\"\n", ""},
             {"undo = \"guardian\"", "undo = \"maybe\""},
             {"default = \"100ms\"", "default = \"1ms\""},
             {"default = \"100ms\"", "default = 100"},
             {"default = \"stop\"", "default = \"cont\""},
             {"choices = [\"stop\", \"tstp\"]\n", ""},
             {"max = \"1min\"", "max = \"1ms\""},
             {"type = \"number\"", "type = \"float\""},
             {"blast", "radius"}}) {
        std::string toml(stop_toml);
        toml.replace(toml.find(from), from.size(), to);
        Diagnostics out;
        EXPECT_FALSE(parse_schema(EntryRole::fault, "qemu.stop", toml, out)) << to;
        EXPECT_FALSE(out.empty());
    }
    Diagnostics out;
    EXPECT_FALSE(parse_schema(EntryRole::probe, "x.y", stop_toml, out));  // "target" is for faults
}

TEST(Schema, FillsInDefaultsAndTypes) {
    std::string complaints;
    const auto params = read("pause = \"2s\"\nshare = 1\n", complaints);
    EXPECT_EQ(complaints, "");
    EXPECT_EQ(params, (Params{{"pause", Duration(2s)}, {"share", 1.0}, {"signal", "stop"}}));
}

TEST(Schema, ReportsEveryParameterThatIsWrong) {
    std::string complaints;
    const auto params =
        read("puase = 1\npause = \"2hours\"\nsignal = \"stpo\"\nshare = 1.5\n", complaints);
    EXPECT_TRUE(params.empty());
    EXPECT_EQ(complaints,
              "f.toml:1:1: error: unknown key \"puase\"\n"
              "    1 | puase = 1\n"
              "      | ^^^^^\n"
              "      = did you mean \"pause\"?\n"
              "f.toml:2:9: error: \"pause\": unknown unit \"hours\"\n"
              "    2 | pause = \"2hours\"\n"
              "      |         ^^^^^^^^\n"
              "      = did you mean \"h\"?\n"
              "f.toml:3:10: error: \"signal\" must be one of stop, tstp\n"
              "    3 | signal = \"stpo\"\n"
              "      |          ^^^^^^\n"
              "      = did you mean \"stop\"?\n"
              "f.toml:4:9: error: \"share\" must be a number from 0 to 1, not 1.5\n"
              "    4 | share = 1.5\n"
              "      |         ^^^\n");
}

TEST(Schema, AsksForUnitsAndForWhatIsMissing) {
    std::string complaints;
    static_cast<void>(read("pause = 5\n", complaints));
    EXPECT_EQ(complaints,
              "f.toml:1:9: error: \"pause\" needs a unit\n"
              "    1 | pause = 5\n"
              "      |         ^\n"
              "      = write a duration such as \"500ms\"\n"
              "f.toml:1:1: error: \"share\" is missing\n"
              "    1 | pause = 5\n"
              "      | ^\n"
              "      = share: How much\n");
}

}  // namespace
}  // namespace ordeal
