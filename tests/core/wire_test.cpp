#include "core/wire.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace ordeal::wire {
namespace {

Buffer bytes_of(std::string_view text) {
    const auto view = std::as_bytes(std::span(text));
    return {view.begin(), view.end()};
}

void append(Buffer& to, ByteView more) {
    to.insert(to.end(), more.begin(), more.end());
}

struct Seen {
    std::vector<Frame> frames;
    std::vector<Problem> problems;

    [[nodiscard]] std::vector<std::uint32_t> sequences() const {
        std::vector<std::uint32_t> list;
        for (const auto& frame : frames) {
            list.push_back(frame.sequence);
        }
        return list;
    }

    [[nodiscard]] bool has(ProblemKind kind) const {
        return std::ranges::any_of(problems, [&](const auto& p) { return p.kind == kind; });
    }
};

void drain(Decoder& decoder, Seen& seen) {
    while (auto item = decoder.next()) {
        if (auto* frame = std::get_if<Frame>(&*item)) {
            seen.frames.push_back(std::move(*frame));
        } else {
            seen.problems.push_back(std::get<Problem>(*item));
        }
    }
}

Seen decode_all(ByteView bytes, std::size_t piece) {
    Decoder decoder;
    Seen seen;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        decoder.feed(bytes.subspan(at, std::min(piece, bytes.size() - at)));
        drain(decoder, seen);
    }
    if (auto problem = decoder.finish()) {
        seen.problems.push_back(*problem);
    }
    return seen;
}

Buffer stream_of(std::uint32_t count) {
    Buffer stream;
    for (std::uint32_t i = 0; i < count; ++i) {
        append(stream, encode_frame(7, i, bytes_of("payload " + std::to_string(i))));
    }
    return stream;
}

TEST(Wire, FramesSurviveAnyCutting) {
    const auto stream = stream_of(20);
    for (const std::size_t piece : {1U, 2U, 19U, 20U, 21U, 100000U}) {
        const auto seen = decode_all(stream, piece);
        ASSERT_EQ(seen.frames.size(), 20U) << piece;
        EXPECT_TRUE(seen.problems.empty()) << piece;
        EXPECT_EQ(seen.frames[13].payload, bytes_of("payload 13"));
        EXPECT_EQ(seen.frames[13].type, 7);
    }
}

TEST(Wire, CarriesTheLargestPayloadAndRefusesMore) {
    const auto seen = decode_all(encode_frame(1, 0, Buffer(max_payload, std::byte{5})), 4096);
    ASSERT_EQ(seen.frames.size(), 1U);
    EXPECT_EQ(seen.frames[0].payload.size(), max_payload);
    EXPECT_THROW((void)encode_frame(1, 0, Buffer(max_payload + 1)), std::length_error);
}

TEST(Wire, ReportsGarbageAndFindsTheNextFrame) {
    auto stream = bytes_of("login: \xF0Or?? not a frame");
    append(stream, stream_of(2));
    const auto seen = decode_all(stream, 7);
    EXPECT_EQ(seen.sequences(), (std::vector<std::uint32_t>{0, 1}));
    EXPECT_TRUE(seen.has(ProblemKind::garbage));
}

TEST(Wire, ReportsADamagedPayloadAndGoesOn) {
    auto stream = stream_of(3);
    const auto frame = stream.size() / 3;
    stream[frame + header_size + 2] ^= std::byte{1};
    const auto seen = decode_all(stream, 11);
    EXPECT_EQ(seen.sequences(), (std::vector<std::uint32_t>{0, 2}));
    EXPECT_TRUE(seen.has(ProblemKind::checksum));
    EXPECT_TRUE(seen.has(ProblemKind::sequence));
}

TEST(Wire, ADamagedLengthDoesNotHoldBackTheNextFrame) {
    auto stream = stream_of(2);
    stream[5] = std::byte{0xFF};
    Decoder decoder;
    decoder.feed(stream);
    Seen seen;
    drain(decoder, seen);
    EXPECT_EQ(seen.sequences(), (std::vector<std::uint32_t>{1}));
    EXPECT_TRUE(seen.has(ProblemKind::garbage));
}

TEST(Wire, ReportsAnOversizedFrame) {
    auto stream = encode_frame(1, 0, {});
    store_le(std::span(stream).subspan(4), static_cast<std::uint32_t>(max_payload + 1));
    store_le(std::span(stream).subspan(14),
             static_cast<std::uint16_t>(checksum(ByteView(stream).first(14))));
    append(stream, stream_of(1));
    const auto seen = decode_all(stream, 3);
    EXPECT_TRUE(seen.has(ProblemKind::oversized));
    EXPECT_EQ(seen.frames.size(), 1U);
}

TEST(Wire, FindsFramesBehindAFrameThatLostItsEnd) {
    auto stream = encode_frame(1, 0, Buffer(1000));
    stream.resize(500);
    for (std::uint32_t i = 1; i < 40; ++i) {
        append(stream, encode_frame(7, i, bytes_of("payload")));
    }
    const auto seen = decode_all(stream, 64);
    EXPECT_EQ(seen.frames.size(), 39U);
    EXPECT_TRUE(seen.has(ProblemKind::checksum));
}

TEST(Wire, ReportsMissingRepeatedAndSwappedFrames) {
    for (const std::vector<std::uint32_t>& order :
         {std::vector<std::uint32_t>{0, 2}, {0, 1, 1}, {0, 2, 1}, {5, 4}}) {
        Buffer stream;
        for (const auto sequence : order) {
            append(stream, encode_frame(7, sequence, {}));
        }
        const auto seen = decode_all(stream, 9);
        EXPECT_EQ(seen.sequences(), order);
        EXPECT_TRUE(seen.has(ProblemKind::sequence));
    }
}

TEST(Wire, SequenceZeroOpensANewSessionWithoutComplaint) {
    auto stream = stream_of(3);
    append(stream, stream_of(3));
    EXPECT_TRUE(decode_all(stream, 50).problems.empty());
    EXPECT_EQ(next_sequence(UINT32_MAX), 1U);
}

TEST(Wire, SkipsFramesOfAnotherVersion) {
    auto stream = encode_frame(1, 0, {});
    stream[13] = std::byte{protocol_version + 1};
    store_le(std::span(stream).subspan(14),
             static_cast<std::uint16_t>(checksum(ByteView(stream).first(14))));
    append(stream, encode_frame(1, 1, {}));
    const auto seen = decode_all(stream, 100);
    EXPECT_EQ(seen.sequences(), (std::vector<std::uint32_t>{1}));
    ASSERT_EQ(seen.problems.size(), 1U);
    EXPECT_EQ(seen.problems[0].kind, ProblemKind::version);
}

TEST(Wire, ReportsAStreamThatEndsInsideAFrame) {
    auto stream = stream_of(1);
    stream.pop_back();
    const auto seen = decode_all(stream, 5);
    EXPECT_TRUE(seen.frames.empty());
    EXPECT_TRUE(seen.has(ProblemKind::truncated));
}

/// Random damage: every frame delivered is one that was sent, whatever was not touched and is
/// far enough from the damage arrives, and each damage is reported.
TEST(Wire, SurvivesSeededDamage) {
    for (std::uint32_t seed = 0; seed < 400; ++seed) {
        std::mt19937 random(seed);
        auto stream = stream_of(50);
        const auto pick = [&](std::size_t limit) { return random() % limit; };
        const auto at = static_cast<std::ptrdiff_t>(pick(stream.size() / 2));
        switch (pick(4)) {
            case 0:
                stream[static_cast<std::size_t>(at)] ^= static_cast<std::byte>(1 + pick(255));
                break;
            case 1:
                stream.erase(stream.begin() + at,
                             stream.begin() + at + 1 + static_cast<std::ptrdiff_t>(pick(40)));
                break;
            case 2:
                stream.insert(stream.begin() + at, 1 + pick(40), static_cast<std::byte>(pick(256)));
                break;
            default:
                for (int i = 0; i < 30; ++i) {
                    stream[static_cast<std::size_t>(at) + pick(30)] =
                        static_cast<std::byte>(pick(256));
                }
        }
        const auto seen = decode_all(stream, 1 + pick(64));
        EXPECT_FALSE(seen.problems.empty()) << seed;
        ASSERT_FALSE(seen.frames.empty()) << seed;
        EXPECT_EQ(seen.frames.back().sequence, 49U) << seed;
        EXPECT_GE(seen.frames.size(), 46U) << seed;
        for (const auto& frame : seen.frames) {
            EXPECT_EQ(frame.payload, bytes_of("payload " + std::to_string(frame.sequence))) << seed;
        }
    }
}

TEST(Wire, SurvivesPureNoise) {
    std::mt19937 random(1);
    for (int round = 0; round < 200; ++round) {
        Buffer noise(random() % 5000);
        std::ranges::generate(noise, [&] { return static_cast<std::byte>(random() % 256); });
        EXPECT_TRUE(decode_all(noise, 1 + random() % 600).frames.empty());
    }
}

}  // namespace
}  // namespace ordeal::wire
