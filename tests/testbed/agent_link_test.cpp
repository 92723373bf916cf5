#include "testbed/agent_link.hpp"

#include "testbed/heartbeat_receiver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <atomic>
#include <filesystem>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Clock = std::chrono::steady_clock;

constexpr Duration patience = 10s;

/// A directory of its own, whose path is too long for a socket address.
class Directory {
  public:
    Directory() {
        std::string path = (std::filesystem::temp_directory_path() / "link-XXXXXX").string();
        root_ = ::mkdtemp(path.data());
        std::filesystem::create_directories(this->path());
    }

    Directory(const Directory&) = delete;
    Directory& operator=(const Directory&) = delete;

    ~Directory() { std::filesystem::remove_all(root_); }

    [[nodiscard]] std::filesystem::path path() const { return root_ / std::string(120, 'x'); }

  private:
    std::filesystem::path root_;
};

/// QEMU and the agent behind it, as far as a link can tell.
class FakeGuest {
  public:
    explicit FakeGuest(const std::filesystem::path& socket) {
        const auto name = (socket.parent_path().parent_path() / "short").string();
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::ranges::copy(name, std::begin(address.sun_path));
        listener_ = Fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(
            ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
        EXPECT_EQ(::listen(listener_.get(), 1), 0);
        std::filesystem::rename(name, socket);
    }

    void accept() { link_ = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }

    void hang_up() { link_.reset(); }

    /// Whether it took all of it at once.
    bool send_raw(wire::ByteView bytes) {
        return ::send(link_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) ==
               static_cast<ssize_t>(bytes.size());
    }

    bool send(const wire::Message& message) {
        const auto sequence = sequence_;
        sequence_ = wire::next_sequence(sequence_);
        return send_raw(wire::encode(message, sequence));
    }

    /// The next request of a type; others are dropped.
    template <class M>
    M next() {
        for (;;) {
            while (auto item = decoder_.next()) {
                const auto* message = std::get_if<wire::Message>(&*item);
                EXPECT_NE(message, nullptr) << "the link sent something malformed";
                if (message != nullptr && std::holds_alternative<M>(*message)) {
                    return std::get<M>(*message);
                }
            }
            std::array<std::byte, 4096> bytes{};
            pollfd polled{link_.get(), POLLIN, 0};
            const bool ready = ::poll(&polled, 1, 10000) > 0;
            const auto count = ready ? ::recv(link_.get(), bytes.data(), bytes.size(), 0) : 0;
            if (count <= 0) {
                ADD_FAILURE() << "no request came";
                return {};
            }
            decoder_.feed(std::span(bytes).first(static_cast<std::size_t>(count)));
        }
    }

  private:
    Fd listener_;
    Fd link_;
    wire::MessageDecoder decoder_;
    std::uint32_t sequence_ = 0;
};

/// Collects what the sink gets.
class Recorder {
  public:
    AgentSink sink() {
        return [this](Clock::time_point at, const AgentEvent& event) {
            const std::lock_guard lock(mutex_);
            events_.emplace_back(at, event);
            changed_.notify_all();
        };
    }

    /// The first event for which `wanted` holds; fails the test after 10 s.
    template <class Wanted>
    std::optional<AgentEvent> wait(Wanted wanted) {
        std::unique_lock lock(mutex_);
        const auto found = [&] {
            return std::ranges::find_if(events_, [&](const auto& e) { return wanted(e.second); });
        };
        if (!changed_.wait_for(lock, patience, [&] { return found() != events_.end(); })) {
            ADD_FAILURE() << "the event did not come";
            return std::nullopt;
        }
        return found()->second;
    }

    [[nodiscard]] std::vector<std::pair<Clock::time_point, AgentEvent>> events() {
        const std::lock_guard lock(mutex_);
        return events_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::pair<Clock::time_point, AgentEvent>> events_;
};

struct AgentLinkTest : testing::Test {
    Directory directory;
    std::filesystem::path socket = directory.path() / "port";
    FakeGuest guest{socket};
    Recorder recorder;
    std::unique_ptr<AgentLink> link;

    void SetUp() override {
        auto connected = AgentLink::connect(socket, recorder.sink(), patience);
        ASSERT_TRUE(connected) << connected.error().text();
        link = *std::move(connected);
        guest.accept();
    }
};

TEST_F(AgentLinkTest, AsksForHelloAndHandsItOut) {
    (void)guest.next<wire::HelloRequest>();
    guest.send(wire::Hello{0, "1", "6.1", "boot-a", {"clock"}});
    const auto hello = link->wait_hello(patience);
    ASSERT_TRUE(hello) << hello.error().text();
    EXPECT_EQ(hello->boot_id, "boot-a");
}

TEST_F(AgentLinkTest, StampsEventsAndKeepsTheirOrder) {
    const auto before = Clock::now();
    guest.send(wire::Hello{});
    guest.send(wire::Heartbeat{});
    guest.send(wire::Acknowledged{1, {1, 2}});
    guest.send_raw(std::as_bytes(std::span("no frame: just some text that is long enough")));
    recorder.wait([](const AgentEvent& e) { return std::holds_alternative<wire::Problem>(e); });
    const auto events = recorder.events();
    ASSERT_EQ(events.size(), 4U);
    EXPECT_TRUE(
        std::holds_alternative<wire::Acknowledged>(std::get<wire::Message>(events[2].second)));
    EXPECT_GE(events[0].first, before);
    EXPECT_TRUE(std::ranges::is_sorted(events, {}, [](const auto& e) { return e.first; }));
}

TEST_F(AgentLinkTest, MatchesAnswersToQuestionsWhateverTheirOrder) {
    std::jthread first([&] { EXPECT_EQ(link->load_status(patience)->run, 1U); });
    const auto asked_first = guest.next<wire::LoadStatusRequest>();
    std::jthread second([&] { EXPECT_EQ(link->load_status(patience)->run, 2U); });
    const auto asked_second = guest.next<wire::LoadStatusRequest>();
    guest.send(wire::LoadStatus{asked_second.request, 2});
    guest.send(wire::LoadStatus{asked_first.request, 1});
}

TEST_F(AgentLinkTest, TellsARefusalInTheAgentsWords) {
    std::jthread agent([&] {
        guest.send(wire::Reply{guest.next<wire::LoadStart>().request, "no room"});
    });
    const auto started = link->start_load({}, patience);
    ASSERT_FALSE(started);
    EXPECT_EQ(started.error().kind, ErrorKind::refused);
    EXPECT_THAT(started.error().text(), HasSubstr("no room"));
}

TEST_F(AgentLinkTest, GivesUpAtTheDeadlineAndIgnoresTheLateAnswer) {
    const auto reading = link->read_clocks(30ms);
    ASSERT_FALSE(reading);
    EXPECT_EQ(reading.error().kind, ErrorKind::timeout);
    EXPECT_EQ(link->wait_hello(10ms).error().kind, ErrorKind::timeout);
    guest.send(wire::ClockReading{guest.next<wire::ClockRead>().request, 0, 1s, 1s, 1s});
    std::jthread agent([&] {
        guest.send(wire::ClockReading{guest.next<wire::ClockRead>().request, 0, 2s, 2s, 2s});
    });
    EXPECT_EQ(link->read_clocks(patience)->realtime, 2s);
}

TEST_F(AgentLinkTest, AClosedLinkEndsEveryQuestionAndIsTheLastEvent) {
    std::jthread qemu([&] {
        (void)guest.next<wire::InjectFault>();
        guest.hang_up();
    });
    const auto injected = link->inject({0, "panic", {}}, patience);
    ASSERT_FALSE(injected);
    EXPECT_EQ(injected.error().kind, ErrorKind::unavailable);
    EXPECT_TRUE(std::holds_alternative<LinkClosed>(recorder.events().back().second));
    EXPECT_EQ(link->load_status(patience).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(link->wait_hello(patience).error().kind, ErrorKind::unavailable);
}

TEST_F(AgentLinkTest, ReportsAFrameCutShortByTheEnd) {
    auto frame = wire::encode(wire::Hello{}, 0);
    frame.pop_back();
    guest.send_raw(frame);
    guest.hang_up();
    const auto problem =
        recorder.wait([](const AgentEvent& e) { return std::holds_alternative<wire::Problem>(e); });
    ASSERT_TRUE(problem);
    EXPECT_EQ(std::get<wire::Problem>(*problem).kind, wire::ProblemKind::truncated);
}

TEST(AgentLink, NobodyListensIsATimeout) {
    const Directory directory;
    const auto link = AgentLink::connect(directory.path() / "port", {}, 30ms);
    ASSERT_FALSE(link);
    EXPECT_EQ(link.error().kind, ErrorKind::timeout);
}

TEST(AgentLink, FindsASocketInTheWorkingDirectory) {
    const Directory directory;
    FakeGuest guest(directory.path() / "port");
    const auto before = std::filesystem::current_path();
    std::filesystem::current_path(directory.path());
    const auto link = AgentLink::connect(
        "port", [](auto, const auto&) {}, patience);
    std::filesystem::current_path(before);
    EXPECT_TRUE(link);
}

TEST(AgentLink, ABlockedSinkHoldsTheGuestBackAndLosesNothing) {
    const Directory directory;
    FakeGuest guest(directory.path() / "port");
    std::mutex gate;
    std::atomic<std::uint64_t> received = 0;
    std::unique_lock closed_gate(gate);
    auto link = AgentLink::connect(
        directory.path() / "port",
        [&](Clock::time_point, const AgentEvent& event) {
            const std::lock_guard wait(gate);
            const auto* message = std::get_if<wire::Message>(&event);
            if (message != nullptr && std::holds_alternative<wire::Acknowledged>(*message)) {
                EXPECT_EQ(std::get<wire::Acknowledged>(*message).run, received++);
            }
        },
        patience);
    ASSERT_TRUE(link);
    guest.accept();
    std::uint64_t sent = 0;
    const std::vector<std::uint64_t> batch(wire::max_acknowledged, 1);
    while (sent < 10000 && guest.send(wire::Acknowledged{sent, batch})) {
        ++sent;
    }
    EXPECT_LT(sent, 10000U) << "the socket never filled up";
    closed_gate.unlock();
    guest.hang_up();
    EXPECT_EQ((*link)->wait_hello(patience).error().kind, ErrorKind::unavailable);
    EXPECT_EQ(received, sent);
}

TEST(HeartbeatReceiver, TellsBeatsFromOtherDatagrams) {
    Fd bound(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    socklen_t size = sizeof address;
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* name = reinterpret_cast<sockaddr*>(&address);
    ASSERT_EQ(::bind(bound.get(), name, size), 0);
    ASSERT_EQ(::getsockname(bound.get(), name, &size), 0);
    std::mutex mutex;
    std::condition_variable changed;
    std::vector<NetworkBeat> beats;
    auto receiver = HeartbeatReceiver::start(std::move(bound), [&](const NetworkBeat& beat) {
        const std::lock_guard lock(mutex);
        beats.push_back(beat);
        changed.notify_all();
    });
    ASSERT_TRUE(receiver) << receiver.error().text();

    const Fd sender(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    wire::Heartbeat sent;
    sent.boot_id = "boot";
    for (const auto& datagram :
         {wire::encode(sent, 5), wire::encode(wire::Hello{}, 0), wire::Buffer(7), wire::Buffer()}) {
        ::sendto(sender.get(), datagram.data(), datagram.size(), 0, name, size);
    }
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, patience, [&] { return beats.size() == 4; }));
    EXPECT_EQ(std::get<wire::Heartbeat>(beats[0].content).boot_id, "boot");
    EXPECT_EQ(beats[0].sender, "127.0.0.1");
    for (std::size_t i = 1; i < 4; ++i) {
        EXPECT_TRUE(std::holds_alternative<wire::Problem>(beats[i].content)) << i;
    }
    EXPECT_FALSE(HeartbeatReceiver::start(Fd(), {}));
}

}  // namespace
}  // namespace ordeal
