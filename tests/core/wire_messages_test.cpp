#include "core/wire_messages.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace ordeal::wire {
namespace {

using namespace std::chrono_literals;

/// One message of every type, every field set.
std::vector<Message> examples() {
    ledger::Plan plan{ledger::Profile::rename_fsync, 11, 12, 1024, 2, 8};
    return {Hello{1, "0.1.0", "6.1.0", "boot", {"clock", "udp"}},
            Heartbeat{2, 5s, 100ms, "boot", LoadState::running, 9, 8, 1, 3},
            Acknowledged{11, {1, 2, 3}},
            LoadStatus{3, 11, LoadState::failed, 9, 8, "fsync: Input/output error"},
            ClockReading{4, 77, 1s, 2s, 3s},
            Reply{5, "no such fault"},
            LogLine{LogLevel::warn, "careful"},
            HelloRequest{6},
            LoadStart{7, "/data/run", plan, 100, 5000},
            LoadStop{8},
            LoadStatusRequest{9},
            ClockRead{10, 77},
            SetHeartbeatInterval{11, 50ms},
            InjectFault{12, "panic", {{"after", "1s"}}},
            WriteCache{"vda", "write back"},
            EndFault{11, "cpu_hog"},
            LookRequest{12, "/data"},
            GuestFacts{13, {{"runnable", 3}}, {{"clocksource", "tsc"}}, {"cpu_hog"}}};
}

Frame frame_of(const Message& message) {
    Decoder decoder;
    decoder.feed(encode(message, 0));
    return std::get<Frame>(decoder.next().value());
}

TEST(WireMessages, EveryTypeComesBackAsItWas) {
    const auto all = examples();
    ASSERT_EQ(all.size(), std::variant_size_v<Message>);
    for (std::size_t i = 0; i < all.size(); ++i) {
        ASSERT_EQ(all[i].index(), i);
        auto again = decode(frame_of(all[i]));
        ASSERT_TRUE(again) << i << again.error().text();
        EXPECT_EQ(again->index(), i);
        EXPECT_EQ(encode(*again, 3), encode(all[i], 3));
    }
}

TEST(WireMessages, FieldsKeepTheirMeaning) {
    const auto beat = std::get<Heartbeat>(*decode(frame_of(examples()[1])));
    EXPECT_EQ(beat.uptime, 5s);
    EXPECT_EQ(beat.boot_id, "boot");
    EXPECT_EQ(beat.load, LoadState::running);
    EXPECT_EQ(beat.acknowledged, 8U);
    const auto start = std::get<LoadStart>(*decode(frame_of(examples()[8])));
    EXPECT_EQ(start.plan.profile, ledger::Profile::rename_fsync);
    EXPECT_EQ(start.plan.slots, 8U);
    const auto fault = std::get<InjectFault>(*decode(frame_of(examples()[13])));
    EXPECT_EQ(fault.params.at(0).second, "1s");
}

TEST(WireMessages, RefusesEveryCutAndEveryExtraByte) {
    for (const auto& message : examples()) {
        auto frame = frame_of(message);
        auto longer = frame;
        longer.payload.push_back(std::byte{0});
        EXPECT_FALSE(decode(longer)) << message.index();
        while (!frame.payload.empty()) {
            frame.payload.pop_back();
            EXPECT_FALSE(decode(frame)) << message.index();
        }
    }
}

TEST(WireMessages, RefusesUnknownTypesAndImpossibleValues) {
    EXPECT_FALSE(decode(Frame{200, 0, {}}));
    EXPECT_FALSE(decode(frame_of(Acknowledged{1, {}})));
    EXPECT_FALSE(decode(frame_of(Acknowledged{1, {3, 0}})));
    auto log = frame_of(LogLine{LogLevel::error, "x"});
    log.payload[0] = std::byte{4};
    EXPECT_FALSE(decode(log));
}

TEST(WireMessages, AHugeCountTakesNoMemory) {
    Frame frame{static_cast<std::uint8_t>(Message(Acknowledged{}).index()), 0, Buffer(12)};
    std::ranges::fill(std::span(frame.payload).last(4), std::byte{0xFF});
    EXPECT_FALSE(decode(frame));
}

TEST(WireMessages, SurvivesSeededDamageBehindASoundChecksum) {
    std::mt19937 random(7);
    for (int round = 0; round < 5000; ++round) {
        const auto all = examples();
        auto frame = frame_of(all[random() % all.size()]);
        for (int i = 0; i < 3; ++i) {
            frame.payload[random() % frame.payload.size()] = static_cast<std::byte>(random());
        }
        if (auto message = decode(frame)) {
            EXPECT_EQ(encode(*message, frame.sequence),
                      encode_frame(frame.type, frame.sequence, frame.payload));
        }
    }
}

TEST(WireMessages, DecoderReportsASoundFrameThatIsNoMessage) {
    MessageDecoder decoder;
    decoder.feed(encode_frame(250, 0, {}));
    decoder.feed(encode(HelloRequest{1}, 1));
    const auto problem = std::get<Problem>(decoder.next().value());
    EXPECT_EQ(problem.kind, ProblemKind::message);
    EXPECT_TRUE(std::holds_alternative<Message>(decoder.next().value()));
    EXPECT_FALSE(decoder.next());
}

TEST(WireMessages, AFullBatchOfAcknowledgementsFits) {
    EXPECT_NO_THROW(
        (void)encode(Acknowledged{1, std::vector<std::uint64_t>(max_acknowledged, 1)}, 0));
}

}  // namespace
}  // namespace ordeal::wire
