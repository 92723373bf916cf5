#include "reports/json.hpp"
#include "reports/junit.hpp"
#include "reports/markdown.hpp"
#include "tests/reports/synthetic.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <pugixml.hpp>
#include <set>

namespace ordeal::reports {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::Not;

pugi::xml_document parse(const std::string& text) {
    pugi::xml_document document;
    const auto result = document.load_string(text.c_str());
    EXPECT_TRUE(result) << result.description();
    return document;
}

TEST(Junit, CountsAgreeWithTheCases) {
    const auto document = parse(render_junit(synthetic::mixed_run()));
    const auto root = document.child("testsuites");
    const auto suite = root.child("testsuite");
    for (const auto& node : {root, suite}) {
        EXPECT_EQ(node.attribute("tests").as_int(), 20);
        EXPECT_EQ(node.attribute("failures").as_int(), 2);
        EXPECT_EQ(node.attribute("errors").as_int(), 1);
        EXPECT_EQ(node.attribute("skipped").as_int(), 0);
    }
    EXPECT_EQ(suite.select_nodes("testcase").size(), 20U);
    EXPECT_EQ(suite.select_nodes("testcase/failure").size(), 2U);
    EXPECT_EQ(suite.select_nodes("testcase/error").size(), 1U);
    const auto failure = suite.select_node("testcase[@name='trial 7']/failure").node();
    EXPECT_THAT(failure.attribute("message").value(), HasSubstr("records are lost"));
    EXPECT_THAT(failure.text().get(), HasSubstr("first lost: writer 0"));
}

/// The shape that build servers agree on: https://github.com/testmoapp/junitxml
TEST(Junit, KeepsToTheCommonShape) {
    const std::map<std::string, std::set<std::string>> children{
        {"testsuites", {"testsuite"}},
        {"testsuite", {"properties", "testcase"}},
        {"properties", {"property"}},
        {"property", {}},
        {"testcase", {"failure", "error", "skipped", "system-out"}},
        {"failure", {}},
        {"error", {}},
        {"skipped", {}},
        {"system-out", {}}};
    for (const auto& run : {synthetic::mixed_run(), synthetic::interrupted_run()}) {
        const auto document = parse(render_junit(run));
        for (const auto& each : document.select_nodes("//*")) {
            const auto node = each.node();
            const std::string parent = node.parent().name();
            ASSERT_TRUE(children.contains(node.name())) << node.name();
            EXPECT_TRUE(parent.empty() || children.at(parent).contains(node.name()))
                << parent << "/" << node.name();
        }
        for (const auto& test : document.select_nodes("//testcase")) {
            EXPECT_TRUE(test.node().attribute("name"));
            EXPECT_TRUE(test.node().attribute("classname"));
            EXPECT_GE(test.node().attribute("time").as_double(-1), 0);
        }
    }
}

TEST(Junit, PlannedTrialsThatDidNotRunAreSkipped) {
    const auto document = parse(render_junit(synthetic::interrupted_run()));
    EXPECT_EQ(document.select_nodes("//testcase").size(), 20U);
    EXPECT_EQ(document.select_nodes("//skipped[@message='interrupted by SIGINT']").size(), 13U);
}

TEST(Junit, HostileStringsStayText) {
    const auto text = render_junit(synthetic::hostile_run());
    const auto document = parse(text);
    EXPECT_TRUE(document.select_nodes("//script").empty());
    for (const char c : text) {
        EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20);
    }
    EXPECT_THAT(text, Not(HasSubstr("&#2")));  // a control character, written as a reference
}

/// What of JSON Schema the shipped schema uses; an unknown keyword is a failure.
void conforms(const json& value, const json& schema, const json& root, const std::string& where) {
    const std::map<std::string, bool (json::*)() const noexcept> types{
        {"object", &json::is_object},
        {"array", &json::is_array},
        {"string", &json::is_string},
        {"integer", &json::is_number_integer},
        {"number", &json::is_number},
        {"boolean", &json::is_boolean},
        {"null", &json::is_null}};
    for (const auto& [key, rule] : schema.items()) {
        if (key == "$ref") {
            const auto name = rule.get<std::string>().substr(std::string("#/$defs/").size());
            conforms(value, root.at("$defs").at(name), root, where);
        } else if (key == "type") {
            const auto names = rule.is_array() ? rule : json::array({rule});
            EXPECT_TRUE(std::any_of(names.begin(),
                                    names.end(),
                                    [&](const json& name) { return (value.*types.at(name))(); }))
                << where << " is " << value.type_name();
        } else if (key == "const") {
            EXPECT_EQ(value, rule) << where;
        } else if (key == "enum") {
            EXPECT_NE(std::find(rule.begin(), rule.end(), value), rule.end()) << where;
        } else if (key == "required") {
            for (const auto& name : rule) {
                EXPECT_TRUE(value.contains(name)) << where << " has no " << name;
            }
        } else if (key == "properties") {
            for (const auto& [name, inner] : value.items()) {
                ASSERT_TRUE(rule.contains(name)) << where << " must not have " << name;
                conforms(inner, rule.at(name), root, where + "/" + name);
            }
        } else if (key == "items") {
            for (const auto& inner : value) {
                conforms(inner, rule, root, where + "/[]");
            }
        } else if (key == "additionalProperties" && rule.is_object()) {
            for (const auto& inner : value) {
                conforms(inner, rule, root, where + "/*");
            }
        } else {
            static const std::set<std::string> silent{
                "$schema", "title", "description", "$defs", "additionalProperties"};
            EXPECT_TRUE(silent.contains(key)) << "unknown keyword " << key;
        }
    }
}

TEST(Json, ConformsToTheShippedSchema) {
    std::ifstream file(ORDEAL_SOURCE_DIR "/reports/report.schema.json");
    const auto schema = json::parse(file);
    RunRecord empty;
    for (const auto& run : {synthetic::mixed_run(),
                            synthetic::frozen_run(),
                            synthetic::panic_run(),
                            synthetic::interrupted_run(),
                            synthetic::hostile_run(),
                            empty}) {
        conforms(json::parse(render_json(run)), schema, schema, run.id);
    }
}

TEST(Json, StatesWhatTheTrialsSay) {
    const auto document = json::parse(render_json(synthetic::mixed_run()));
    EXPECT_EQ(document["run"]["verdict"], "fail");
    EXPECT_EQ(document["run"]["seed"], "4242");
    const auto& cell = document["cells"][0];
    EXPECT_EQ(cell["checks"][0]["check"], "no_acked_write_lost");
    EXPECT_NEAR(cell["checks"][0]["failure_rate_high"].get<double>(), 0.31698271, 1e-7);
    EXPECT_EQ(document["trials"].size(), 20U);
    EXPECT_EQ(document["trials"][6]["findings"][2]["figures"]["lost"], 3);
    EXPECT_EQ(document["trials"][0]["findings"][0]["figures"]["detection_latency"]["ns"],
              310'000'000);
}

TEST(Json, NeverIsNullNotZero) {
    const auto document = json::parse(render_json(synthetic::frozen_run()));
    for (const auto& observer : document["cells"][0]["observers"]) {
        if (observer["observer"] == "libvirt.state") {
            EXPECT_TRUE(observer["median"].is_null());
            EXPECT_EQ(observer["noticed"], 0);
            return;
        }
    }
    FAIL() << "libvirt.state is missing";
}

TEST(Markdown, SaysVerdictAnswersAndWhatFailed) {
    const auto text = render_markdown(synthetic::mixed_run());
    EXPECT_THAT(text, testing::StartsWith("## ✕ Not acceptable as tested"));
    EXPECT_THAT(text, HasSubstr("Acknowledged writes were lost in 2 of 20 trials"));
    EXPECT_THAT(text, HasSubstr("- trial 7 failed"));
    EXPECT_THAT(text, HasSubstr("| libvirt\\.events | 19 of 19 |"));
}

TEST(Markdown, HostileStringsStayText) {
    const auto text = render_markdown(synthetic::hostile_run());
    EXPECT_THAT(text, Not(HasSubstr("<")));
    EXPECT_THAT(text, Not(HasSubstr("@all")));
    EXPECT_THAT(text, Not(HasSubstr("\n# heading")));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

}  // namespace
}  // namespace ordeal::reports
