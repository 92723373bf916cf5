#include "tests/guest-agents/agent_process.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <csignal>
#include <fstream>
#include <netinet/in.h>
#include <numeric>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>

namespace ordeal::agent {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using wire::LoadState;

std::vector<std::byte> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(file), {});
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
}

/// What the verifier would do with the directory of a ledger.
ledger::Judgement judge_directory(const ledger::Plan& plan,
                                  const std::vector<std::uint64_t>& acknowledged,
                                  const std::filesystem::path& directory) {
    ledger::Scan found;
    for (const auto& entry : std::filesystem::directory_iterator(directory)) {
        const auto bytes = read_file(entry.path());
        ledger::scan_file(plan, {entry.path().filename().string(), bytes}, found);
    }
    std::ranges::sort(found.places, {}, &ledger::Place::place);
    return ledger::judge(plan, acknowledged, found);
}

struct LoadCase {
    ledger::Profile profile;
    std::uint32_t writers;
};

class AgentLoad : public testing::TestWithParam<LoadCase> {};

TEST_P(AgentLoad, AcknowledgesEveryRecordOnceAndEveryOneIsOnDisk) {
    const auto [profile, writers] = GetParam();
    AgentProcess agent;
    agent.accept();
    const ledger::Plan plan{profile, 77, 5, 4096, writers, 8};
    const auto directory = agent.directory() / "ledger";
    agent.send(wire::LoadStart{1, directory.string(), plan, 0, 60});
    EXPECT_EQ(agent.next<wire::Reply>().error, "");
    const auto end = agent.next<wire::LoadStatus>();
    EXPECT_EQ(end.state, LoadState::finished) << end.error;
    EXPECT_EQ(end.acknowledged, 60U);

    auto acknowledged = agent.acknowledged();
    std::ranges::sort(acknowledged);
    std::vector<std::uint64_t> all(60);
    std::iota(all.begin(), all.end(), 1);
    EXPECT_EQ(acknowledged, all);
    const auto judgement = judge_directory(plan, acknowledged, directory);
    EXPECT_GT(judgement.required, 0U);
    EXPECT_TRUE(judgement.lost.empty());
    EXPECT_TRUE(judgement.half_there.empty());
    EXPECT_EQ(judgement.torn + judgement.unacknowledged_present, 0U);

    std::filesystem::remove(directory / ledger::file_of(plan, 60));
    EXPECT_FALSE(judge_directory(plan, acknowledged, directory).lost.empty());
}

INSTANTIATE_TEST_SUITE_P(Profiles,
                         AgentLoad,
                         testing::Values(LoadCase{ledger::Profile::append_fsync, 1},
                                         LoadCase{ledger::Profile::append_fsync, 3},
                                         LoadCase{ledger::Profile::rename_fsync, 2},
                                         LoadCase{ledger::Profile::overwrite_direct, 4}),
                         [](const auto& param) {
                             return std::string(name_of(param.param.profile)) + "_" +
                                    std::to_string(param.param.writers);
                         });

TEST(Agent, ServesWhoConnectsWhenItListens) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("ordeal-listen-" + std::to_string(::getpid()) + ".sock");
    const AgentProcess agent({"--listen", path.string()});
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.native().copy(address.sun_path, path.native().size());
    for (int session = 0; session < 2; ++session) {
        const int link = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const auto end = std::chrono::steady_clock::now() + 10s;
        const auto* name = reinterpret_cast<const sockaddr*>(&address);
        while (::connect(link, name, sizeof address) != 0 &&
               std::chrono::steady_clock::now() < end) {
            std::this_thread::sleep_for(5ms);
        }
        wire::MessageDecoder decoder;
        std::optional<wire::MessageDecoder::Item> first;
        while (!first) {
            std::array<std::byte, 4096> bytes{};
            const auto count = ::read(link, bytes.data(), bytes.size());
            ASSERT_GT(count, 0);
            decoder.feed(std::span(bytes).first(static_cast<std::size_t>(count)));
            first = decoder.next();
        }
        EXPECT_TRUE(std::holds_alternative<wire::Hello>(std::get<wire::Message>(*first)));
        ::close(link);
    }
    std::filesystem::remove(path);
}

TEST(Agent, SaysHelloAndBeatsInOrder) {
    AgentProcess agent;
    agent.accept();
    const auto hello = agent.next<wire::Hello>();
    EXPECT_EQ(hello.boot_id.size(), 36U);
    EXPECT_FALSE(hello.kernel.empty());
    EXPECT_THAT(hello.capabilities, Contains("load.overwrite_direct"));
    EXPECT_THAT(hello.capabilities, Not(Contains("fault.panic")));
    const auto first = agent.next<wire::Heartbeat>();
    const auto second = agent.next<wire::Heartbeat>();
    EXPECT_EQ(second.number, first.number + 1);
    EXPECT_GT(second.uptime, first.uptime);
    EXPECT_EQ(first.interval, 20ms);
    EXPECT_EQ(first.load, LoadState::idle);
    EXPECT_EQ(first.boot_id, hello.boot_id);
}

TEST(Agent, AnswersTheHelloRequestWithANewSession) {
    AgentProcess agent;
    agent.accept();
    (void)agent.next<wire::Heartbeat>();
    agent.send(wire::HelloRequest{9});
    (void)agent.next<wire::Hello>([](const auto& hello) { return hello.request == 9; });
    (void)agent.next<wire::Heartbeat>();
    for (const auto& item : agent.seen()) {
        EXPECT_TRUE(std::holds_alternative<wire::Message>(item));
    }
}

TEST(Agent, ReadsItsClocks) {
    AgentProcess agent;
    agent.accept();
    const auto before = std::chrono::system_clock::now().time_since_epoch();
    agent.send(wire::ClockRead{3, 1234});
    const auto reading = agent.next<wire::ClockReading>();
    const auto after = std::chrono::system_clock::now().time_since_epoch();
    EXPECT_EQ(reading.request, 3U);
    EXPECT_EQ(reading.token, 1234U);
    EXPECT_GE(reading.realtime, before);
    EXPECT_LE(reading.realtime, after);
    EXPECT_GE(reading.boottime, reading.monotonic);
}

TEST(Agent, ChangesTheHeartbeatInterval) {
    AgentProcess agent;
    agent.accept();
    agent.send(wire::SetHeartbeatInterval{1, 5ms});
    EXPECT_EQ(agent.next<wire::Reply>().error, "");
    EXPECT_EQ(agent.next<wire::Heartbeat>().interval, 5ms);
    for (const Duration wrong : {Duration(0), Duration(-1s), Duration(2min)}) {
        agent.send(wire::SetHeartbeatInterval{2, wrong});
        EXPECT_NE(agent.next<wire::Reply>().error, "");
    }
}

TEST(Agent, CountsAndReportsWhatItCannotRead) {
    AgentProcess agent;
    agent.accept();
    agent.send(wire::HelloRequest{1});
    agent.send_raw(std::as_bytes(std::span("this is no frame at all, not even nearly one")));
    agent.send_raw(wire::encode_frame(199, 1, {}));
    agent.send_raw(wire::encode(wire::ClockRead{4, 0}, 40));
    EXPECT_THAT(agent.next<wire::LogLine>().text, HasSubstr("garbage"));
    EXPECT_THAT(agent.next<wire::LogLine>().text, HasSubstr("unknown message"));
    EXPECT_THAT(agent.next<wire::LogLine>().text, HasSubstr("sequence break"));
    EXPECT_EQ(agent.next<wire::ClockReading>().request, 4U);
    EXPECT_GE(agent.next<wire::Heartbeat>().problems, 3U);
}

TEST(Agent, GoesOnAfterTheControllerWentAwayAndLosesNoAcknowledgement) {
    AgentProcess agent;
    agent.accept();
    const ledger::Plan plan{ledger::Profile::append_fsync, 1, 1, 512, 1, 0};
    agent.send(wire::LoadStart{1, (agent.directory() / "ledger").string(), plan, 500, 0});
    (void)agent.next<wire::Acknowledged>();
    agent.accept();
    (void)agent.next<wire::Hello>();
    const auto before = agent.acknowledged().size();
    (void)agent.next<wire::Heartbeat>(
        [&](const auto& beat) { return beat.acknowledged > before + 20; });
    agent.send(wire::HelloRequest{2});
    agent.send(wire::LoadStop{3});
    const auto end = agent.next<wire::LoadStatus>([](const auto& m) { return m.request == 3; });
    EXPECT_EQ(end.state, LoadState::finished);

    // What sat in the socket when it was closed is gone; all that came later is whole.
    const auto acknowledged = agent.acknowledged();
    EXPECT_EQ(acknowledged.back(), end.acknowledged);
    EXPECT_TRUE(std::ranges::is_sorted(acknowledged));
}

TEST(Agent, HoldsTheRateLimit) {
    AgentProcess agent;
    agent.accept();
    const ledger::Plan plan{ledger::Profile::append_fsync, 1, 1, 512, 1, 0};
    agent.send(wire::LoadStart{1, (agent.directory() / "ledger").string(), plan, 100, 11});
    const auto begin = std::chrono::steady_clock::now();
    (void)agent.next<wire::LoadStatus>();
    EXPECT_GE(std::chrono::steady_clock::now() - begin, 90ms);
}

TEST(Agent, RefusesWhatCannotBe) {
    AgentProcess agent;
    agent.accept();
    const ledger::Plan good{ledger::Profile::append_fsync, 1, 1, 512, 1, 0};
    auto bad = good;
    bad.record_size = 100;
    const auto refuses = [&](const wire::Message& message) {
        agent.send(message);
        return agent.next<wire::Reply>().error;
    };
    EXPECT_THAT(refuses(wire::LoadStart{1, (agent.directory() / "a").string(), bad, 0, 0}),
                HasSubstr("record size"));
    EXPECT_THAT(refuses(wire::LoadStart{2, agent.directory().string(), good, 0, 0}),
                HasSubstr("File exists"));
    EXPECT_THAT(refuses(wire::LoadStart{3, "/nowhere/at/all", good, 0, 0}),
                HasSubstr("No such file"));
    EXPECT_THAT(refuses(wire::InjectFault{4, "panic", {}}), HasSubstr("not permitted"));
    EXPECT_THAT(refuses(wire::InjectFault{5, "meteor", {}}), HasSubstr("no such fault"));
    EXPECT_TRUE(agent.alive());
}

TEST(Agent, RefusesASecondLoadAndStopsTheFirst) {
    AgentProcess agent;
    agent.accept();
    const ledger::Plan plan{ledger::Profile::rename_fsync, 1, 1, 512, 2, 4};
    agent.send(wire::LoadStart{1, (agent.directory() / "a").string(), plan, 0, 0});
    EXPECT_EQ(agent.next<wire::Reply>().error, "");
    agent.send(wire::LoadStart{2, (agent.directory() / "b").string(), plan, 0, 0});
    EXPECT_THAT(agent.next<wire::Reply>().error, HasSubstr("running already"));
    agent.send(wire::LoadStatusRequest{3});
    EXPECT_EQ(agent.next<wire::LoadStatus>().state, LoadState::running);
    agent.send(wire::LoadStop{4});
    const auto end = agent.next<wire::LoadStatus>([](const auto& m) { return m.request == 4; });
    EXPECT_EQ(end.state, LoadState::finished);
    EXPECT_EQ(end.intended, end.acknowledged);
    EXPECT_EQ(agent.acknowledged().size(), end.acknowledged);

    agent.send(wire::LoadStart{5, (agent.directory() / "b").string(), plan, 0, 4});
    EXPECT_EQ(agent.next<wire::Reply>().error, "");
}

TEST(Agent, ReportsAWriterThatFails) {
    AgentProcess agent;
    agent.accept();
    const ledger::Plan plan{ledger::Profile::rename_fsync, 1, 1, 512, 1, 4};
    const auto directory = agent.directory() / "ledger";
    agent.send(wire::LoadStart{1, directory.string(), plan, 50, 0});
    (void)agent.next<wire::Acknowledged>();
    // A directory in the place of the next temporary file: opening it for writing must fail.
    for (int slot = 0; slot < 4; ++slot) {
        std::error_code ignored;
        std::filesystem::create_directory(directory / ("slot-" + std::to_string(slot) + ".tmp"),
                                          ignored);
    }
    const auto end = agent.next<wire::LoadStatus>();
    EXPECT_EQ(end.state, LoadState::failed);
    EXPECT_THAT(end.error, HasSubstr("Is a directory"));
    EXPECT_EQ(agent.acknowledged().size(), end.acknowledged);
    EXPECT_EQ(agent.next<wire::Heartbeat>().load, LoadState::failed);
}

TEST(Agent, KillsItselfOnlyWithPermission) {
    AgentProcess agent({"--permit", "agent_kill"});
    agent.accept();
    EXPECT_THAT(agent.next<wire::Hello>().capabilities, Contains("fault.agent_kill"));
    agent.send(wire::InjectFault{1, "panic", {}});
    EXPECT_THAT(agent.next<wire::Reply>().error, HasSubstr("not permitted"));
    agent.send(wire::InjectFault{2, "agent_kill", {{"at_most", "0"}}});
    EXPECT_EQ(agent.next<wire::Reply>().error, "");
    EXPECT_EQ(agent.wait_signal(), SIGKILL);
}

TEST(Agent, BeatsOverTheNetworkAsWell) {
    const int socket = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), size), 0);
    ASSERT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size), 0);
    AgentProcess agent({"--udp", "127.0.0.1:" + std::to_string(ntohs(address.sin_port))});

    wire::MessageDecoder decoder;
    for (std::uint64_t number = 0; number < 3; ++number) {
        std::array<std::byte, 2048> bytes{};
        pollfd polled{socket, POLLIN, 0};
        ASSERT_EQ(::poll(&polled, 1, 10000), 1);
        const auto count = ::recv(socket, bytes.data(), bytes.size(), 0);
        ASSERT_GT(count, 0);
        decoder.feed(std::span(bytes).first(static_cast<std::size_t>(count)));
        const auto item = decoder.next();
        ASSERT_TRUE(item);
        EXPECT_EQ(std::get<wire::Heartbeat>(std::get<wire::Message>(*item)).number, number);
    }
    ::close(socket);
}

}  // namespace
}  // namespace ordeal::agent
