#include "campaign/undo_journal.hpp"
#include "testbed/cache.hpp"
#include "testbed/lab/lab.hpp"
#include "testbed/process.hpp"
#include "testbed/procfs.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <unistd.h>

// The controller as a real process, killed in the middle of a fault.

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto patience = 300s;

template <class Condition>
bool comes_true(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        ::poll(nullptr, 0, 20);
    }
    return true;
}

std::string text_of(const fs::path& file) {
    std::ifstream stream(file);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// Of a process whose command line has all of `words`; 0: none.
int process_with(const std::vector<std::string>& words) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        const auto command = text_of(entry.path() / "cmdline");
        const bool all = std::ranges::all_of(
            words, [&](const auto& word) { return command.find(word) != std::string::npos; });
        if (all && !command.empty()) {
            return std::atoi(entry.path().filename().c_str());
        }
    }
    return 0;
}

/// 'T' for stopped; '?' when it is gone.
char state_of(int pid) {
    const auto stat = text_of(fs::path("/proc") / std::to_string(pid) / "stat");
    const auto end = stat.rfind(") ");
    return end == std::string::npos ? '?' : stat[end + 2];
}

class LiveGuardian : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root";
        }
        if (!fs::exists(cache_directory() / "guest/current/vmlinuz")) {
            GTEST_SKIP() << "needs the guest image; ./bootstrap build makes it";
        }
        auto up = Lab::up({.name = lab_});
        ASSERT_TRUE(up) << up.error().text();
    }

    void TearDown() override {
        if (auto lab = Lab::open(lab_)) {
            EXPECT_TRUE(lab->down());
        }
        fs::remove_all(directory_);
    }

    /// Starts a run whose QEMU stays stopped until somebody heals it; returns its QEMU's pid.
    int run_until_frozen(std::optional<Child>& controller) {
        fs::create_directories(directory_);
        std::ofstream(directory_ / "freeze.toml") << R"(
[experiment]
name = "freeze"
title = "Frozen until healed"
question = "Does it go on?"
trials = 1
settle = "100ms"
duration = "1s"
deadline = "2h"

[[domain]]
name = "vm"
[[domain.disk]]
name = "data"

[[load]]
domain = "vm"
profile = "append_fsync"

[[fault]]
kind = "qemu.stop"
target = "vm"
at = "100ms"
hold = "1h"

[[probe]]
kind = "agent.heartbeat"

[[check]]
kind = "filesystem_sound"
)";
        auto child = Child::spawn({ORDEAL_PROGRAM,
                                   "run",
                                   (directory_ / "freeze.toml").string(),
                                   "--lab",
                                   lab_,
                                   "--out",
                                   run_.string()},
                                  {.log = directory_ / "log"});
        EXPECT_TRUE(child) << child.error().text();
        controller.emplace(std::move(*child));
        int qemu = 0;
        EXPECT_TRUE(comes_true([&] {
            qemu = qemu != 0 ? qemu : process_with({"qemu-system", "-1-vm", run_.string()});
            return qemu != 0 && state_of(qemu) == 'T';
        })) << text_of(directory_ / "log");
        return qemu;
    }

    std::string lab_ = "guardian-" + std::to_string(::getpid());
    fs::path directory_ = fs::temp_directory_path() / ("ordeal-" + lab_);
    fs::path run_ = directory_ / "run";
};

TEST_F(LiveGuardian, UndoesEverythingWhenTheControllerIsKilled) {
    std::optional<Child> controller;
    const int qemu = run_until_frozen(controller);
    const auto killed = std::chrono::steady_clock::now();
    ASSERT_EQ(::kill(controller->pid(), SIGKILL), 0);
    EXPECT_TRUE(comes_true([&] { return state_of(qemu) == '?'; }));
    EXPECT_TRUE(comes_true([&] {
        return text_of(run_ / "guardian.log").find("nothing is left") != std::string::npos;
    })) << text_of(run_ / "guardian.log");
    RecordProperty("milliseconds",
                   static_cast<int>((std::chrono::steady_clock::now() - killed) / 1ms));
    const auto journal = read_journal(run_ / "undo.journal");
    ASSERT_TRUE(journal) << journal.error().text();
    EXPECT_TRUE(journal->open.empty());
    EXPECT_EQ(Lab::open(lab_)->status().nodes.at(0).domains, 0);
}

TEST_F(LiveGuardian, IsNotNeededWhenTheControllerIsInterrupted) {
    std::optional<Child> controller;
    const int qemu = run_until_frozen(controller);
    ASSERT_EQ(::kill(controller->pid(), SIGINT), 0);
    const auto exit = controller->wait(patience);
    ASSERT_TRUE(exit) << text_of(directory_ / "log");
    EXPECT_EQ(exit->code, 130) << text_of(directory_ / "log");
    EXPECT_EQ(state_of(qemu), '?');
    EXPECT_TRUE(read_journal(run_ / "undo.journal")->open.empty());
    EXPECT_EQ(text_of(run_ / "guardian.log"), "guardian: watching\n");
    EXPECT_EQ(Lab::open(lab_)->status().nodes.at(0).domains, 0);
}

}  // namespace
}  // namespace ordeal
