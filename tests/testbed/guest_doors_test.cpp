#include "testbed/guest_doors.hpp"

#include "testbed/thread_scheduler.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <condition_variable>
#include <fstream>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

// The agent is played by the test, over the same unix socket that QEMU would make.

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto door_patience = 10s;

/// One QEMU's end of the agent port, and the agent behind it.
class FakeAgent {
  public:
    explicit FakeAgent(const fs::path& path) {
        fs::remove(path);
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.native().copy(std::begin(address.sun_path), sizeof address.sun_path - 1);
        listener_.reset(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        EXPECT_EQ(
            ::bind(listener_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address),
            0);
        EXPECT_EQ(::listen(listener_.get(), 1), 0);
        link_.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
        listener_.reset();  // like QEMU, it serves one at a time
    }

    void say(const wire::Message& message) {
        sequence_ = wire::next_sequence(sequence_);
        const auto bytes = wire::encode(message, sequence_ - 1);
        EXPECT_EQ(::send(link_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL),
                  static_cast<ssize_t>(bytes.size()));
    }

    void say_raw(const std::string& bytes) {
        EXPECT_GT(::send(link_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
    }

    /// The next order of type M.
    template <class M>
    M hear() {
        for (;;) {
            while (auto item = decoder_.next()) {
                auto* message = std::get_if<wire::Message>(&*item);
                if (message != nullptr && std::holds_alternative<M>(*message)) {
                    return std::get<M>(*message);
                }
            }
            std::array<std::byte, 4096> bytes{};
            const auto count = ::recv(link_.get(), bytes.data(), bytes.size(), 0);
            if (count <= 0) {
                ADD_FAILURE() << "the link was closed";
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

template <class T>
class Heard {
  public:
    void add(const T& item) {
        const std::lock_guard lock(mutex_);
        items_.push_back(item);
        changed_.notify_all();
    }

    std::vector<T> wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, door_patience, [&] { return items_.size() >= count; });
        return items_;
    }

  private:
    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<T> items_;
};

class GuestDoorsTest : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root";
        }
        std::string path = (fs::temp_directory_path() / "doors-XXXXXX").string();
        directory_ = ::mkdtemp(path.data());
        std::ofstream(directory_ / "console").close();
        auto opened = GuestDoors::open({.domain = "vm",
                                        .agent_sockets = {socket()},
                                        .console = directory_ / "console",
                                        .address = "127.0.0.1",
                                        .inside = ::getpid()},
                                       scheduler_);
        ASSERT_TRUE(opened) << opened.error().text();
        doors_ = std::move(*opened);
    }

    void TearDown() override {
        doors_.reset();
        fs::remove_all(directory_);
    }

    fs::path socket() const { return directory_ / "agent"; }

    Result<Hello> hello(Duration deadline = door_patience) {
        return doors_->wait_hello(scheduler_.now() + deadline);
    }

    /// Starts a load of two writers as run 7.
    void start_load(FakeAgent& agent) {
        agent.say(wire::Hello{.boot_id = "one"});
        ASSERT_TRUE(hello());
        const LoadOrder order{.spec = {.profile = "append_fsync", .writers = 2}, .run_id = 7};
        std::jthread ordering([&] { EXPECT_TRUE(doors_->start_load(order, door_patience)); });
        const auto start = agent.hear<wire::LoadStart>();
        EXPECT_EQ(start.plan.run, 7U);
        EXPECT_EQ(start.directory, "/data/ledger-7");
        agent.say(wire::Reply{.request = start.request});
    }

    ThreadScheduler scheduler_;
    fs::path directory_;
    std::unique_ptr<GuestDoors> doors_;
};

TEST_F(GuestDoorsTest, TakeAHelloOfThePresentBootOnly) {
    EXPECT_EQ(hello(10ms).error().kind, ErrorKind::timeout);
    {
        FakeAgent first(socket());
        first.say(wire::Hello{.boot_id = "one"});
        EXPECT_EQ(hello()->boot_id, "one");
    }
    doors_->expect_boot();
    EXPECT_EQ(hello(10ms).error().kind, ErrorKind::timeout);
    FakeAgent second(socket());
    second.say(wire::Hello{.boot_id = "two"});
    EXPECT_EQ(hello()->boot_id, "two");
}

TEST_F(GuestDoorsTest, StampHeartbeatsWithTheSchedulersTime) {
    Heard<Beat> beats;
    const auto listening = doors_->on_beat([&](const Beat& b) { beats.add(b); });
    FakeAgent agent(socket());
    const auto before = scheduler_.now();
    agent.say(wire::Heartbeat{.uptime = 3s, .boot_id = "one", .load = wire::LoadState::running});
    const auto heard = beats.wait_for(1);
    ASSERT_EQ(heard.size(), 1U);
    EXPECT_GE(heard[0].arrived, before);
    EXPECT_LE(heard[0].arrived, scheduler_.now());
    EXPECT_EQ(heard[0].guest_uptime, 3s);
    EXPECT_TRUE(heard[0].load_running);
    EXPECT_FALSE(heard[0].load_failed);
    agent.say(wire::Heartbeat{.boot_id = "one", .load = wire::LoadState::failed});
    const auto failed = beats.wait_for(2);
    ASSERT_EQ(failed.size(), 2U);
    EXPECT_FALSE(failed[1].load_running);
    EXPECT_TRUE(failed[1].load_failed);
}

TEST_F(GuestDoorsTest, TurnAcknowledgementsIntoRangesOfEachWriter) {
    Heard<Acknowledged> ranges;
    const auto listening = doors_->on_acknowledged([&](const auto& a) { ranges.add(a); });
    FakeAgent agent(socket());
    start_load(agent);
    // Sequences are dealt in turn: 1, 3, 5 are the first writer's records 0, 1, 2.
    agent.say(wire::Acknowledged{.run = 7, .sequences = {1, 3, 2, 5, 6}});
    const auto heard = ranges.wait_for(3);
    ASSERT_EQ(heard.size(), 3U);
    EXPECT_EQ(std::tie(heard[0].writer, heard[0].first, heard[0].last), std::tuple(0, 0, 2));
    EXPECT_EQ(std::tie(heard[1].writer, heard[1].first, heard[1].last), std::tuple(1, 0, 0));
    // Record 1 of the second writer was not acknowledged, so 2 stands for itself.
    EXPECT_EQ(std::tie(heard[2].writer, heard[2].first, heard[2].last), std::tuple(1, 2, 2));
}

TEST_F(GuestDoorsTest, ReportWhatNobodyOrderedAndWhatIsNoFrame) {
    Heard<std::string> errors;
    Heard<Acknowledged> ranges;
    const auto to_errors = doors_->on_protocol_error([&](const auto& e) { errors.add(e); });
    const auto to_ranges = doors_->on_acknowledged([&](const auto& a) { ranges.add(a); });
    FakeAgent agent(socket());
    start_load(agent);
    agent.say(wire::Acknowledged{.run = 8, .sequences = {1}});
    agent.say_raw(std::string(64, 'x'));
    EXPECT_GE(errors.wait_for(2).size(), 2U);
    EXPECT_TRUE(ranges.wait_for(0).empty());
}

TEST_F(GuestDoorsTest, CallALinkThatIsLostWithAFaultSuccess) {
    EXPECT_EQ(doors_->inject("panic", {}, door_patience).error().kind, ErrorKind::unavailable);
    std::optional<FakeAgent> agent(socket());
    agent->say(wire::Hello{.boot_id = "one"});
    ASSERT_TRUE(hello());
    std::jthread dying([&] {
        EXPECT_EQ(agent->hear<wire::InjectFault>().kind, "panic");
        agent.reset();
    });
    EXPECT_TRUE(doors_->inject("panic", {}, door_patience));
}

TEST_F(GuestDoorsTest, PassOnTheAgentsRefusal) {
    FakeAgent agent(socket());
    agent.say(wire::Hello{.boot_id = "one"});
    ASSERT_TRUE(hello());
    std::jthread refusing([&] {
        const auto order = agent.hear<wire::InjectFault>();
        agent.say(wire::Reply{.request = order.request, .error = "not permitted"});
    });
    EXPECT_EQ(doors_->inject("panic", {}, door_patience).error().kind, ErrorKind::refused);
}

TEST_F(GuestDoorsTest, RefuseALoadThatTheLedgerCannotHold) {
    FakeAgent agent(socket());
    agent.say(wire::Hello{.boot_id = "one"});
    ASSERT_TRUE(hello());
    const LoadOrder odd_record{.spec = {.profile = "append_fsync", .record = {100}}};
    EXPECT_FALSE(doors_->start_load(odd_record, door_patience));
    const LoadOrder odd_profile{.spec = {.profile = "magic"}};
    EXPECT_FALSE(doors_->start_load(odd_profile, door_patience));
}

TEST_F(GuestDoorsTest, HandOutConsoleLinesAndNetworkHeartbeats) {
    Heard<std::string> lines;
    Heard<Beat> beats;
    const auto to_lines = doors_->on_console([&](Instant, const auto& l) { lines.add(l); });
    const auto to_beats = doors_->on_network_beat([&](const Beat& b) { beats.add(b); });
    std::ofstream(directory_ / "console", std::ios::app) << "ordeal: userspace\r\n";
    EXPECT_THAT(lines.wait_for(1), testing::ElementsAre("ordeal: userspace"));
    doors_->take({.at = std::chrono::steady_clock::now(),
                  .sender = "127.0.0.1",
                  .content = wire::Heartbeat{.boot_id = "one"}});
    EXPECT_EQ(beats.wait_for(1).size(), 1U);
}

}  // namespace
}  // namespace ordeal
