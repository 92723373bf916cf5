#include "campaign/store.hpp"

#include "tests/campaign/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <csignal>
#include <fstream>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

RunRecord example_run() {
    RunRecord run;
    run.id = "20260102-030405-kill";
    run.started = WallTime(1767323045s);
    run.command_line = {"ordeal", "run", "kill qemu.toml"};
    run.seed = 0xffffffffffffffffU;
    run.planned_trials = 2;
    run.versions = {{"qemu", "7.2"}};
    run.experiments = {{"kill", "A title", "A question?", "kill.toml", "[experiment]\n# \"ä\"\n"}};
    return run;
}

TrialRecord example_trial(std::int64_t number) {
    TrialRecord trial;
    trial.number = number;
    trial.experiment = "kill";
    trial.cell = {{"cache", "none"}, {"pvpanic", true}};
    trial.seed = 0x8000000000000001U;
    trial.started = WallTime(1767323046s);
    trial.wall = 9s;
    trial.verdict = Verdict::fail;
    trial.reason = "a write was lost";
    trial.findings = {{.check = "no_acked_write_lost",
                       .subject = "vm",
                       .verdict = Verdict::fail,
                       .summary = "1 of 5 lost",
                       .evidence = {"record 3", "line\nbreak"},
                       .figures = {{"lost", std::int64_t{1}}, {"latency", Duration(5ms)}}}};
    trial.evidence = {"trials/1/console.log"};
    return trial;
}

std::vector<Event> example_events() {
    return {{.at = 1ms,
             .kind = "note",
             .source = "runner",
             .subject = "vm",
             .data = {{"text", "a \x01 \"quoted\" \xc3\xa4"},
                      {"flag", false},
                      {"count", std::int64_t{-3}},
                      {"share", 2.0},
                      {"after", Duration(-7)},
                      {"size", Bytes{std::uint64_t{1} << 63U}},
                      {"names", std::vector<std::string>{"a", "b"}},
                      {"none", std::vector<std::string>{}}}},
            {.at = 1ms, .kind = "note", .source = "runner", .subject = "second"},
            {.at = 2ms, .kind = "observation", .source = "qemu.process", .subject = "vm"}};
}

void expect_equal(const std::vector<Event>& expected, const History& loaded) {
    ASSERT_EQ(expected.size(), loaded.all().size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_EQ(expected[i].at, loaded.all()[i].at);
        EXPECT_EQ(expected[i].kind, loaded.all()[i].kind);
        EXPECT_EQ(expected[i].source, loaded.all()[i].source);
        EXPECT_EQ(expected[i].subject, loaded.all()[i].subject);
        EXPECT_EQ(expected[i].data, loaded.all()[i].data);
    }
}

TEST(Store, GivesBackWhatWasWritten) {
    const TemporaryDirectory directory;
    auto run = example_run();
    const auto trial = example_trial(1);
    const auto events = example_events();
    {
        auto store = Store::create(directory.path());
        ASSERT_TRUE(store) << store.error().text();
        ASSERT_TRUE(store->begin_run(run));
        ASSERT_TRUE(store->begin_trial(trial));
        ASSERT_TRUE(store->add_events(1, std::span(events).first(1)));
        ASSERT_TRUE(store->add_events(1, std::span(events).subspan(1)));
        ASSERT_TRUE(store->finish_trial(trial));
        run.wall = 20s;
        run.finished = true;
        run.stop_reason = "because";
        run.residue = true;
        ASSERT_TRUE(store->finish_run(run));
    }
    const auto loaded = load_run(directory.path(), Load::events);
    ASSERT_TRUE(loaded) << loaded.error().text();
    EXPECT_EQ(loaded->id, run.id);
    EXPECT_EQ(loaded->started, run.started);
    EXPECT_EQ(loaded->wall, run.wall);
    EXPECT_EQ(loaded->finished, run.finished);
    EXPECT_EQ(loaded->stop_reason, run.stop_reason);
    EXPECT_EQ(loaded->command_line, run.command_line);
    EXPECT_EQ(loaded->seed, run.seed);
    EXPECT_EQ(loaded->planned_trials, 2);
    EXPECT_TRUE(loaded->residue);
    EXPECT_EQ(loaded->versions, run.versions);
    ASSERT_EQ(loaded->experiments.size(), 1U);
    EXPECT_EQ(loaded->experiments[0].text, run.experiments[0].text);
    ASSERT_EQ(loaded->trials.size(), 1U);
    const auto& back = loaded->trials[0];
    EXPECT_EQ(back.number, 1);
    EXPECT_EQ(back.cell, trial.cell);
    EXPECT_EQ(back.seed, trial.seed);
    EXPECT_EQ(back.started, trial.started);
    EXPECT_EQ(back.wall, trial.wall);
    EXPECT_EQ(back.verdict, trial.verdict);
    EXPECT_EQ(back.reason, trial.reason);
    EXPECT_EQ(back.evidence, trial.evidence);
    ASSERT_EQ(back.findings.size(), 1U);
    EXPECT_EQ(back.findings[0].check, trial.findings[0].check);
    EXPECT_EQ(back.findings[0].subject, "vm");
    EXPECT_EQ(back.findings[0].verdict, Verdict::fail);
    EXPECT_EQ(back.findings[0].summary, trial.findings[0].summary);
    EXPECT_EQ(back.findings[0].evidence, trial.findings[0].evidence);
    EXPECT_EQ(back.findings[0].figures, trial.findings[0].figures);
    expect_equal(events, back.history);
}

TEST(Store, LeavesHistoriesOutOfSummaries) {
    const TemporaryDirectory directory;
    auto store = Store::create(directory.path());
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->begin_run(example_run()));
    ASSERT_TRUE(store->begin_trial(example_trial(1)));
    ASSERT_TRUE(store->add_events(1, example_events()));
    ASSERT_TRUE(store->finish_trial(example_trial(1)));
    EXPECT_TRUE(load_run(directory.path(), Load::summaries)->trials.at(0).history.all().empty());
    expect_equal(example_events(), *load_history(directory.path(), 1));
}

TEST(Store, KeepsTheFinishedTrialsOfAnInterruptedRun) {
    const TemporaryDirectory directory;
    auto store = Store::create(directory.path());
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->begin_run(example_run()));
    ASSERT_TRUE(store->begin_trial(example_trial(1)));
    ASSERT_TRUE(store->finish_trial(example_trial(1)));
    ASSERT_TRUE(store->begin_trial(example_trial(2)));
    ASSERT_TRUE(store->add_events(2, example_events()));
    // The writer is still there: this is also how a run that still goes is read.
    const auto loaded = load_run(directory.path(), Load::events);
    ASSERT_TRUE(loaded) << loaded.error().text();
    EXPECT_FALSE(loaded->finished);
    EXPECT_EQ(loaded->wall, 10s);
    ASSERT_EQ(loaded->trials.size(), 1U);
    EXPECT_EQ(loaded->trials[0].number, 1);
}

TEST(Store, ReplacesBytesThatAreNoText) {
    const TemporaryDirectory directory;
    auto store = Store::create(directory.path());
    ASSERT_TRUE(store);
    ASSERT_TRUE(store->begin_run(example_run()));
    ASSERT_TRUE(store->begin_trial(example_trial(1)));
    const std::vector<Event> events{{.kind = "console", .data = {{"line", "\xff panic"}}}};
    ASSERT_TRUE(store->add_events(1, events));
    ASSERT_TRUE(store->finish_trial(example_trial(1)));
    const auto loaded = load_history(directory.path(), 1);
    ASSERT_TRUE(loaded) << loaded.error().text();
    EXPECT_EQ(loaded->all()[0].data.get<std::string>("line"), "\xef\xbf\xbd panic");
}

TEST(Store, SaysThatThereIsNoRun) {
    const TemporaryDirectory directory;
    const auto loaded = load_run(directory.path(), Load::events);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().kind, ErrorKind::not_found);
    EXPECT_FALSE(std::filesystem::exists(directory.path() / "run.db"));
}

TEST(Store, SaysThatAFileIsNoRun) {
    const TemporaryDirectory directory;
    std::ofstream(directory.path() / "run.db") << std::string(4096, 'x');
    const auto loaded = load_run(directory.path(), Load::events);
    ASSERT_FALSE(loaded);
    EXPECT_EQ(loaded.error().kind, ErrorKind::corrupt);
}

/// Writes trials until the file may not grow any more; the number of finished ones is the exit
/// code, 0 on any surprise.
int fill_the_disk(const std::filesystem::path& directory) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 400'000, .rlim_max = 400'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    auto store = Store::create(directory);
    if (!store || !store->begin_run(example_run())) {
        return 0;
    }
    const std::vector<Event> events(200, example_events().front());
    for (int number = 1; number < 100; ++number) {
        auto status = store->begin_trial(example_trial(number));
        if (status) {
            status = store->add_events(number, events);
        }
        if (status) {
            status = store->finish_trial(example_trial(number));
        }
        if (!status) {
            const bool told =
                status.error().kind == ErrorKind::unavailable && !status.error().hint.empty();
            return told ? number - 1 : 0;
        }
    }
    return 0;
}

TEST(Store, KeepsTheFinishedTrialsWhenTheDiskIsFull) {
    const TemporaryDirectory directory;
    const pid_t child = ::fork();
    if (child == 0) {
        ::_exit(fill_the_disk(directory.path()));
    }
    int ended = 0;
    ASSERT_EQ(::waitpid(child, &ended, 0), child);
    ASSERT_TRUE(WIFEXITED(ended));
    const int finished = WEXITSTATUS(ended);
    ASSERT_GT(finished, 0);
    const auto loaded = load_run(directory.path(), Load::events);
    ASSERT_TRUE(loaded) << loaded.error().text();
    ASSERT_EQ(static_cast<int>(loaded->trials.size()), finished);
    EXPECT_EQ(loaded->trials.back().history.all().size(), 200U);
}

}  // namespace
}  // namespace ordeal
