#include "testbed/process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <stop_token>
#include <string>
#include <thread>
#include <unistd.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

/// True as soon as the process is gone or a zombie; gives up after five seconds.
bool goes_away(pid_t pid) {
    for (int tries = 0; tries < 500; ++tries) {
        std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
        std::string line;
        std::getline(stat, line);
        if (line.empty() || line.at(line.rfind(')') + 2) == 'Z') {
            return true;
        }
        std::this_thread::sleep_for(10ms);
    }
    return false;
}

class ScratchFile : public ::testing::Test {
  protected:
    ~ScratchFile() override { std::filesystem::remove(path_); }

    std::string read() const {
        std::ifstream file(path_);
        return {std::istreambuf_iterator<char>(file), {}};
    }

    std::filesystem::path path_ = std::filesystem::temp_directory_path() /
                                  ("ordeal-process-test-" + std::to_string(::getpid()));
};

using ProcessGroup = ScratchFile;
using ChildLog = ScratchFile;

TEST(Run, CarriesBothStreamsAndTheExitCode) {
    const auto output = run({"sh", "-c", "cat; echo bad >&2; exit 3"}, {.input = "fed"});
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(output->out, "fed");
    EXPECT_EQ(output->err, "bad\n");
    EXPECT_EQ(output->exit.code, 3);
    EXPECT_EQ(output->exit.signal, 0);
    EXPECT_FALSE(output->exit.success());
    EXPECT_FALSE(output->truncated);
}

TEST(Run, TellsASignalFromAnExitCode) {
    const auto output = run({"sh", "-c", "kill -KILL $$"});
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(output->exit.signal, SIGKILL);
    EXPECT_FALSE(output->exit.success());
    EXPECT_EQ(output->exit.text(), "killed by signal 9 (KILL)");
}

TEST(Run, PassesArgumentsAndEnvironmentUntouched) {
    RunOptions options;
    options.env = {{"ORDEAL_TEST", "a b=$c"}};
    options.cwd = "/usr";
    const auto output =
        run({"sh", "-c", "printf '%s|%s|%s' \"$1\" \"$ORDEAL_TEST\" \"$PWD\"", "sh", "x'y \"z"},
            options);
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(output->out, "x'y \"z|a b=$c|/usr");
}

TEST(Run, ReadsInputLargerThanAPipe) {
    const std::string big(3'000'000, 'x');
    const auto output = run({"cat"}, {.input = big});
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(output->out, big);
}

TEST(Run, KeepsTheOutputBelowItsLimit) {
    const auto output =
        run({"sh", "-c", "head -c 1000000 /dev/zero"}, {.output_limit = Bytes{1000}});
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_THAT(output->out, SizeIs(1000));
    EXPECT_TRUE(output->truncated);
    EXPECT_TRUE(output->exit.success()) << "the program must not notice";
}

TEST(Run, NamesThePackageOfAMissingProgram) {
    const auto output = run({"/nonexistent/virsh", "list"});
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().kind, ErrorKind::missing);
    EXPECT_THAT(output.error().hint, HasSubstr("libvirt-clients"));
}

TEST(Run, ReportsAProgramThatCannotBeExecuted) {
    const auto output = run({"true"}, [] {
        RunOptions options;
        options.cwd = "/nonexistent";
        return options;
    }());
    ASSERT_FALSE(output);
    EXPECT_THAT(output.error().answer, HasSubstr("No such file"));
}

TEST(Run, NonzeroExitIsAFailureOfRunOrFail) {
    const auto answer = run_or_fail({"sh", "-c", "echo the reason >&2; exit 4"});
    ASSERT_FALSE(answer);
    EXPECT_THAT(answer.error().answer, HasSubstr("exit code 4: the reason"));
}

TEST(Run, LeavesNoDescriptorOpenInTheProgram) {
    const int stray = ::dup(0);  // without CLOEXEC, as a careless library would
    ASSERT_GE(stray, 3);
    const auto output = run({"sh", "-c", "ls /proc/self/fd | wc -l"});
    ::close(stray);
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(output->out, "4\n") << "0, 1, 2 and the directory that ls reads";
}

TEST(Run, StartsWithDefaultSignals) {
    ::signal(SIGPIPE, SIG_IGN);
    const auto output = run({"grep", "-E", "SigIgn|SigBlk", "/proc/self/status"});
    ::signal(SIGPIPE, SIG_DFL);
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_EQ(output->out, "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
}

TEST_F(ProcessGroup, DiesWholeAtTheDeadline) {
    const auto script = "sh -c 'echo $$ > " + path_.string() + "; exec sleep 60' & wait";
    const auto output = run({"sh", "-c", script}, {.deadline = 500ms});
    ASSERT_FALSE(output);
    EXPECT_EQ(output.error().kind, ErrorKind::timeout);
    const auto grandchild = std::stoi(read());
    EXPECT_TRUE(goes_away(grandchild));
}

TEST_F(ProcessGroup, LeavesNothingInTheBackground) {
    const auto script = "sleep 60 & echo $! > " + path_.string();
    const auto output = run({"sh", "-c", script}, {.deadline = 20s});
    ASSERT_TRUE(output) << output.error().text();
    EXPECT_TRUE(goes_away(std::stoi(read())));
    EXPECT_LT(output->wall, 10s) << "waited for a stream that the background process holds";
}

TEST_F(ProcessGroup, KeepsADaemonWhenAskedTo) {
    const auto script = "sleep 60 >/dev/null 2>&1 & echo $! > " + path_.string();
    const auto output = run({"sh", "-c", script}, {.background = Background::kept});
    ASSERT_TRUE(output) << output.error().text();
    const auto daemon = std::stoi(read());
    EXPECT_EQ(::kill(daemon, 0), 0);
    EXPECT_EQ(::kill(daemon, SIGKILL), 0);
    EXPECT_TRUE(goes_away(daemon));
}

TEST(Run, StopsOnRequest) {
    std::stop_source source;
    std::jthread later([&] {
        std::this_thread::sleep_for(50ms);
        source.request_stop();
    });
    const auto output = run({"sleep", "60"}, {.deadline = 20s, .stop = source.get_token()});
    ASSERT_FALSE(output);
    EXPECT_THAT(output.error().answer, HasSubstr("stopped"));
}

TEST_F(ChildLog, HoldsBothStreams) {
    ChildOptions options;
    options.log = path_;
    auto child = Child::spawn({"sh", "-c", "echo out; echo err >&2"}, std::move(options));
    ASSERT_TRUE(child) << child.error().text();
    const auto end = child->wait(10s);
    ASSERT_TRUE(end) << end.error().text();
    EXPECT_TRUE(end->success());
    EXPECT_EQ(read(), "out\nerr\n");
}

TEST(Child, StopsPolitelyFirst) {
    auto child = Child::spawn({"sleep", "60"});
    ASSERT_TRUE(child) << child.error().text();
    EXPECT_TRUE(child->alive());
    const auto early = child->wait(10ms);
    ASSERT_FALSE(early);
    EXPECT_EQ(early.error().kind, ErrorKind::timeout);
    const auto end = child->stop();
    ASSERT_TRUE(end) << end.error().text();
    EXPECT_EQ(end->signal, SIGTERM);
    EXPECT_FALSE(child->alive());
}

TEST_F(ChildLog, KillsWhatIgnoresTheRequest) {
    ChildOptions options;
    options.log = path_;
    auto child = Child::spawn({"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 1; done"},
                              std::move(options));
    ASSERT_TRUE(child) << child.error().text();
    for (int tries = 0; read().empty() && tries < 500; ++tries) {
        std::this_thread::sleep_for(10ms);
    }
    const auto end = child->stop(100ms);
    ASSERT_TRUE(end) << end.error().text();
    EXPECT_EQ(end->signal, SIGKILL);
}

TEST(Child, DiesWithItsHandle) {
    pid_t pid = -1;
    {
        auto child = Child::spawn({"sleep", "60"});
        ASSERT_TRUE(child) << child.error().text();
        pid = child->pid();
    }
    EXPECT_TRUE(goes_away(pid));
}

TEST(CommandText, QuotesOnlyWhatNeedsIt) {
    EXPECT_EQ(to_text(Argv{"a", "b c", ""}), "a 'b c' ''");
}

}  // namespace
}  // namespace ordeal
