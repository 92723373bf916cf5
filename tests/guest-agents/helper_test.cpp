#include "tests/guest-agents/agent_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

// The helpers of an agent on this machine: only such faults as harm nobody here.

namespace ordeal::agent {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;

wire::GuestFacts look(AgentProcess& agent) {
    static constexpr std::uint32_t request = 77;
    agent.send(wire::LookRequest{request, agent.directory().string()});
    return agent.next<wire::GuestFacts>();
}

std::uint64_t number(const wire::GuestFacts& facts, const std::string& name) {
    const auto found =
        std::ranges::find(facts.numbers, name, [](const auto& f) { return f.first; });
    return found == facts.numbers.end() ? 0 : found->second;
}

/// Looks until the helpers' faults are as wanted.
template <class Wanted>
wire::GuestFacts look_until(AgentProcess& agent, Wanted wanted) {
    const auto end = std::chrono::steady_clock::now() + 10s;
    for (;;) {
        auto facts = look(agent);
        if (wanted(facts) || std::chrono::steady_clock::now() > end) {
            return facts;
        }
    }
}

bool makes_nothing(const wire::GuestFacts& facts) {
    return facts.faults.empty();
}

/// Between two heartbeats that came one after the other.
Duration longest_pause(const AgentProcess& agent) {
    std::optional<Duration> last;
    Duration longest{};
    for (const auto& item : agent.seen()) {
        const auto* message = std::get_if<wire::Message>(&item);
        const auto* beat = message == nullptr ? nullptr : std::get_if<wire::Heartbeat>(message);
        if (beat != nullptr) {
            longest = std::max(longest, beat->uptime - last.value_or(beat->uptime));
            last = beat->uptime;
        }
    }
    return longest;
}

std::string answer_to(AgentProcess& agent, const wire::Message& message) {
    agent.send(message);
    return agent.next<wire::Reply>().error;
}

TEST(AgentHelper, TellsWhatTheKernelSays) {
    AgentProcess agent;
    agent.accept();
    const auto facts = look(agent);
    EXPECT_GT(number(facts, "memory_available_kib"), 0U);
    EXPECT_GT(number(facts, "disk_free"), 0U);
    EXPECT_GT(number(facts, "runnable"), 0U);
    EXPECT_GT(number(facts, "clock_tick_us"), 8000U);
    EXPECT_TRUE(facts.faults.empty());
}

TEST(AgentHelper, HoldsAFaultUntilItIsEnded) {
    AgentProcess agent({"--permit", "cpu_hog"});
    agent.accept();
    const wire::InjectFault hog{1, "cpu_hog", {{"workers", "1"}, {"at_most", "60000000000"}}};
    EXPECT_EQ(answer_to(agent, hog), "");
    const auto busy =
        look_until(agent, [](const auto& facts) { return number(facts, "fault_cpu_ticks") > 5; });
    EXPECT_THAT(busy.faults, Contains("cpu_hog"));
    EXPECT_EQ(number(busy, "fault_processes"), 2U);
    EXPECT_GT(number(busy, "fault_cpu_ticks"), 5U);
    EXPECT_THAT(answer_to(agent, hog), HasSubstr("there already"));
    EXPECT_EQ(answer_to(agent, wire::EndFault{2, "cpu_hog"}), "");
    EXPECT_TRUE(look_until(agent, makes_nothing).faults.empty());
    EXPECT_EQ(answer_to(agent, wire::EndFault{3, "cpu_hog"}), "") << "there is none any more";
}

TEST(AgentHelper, EndsTheFaultByItself) {
    AgentProcess agent({"--permit", "fork_bomb"});
    agent.accept();
    const wire::InjectFault bomb{1, "fork_bomb", {{"processes", "20"}, {"at_most", "200000000"}}};
    EXPECT_EQ(answer_to(agent, bomb), "");
    EXPECT_TRUE(look_until(agent, makes_nothing).faults.empty());
}

TEST(AgentHelper, WritesWhereItIsTold) {
    AgentProcess agent({"--permit", "io_hog"});
    agent.accept();
    const auto path = agent.directory().string();
    const wire::InjectFault hog{1, "io_hog", {{"path", path}, {"at_most", "60000000000"}}};
    EXPECT_EQ(answer_to(agent, hog), "");
    const auto busy =
        look_until(agent, [](const auto& facts) { return number(facts, "fault_written") > 0; });
    EXPECT_GT(number(busy, "fault_written"), 0U);
    EXPECT_EQ(answer_to(agent, wire::EndFault{2, "io_hog"}), "");
    EXPECT_TRUE(look_until(agent, makes_nothing).faults.empty());
}

TEST(AgentHelper, LetsAStoppedAgentGoOn) {
    AgentProcess agent({"--permit", "agent_stop"});
    agent.accept();
    const wire::InjectFault stop{1, "agent_stop", {{"at_most", "500000000"}}};
    EXPECT_EQ(answer_to(agent, stop), "");
    // Its beats are 20 ms apart, and one is late by as long as it was stopped; that one may have
    // come before the answer.
    EXPECT_TRUE(agent.next([&](const auto&) { return longest_pause(agent) >= 400ms; }));
    EXPECT_TRUE(look_until(agent, makes_nothing).faults.empty());
}

/// A process of this machine whose name nobody else has.
class Victim {
  public:
    explicit Victim(const std::filesystem::path& directory)
        : name_("victim" + std::to_string(::getpid() % 1'000'000)) {
        const auto path = (directory / name_).string();
        std::filesystem::copy_file("/bin/sleep", path);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::execl(path.c_str(), path.c_str(), "60", nullptr);
            ::_exit(127);
        }
    }

    Victim(const Victim&) = delete;
    Victim& operator=(const Victim&) = delete;

    ~Victim() {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }

    [[nodiscard]] const std::string& name() const { return name_; }

    /// The letter of ps(1): S sleeps, T is stopped, Z is dead.
    [[nodiscard]] char state() const {
        std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
        const std::string text{std::istreambuf_iterator<char>(file), {}};
        const auto end = text.rfind(')');
        return end + 2 < text.size() ? text[end + 2] : '?';
    }

    [[nodiscard]] bool becomes(char wanted) const {
        const auto end = std::chrono::steady_clock::now() + 10s;
        while (state() != wanted && std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(5ms);
        }
        return state() == wanted;
    }

  private:
    std::string name_;
    pid_t pid_ = 0;
};

TEST(AgentHelper, StopsAServiceUntilItIsEnded) {
    AgentProcess agent({"--permit", "service_hang"});
    agent.accept();
    const Victim victim(agent.directory());
    ASSERT_TRUE(victim.becomes('S'));
    EXPECT_EQ(answer_to(agent, wire::InjectFault{1, "service_hang", {{"process", victim.name()}}}),
              "");
    EXPECT_TRUE(victim.becomes('T'));
    EXPECT_EQ(answer_to(agent, wire::EndFault{2, "service_hang"}), "");
    EXPECT_TRUE(victim.becomes('S'));
    EXPECT_TRUE(look_until(agent, makes_nothing).faults.empty());
}

TEST(AgentHelper, KillsAServiceAndNamesOneThatIsNotThere) {
    AgentProcess agent({"--permit", "service_kill"});
    agent.accept();
    const Victim victim(agent.directory());
    ASSERT_TRUE(victim.becomes('S'));
    const wire::InjectFault kill{1, "service_kill", {{"process", victim.name()}}};
    EXPECT_EQ(answer_to(agent, kill), "");
    EXPECT_TRUE(victim.becomes('Z'));
    EXPECT_EQ(answer_to(agent, wire::EndFault{2, "service_kill"}), "");
    EXPECT_TRUE(look_until(agent, makes_nothing).faults.empty());
    const wire::InjectFault nobody{3, "service_kill", {{"process", victim.name() + "x"}}};
    EXPECT_THAT(answer_to(agent, nobody), HasSubstr("no process has this name"));
}

TEST(AgentHelper, SaysWhyItCannot) {
    AgentProcess agent({"--permit", "fs_freeze,cpu_hog"});
    agent.accept();
    EXPECT_THAT(answer_to(agent, wire::InjectFault{1, "fs_freeze", {{"path", "/nowhere"}}}),
                HasSubstr("freeze the file system"));
    EXPECT_THAT(answer_to(agent, wire::InjectFault{2, "cpu_hog", {{"", "1"}}}),
                HasSubstr("not NAME=VALUE"));
    EXPECT_THAT(answer_to(agent, wire::InjectFault{3, "io_hog", {}}), HasSubstr("not permitted"));
    EXPECT_TRUE(look_until(agent, makes_nothing).faults.empty());
    EXPECT_TRUE(agent.alive());
}

}  // namespace
}  // namespace ordeal::agent
