#include "reports/html.hpp"
#include "tests/browser/browser.hpp"
#include "tests/reports/synthetic.hpp"

#include <gmock/gmock.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>

namespace ordeal::browser {
namespace {

namespace fs = std::filesystem;
using testing::IsEmpty;

class ReportInBrowser : public testing::Test {
  protected:
    void SetUp() override {
        const auto program = find_chromium();
        if (!program) {
            GTEST_SKIP() << "no Chromium here (apt-get install chromium)";
        }
        std::string directory = fs::temp_directory_path() / "ordeal-report-XXXXXX";
        ASSERT_NE(::mkdtemp(directory.data()), nullptr);
        directory_ = directory;
        browser_ = std::make_unique<Browser>(*program);
    }

    void TearDown() override {
        browser_.reset();
        if (!directory_.empty()) {
            fs::remove_all(directory_);
        }
    }

    /// The file of the rendered run.
    fs::path render(const RunRecord& run) {
        const auto file = directory_ / "report.html";
        const auto begin = std::chrono::steady_clock::now();
        EXPECT_TRUE(reports::write_html(run, file));
        rendered_ = std::chrono::steady_clock::now() - begin;
        return file;
    }

    Browser& browser() { return *browser_; }

    [[nodiscard]] double rendered() const { return rendered_.count(); }

  private:
    fs::path directory_;
    std::unique_ptr<Browser> browser_;
    std::chrono::duration<double> rendered_{};
};

TEST_F(ReportInBrowser, AThousandTrialsAreAllThereAndOpenAtOnce) {
    const auto file = render(reports::synthetic::large_run(1000));
    std::chrono::duration<double> best = std::chrono::hours(1);
    for (int i = 0; i < 3; ++i) {
        best = std::min(best, browser().open(file));
    }
    const auto elements = browser().evaluate("document.querySelectorAll('*').length").get<int>();
    std::cout << "1,000 trials: rendered in " << rendered() << " s, opened and painted in "
              << best.count() << " s (best of 3), " << fs::file_size(file) / 1024 << " KiB, "
              << elements << " elements\n";
    EXPECT_EQ(browser().evaluate("document.querySelectorAll('[id^=trial-]').length"), 1000);
    EXPECT_EQ(browser().evaluate("document.querySelectorAll('details.trial.fail').length"), 3);
    EXPECT_THAT(browser().complaints(), IsEmpty());
    // What the time to open grows with; the time itself depends on who else uses the machine.
    EXPECT_LT(elements, 40'000);
    EXPECT_LT(fs::file_size(file), 2U << 20U);
}

TEST_F(ReportInBrowser, TheWorstIsSeenFirstWithoutAClick) {
    browser().open(render(reports::synthetic::mixed_run()));
    EXPECT_EQ(browser().evaluate("document.querySelector('details.trial').id"), "trial-7");
    EXPECT_GT(
        browser().evaluate("document.querySelector('details.trial svg.timeline').clientHeight"),
        100);
    EXPECT_EQ(browser().evaluate("document.querySelector('#trial-1').checkVisibility()"), false);
}

TEST_F(ReportInBrowser, HostileStringsDoNothing) {
    browser().open(render(reports::synthetic::hostile_run()));
    EXPECT_EQ(browser().evaluate("document.querySelectorAll('script, img').length"), 0);
    EXPECT_THAT(browser().complaints(), IsEmpty());
}

TEST_F(ReportInBrowser, FitsANarrowWindow) {
    browser().resize(390, 800);
    for (const auto& run : {reports::synthetic::mixed_run(), reports::synthetic::hostile_run()}) {
        browser().open(render(run));
        EXPECT_LE(browser().evaluate("document.documentElement.scrollWidth"), 390);
    }
}

TEST_F(ReportInBrowser, TheBrowserDoesComplainWhenThereIsReason) {
    const auto file = render(reports::synthetic::frozen_run());
    std::ofstream(file, std::ios::app) << "<script>1</script><img src='x.png'/>";
    browser().open(file);
    EXPECT_THAT(browser().complaints(), testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace ordeal::browser
