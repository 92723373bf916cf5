#include "reports/html.hpp"

#include "tests/reports/synthetic.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <pugixml.hpp>

namespace ordeal::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

/// The report is written as well-formed XML, so that a strict parser finds every broken escape.
pugi::xml_document parse_page(const std::string& text) {
    pugi::xml_document document;
    const auto result = document.load_buffer(
        text.data(), text.size(), pugi::parse_default | pugi::parse_doctype, pugi::encoding_utf8);
    EXPECT_TRUE(result) << result.description() << " at "
                        << text.substr(static_cast<std::size_t>(result.offset), 80);
    return document;
}

std::string text_of(const pugi::xml_node& node) {
    std::string text;
    for (const auto& each : node.select_nodes(".//text()")) {
        text += each.node().value();
        text += ' ';
    }
    return text;
}

TEST(Html, SaysVerdictAnswerAndBoundOnTop) {
    const auto text = render_html(synthetic::mixed_run());
    const auto document = parse_page(text);
    EXPECT_STREQ(document.select_node("//header/h1").node().text().get(), "Failed");
    EXPECT_THAT(text_of(document.select_node("//header").node()),
                HasSubstr("2 of 20 trials failed"));
    EXPECT_THAT(text_of(document.select_node("//ul[@class='answers']").node()),
                HasSubstr("between 1.23 % and 31.7 % at 95 % confidence"));
    EXPECT_THAT(text, HasSubstr("journal replayed in 20 trials"));
    EXPECT_THAT(text, HasSubstr("e2fsck -E journal_only: recovering journal"));
    EXPECT_THAT(text, HasSubstr("--seed 4242"));
}

TEST(Html, EveryTrialIsThereOnceFailuresFirst) {
    const auto document = parse_page(render_html(synthetic::mixed_run()));
    const auto trials = document.select_nodes("//details[starts-with(@id,'trial-')]");
    ASSERT_EQ(trials.size(), 20U);
    EXPECT_STREQ(trials[0].node().attribute("id").value(), "trial-7");
    EXPECT_STREQ(trials[0].node().attribute("open").value(), "open");
    EXPECT_STREQ(trials[1].node().attribute("id").value(), "trial-14");
    EXPECT_STREQ(trials[2].node().attribute("id").value(), "trial-10");
    EXPECT_EQ(document.select_nodes("//details//svg[@class='timeline']").size(), 20U);
}

TEST(Html, DrawsOneLaneForEachObserver) {
    const auto document = parse_page(render_html(synthetic::frozen_run()));
    const auto timeline = document.select_node("//svg[@class='timeline']").node();
    const auto names = timeline.select_nodes(".//text[@class='n']");
    EXPECT_EQ(names.size(), 1 + 8 + 1U);  // true health, observers, acknowledged
    EXPECT_THAT(text_of(timeline), HasSubstr("qemu.stop at"));
    EXPECT_EQ(timeline.select_nodes(".//text[@class='o bad']").size(), 3U);  // who never noticed
    EXPECT_EQ(timeline.select_nodes(".//rect[@class='h hung']").size(), 1U);
}

TEST(Html, AsksForNothingFromOutsideAndRunsNothing) {
    const auto text = render_html(synthetic::panic_run());
    const auto document = parse_page(text);
    EXPECT_TRUE(document.select_nodes("//script | //link | //img | //iframe | //object").empty());
    EXPECT_THAT(text, Not(HasSubstr("http://")));
    EXPECT_THAT(text, Not(HasSubstr("https://")));
    EXPECT_THAT(text, Not(HasSubstr("@import")));
    EXPECT_THAT(text, HasSubstr("default-src 'none'"));
}

TEST(Html, HostileStringsStayText) {
    const auto text = render_html(synthetic::hostile_run());
    const auto document = parse_page(text);
    EXPECT_TRUE(document.select_nodes("//script | //img").empty());
    EXPECT_THAT(text, Not(HasSubstr("<script")));
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\xff")));
    for (const auto& link : document.select_nodes("//a/@href")) {
        const std::string target = link.attribute().value();
        EXPECT_TRUE(target.starts_with("#") || target.starts_with("./")) << target;
    }
    for (const auto& attribute : document.select_nodes("//@*")) {
        EXPECT_THAT(attribute.attribute().name(), Not(testing::StartsWith("on")));
    }
}

TEST(Html, TrialsBeyondTheLimitAreALineEach) {
    const auto document = parse_page(
        render_html(synthetic::large_run(60), {}, {.failures_in_full = 1, .passes_in_full = 5}));
    EXPECT_EQ(document.select_nodes("//details[starts-with(@id,'trial-')]").size(), 1 + 5U);
    EXPECT_EQ(document.select_nodes("//tr[starts-with(@id,'trial-')]").size(), 60 - 6U);
}

TEST(Html, ReadsWithNothingAtAll) {
    RunRecord run;
    run.planned_trials = 3;
    const auto document = parse_page(render_html(run));
    EXPECT_STREQ(document.select_node("//header/h1").node().text().get(), "No verdict");
}

TEST(Html, SaysThatARunWasInterrupted) {
    const auto document = parse_page(render_html(synthetic::interrupted_run()));
    EXPECT_THAT(text_of(document.select_node("//header").node()),
                HasSubstr("interrupted by SIGINT"));
    EXPECT_STREQ(document.select_node("//header/h1").node().text().get(), "No verdict");
}

class Directory {
  public:
    Directory() {
        path_ = testing::TempDir() + "ordeal-html-XXXXXX";
        if (::mkdtemp(path_.data()) == nullptr) {
            throw std::runtime_error("mkdtemp");
        }
    }

    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    ~Directory() { std::filesystem::remove_all(path_); }

    [[nodiscard]] std::filesystem::path path() const { return path_; }

  private:
    std::string path_;
};

TEST(Html, LinksToEvidenceFromWhereTheReportLies) {
    const Directory directory;
    auto run = synthetic::mixed_run();
    run.directory = directory.path() / "run";
    ASSERT_TRUE(write_html(run, directory.path() / "report.html"));
    std::ifstream file(directory.path() / "report.html");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_THAT(text, HasSubstr("href=\"./run/trials/7/console.log\""));
}

TEST(Html, SaysWhyItCannotBeWritten) {
    const Directory directory;
    const auto status =
        write_html(synthetic::frozen_run(), directory.path() / "no" / "report.html");
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::unavailable);
    EXPECT_THAT(status.error().answer, HasSubstr("No such file"));
}

}  // namespace
}  // namespace ordeal::reports
