#include "reports/terminal.hpp"

#include "tests/reports/synthetic.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <fcntl.h>
#include <unistd.h>

namespace ordeal::reports {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Screen {
    TerminalStyle style;
    std::string text;
    LiveProgress progress{style, [this](std::string_view more) { text += more; }};

    explicit Screen(TerminalStyle kind) : style(kind) {}
};

void play(LiveProgress& progress, const RunRecord& run) {
    progress.run_started(run);
    for (const auto& trial : run.trials) {
        progress.trial_started(trial);
        progress.phase_started(trial.number, "boot");
        progress.trial_finished(trial);
    }
    progress.run_finished();
}

TEST(Terminal, PlainOutputHasALineATrialAndNoEscapes) {
    Screen screen({});
    play(screen.progress, synthetic::mixed_run());
    EXPECT_THAT(screen.text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(screen.text, Not(HasSubstr("\r")));
    EXPECT_EQ(std::ranges::count(screen.text, '\n'), 1 + 20);
    EXPECT_THAT(screen.text, HasSubstr("✕  7/20  kill-qemu"));
}

TEST(Terminal, LiveOutputRedrawsOneBarAndLeavesNone) {
    Screen screen({.live = true, .width = 60});
    play(screen.progress, synthetic::mixed_run());
    EXPECT_EQ(std::ranges::count(screen.text, '\n'), 1 + 20);
    EXPECT_THAT(screen.text, HasSubstr("· 3 boot"));
    EXPECT_THAT(screen.text, HasSubstr("19/20, 2 failed, 1 inconclusive"));
    EXPECT_THAT(screen.text, testing::EndsWith("\r\x1b[K"));
}

TEST(Terminal, TheBarNeverWraps) {
    Screen screen({.live = true, .width = 30});
    play(screen.progress, synthetic::mixed_run());
    std::size_t from = 0;
    while ((from = screen.text.find("\x1b[K[", from)) != std::string::npos) {
        from += 3;
        const auto to = std::min(screen.text.find('\r', from), screen.text.size());
        const auto characters =
            std::count_if(screen.text.begin() + static_cast<std::ptrdiff_t>(from),
                          screen.text.begin() + static_cast<std::ptrdiff_t>(to),
                          [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; });
        EXPECT_LT(characters, 30);
    }
}

TEST(Terminal, SaysWhyItStops) {
    Screen screen({});
    screen.progress.run_started(synthetic::kill_run());
    screen.progress.stopping("interrupted by SIGINT");
    EXPECT_THAT(screen.text, HasSubstr("stopping: interrupted by SIGINT"));
}

TEST(Terminal, SummaryIsColouredOnlyWhenAsked) {
    const auto run = synthetic::mixed_run();
    EXPECT_THAT(render_terminal(run, {}), Not(HasSubstr("\x1b")));
    EXPECT_THAT(render_terminal(run, {.color = true}), HasSubstr("\x1b[31m✕"));
}

TEST(Terminal, SummarySaysAnswersAndWhatFailed) {
    const auto text = render_terminal(synthetic::mixed_run(), {});
    EXPECT_THAT(text, HasSubstr("2 of 20 trials failed"));
    EXPECT_THAT(text, HasSubstr("between 1.23 % and 31.7 %"));
    EXPECT_THAT(text, HasSubstr("✕ trial 7: no_acked_write_lost"));
    EXPECT_THAT(text, HasSubstr("repeat: ordeal run"));
}

TEST(Terminal, HostileStringsCannotSteerIt) {
    const auto run = synthetic::hostile_run();
    Screen screen({});
    play(screen.progress, run);
    for (const auto& text : {screen.text, render_terminal(run, {})}) {
        for (const char c : text) {
            EXPECT_TRUE(c == '\n' || static_cast<unsigned char>(c) >= 0x20) << int{c};
        }
        EXPECT_THAT(text, Not(HasSubstr("\n# heading")));
    }
}

TEST(Terminal, HonoursNoColorAndTheChoice) {
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe(pipe.data()), 0);
    EXPECT_FALSE(style_of(pipe[1], ColorChoice::automatic).live);
    EXPECT_FALSE(style_of(pipe[1], ColorChoice::automatic).color);
    EXPECT_TRUE(style_of(pipe[1], ColorChoice::always).color);
    ::close(pipe[0]);
    ::close(pipe[1]);

    const int terminal = ::posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal < 0 || ::isatty(terminal) != 1) {
        GTEST_SKIP() << "no pseudo-terminal here";
    }
    ::setenv("TERM", "xterm", 1);
    ::unsetenv("NO_COLOR");
    EXPECT_TRUE(style_of(terminal, ColorChoice::automatic).color);
    EXPECT_FALSE(style_of(terminal, ColorChoice::never).color);
    ::setenv("NO_COLOR", "1", 1);
    EXPECT_FALSE(style_of(terminal, ColorChoice::automatic).color);
    EXPECT_TRUE(style_of(terminal, ColorChoice::automatic).live);
    EXPECT_TRUE(style_of(terminal, ColorChoice::always).color);
    ::setenv("TERM", "dumb", 1);
    EXPECT_FALSE(style_of(terminal, ColorChoice::automatic).live);
    ::unsetenv("NO_COLOR");
    ::close(terminal);
}

}  // namespace
}  // namespace ordeal::reports
