#include "verifier/crash/trace.hpp"

#include "core/random.hpp"
#include "tests/verifier/crash/trace_story.hpp"

#include <gmock/gmock.h>

namespace ordeal::verifier::crash {
namespace {

using ordeal::testing::TraceStory;

TraceStory every_event() {
    TraceStory story(64);
    const auto write = story.write(3, "ab", true);
    const auto flush = story.flush();
    story.complete(story.zeroes(8, 4));
    story.complete(write);
    story.complete(flush, 5);
    (void)story.discard(0, 64);
    story.mark("acknowledged");
    story.write_cache(false);
    return story;
}

ErrorKind kind_of(std::vector<std::byte> bytes) {
    const auto read = parse_trace(std::move(bytes));
    EXPECT_FALSE(read);
    return read ? ErrorKind::internal : read.error().kind;
}

TEST(Trace, ComesBackAsItWasWritten) {
    const auto trace = every_event().trace();
    EXPECT_FALSE(trace.cut);
    EXPECT_EQ(trace.header.disk_size, 64U * 512);
    ASSERT_EQ(trace.events.size(), 9U);
    EXPECT_EQ(trace.events[0].type, EventType::write);
    EXPECT_TRUE(trace.events[0].fua);
    EXPECT_EQ(trace.events[0].offset, 3U * 512);
    EXPECT_EQ(trace.events[0].data.size(), 1024U);
    EXPECT_EQ(trace.events[0].data[512], std::byte{'b'});
    EXPECT_EQ(trace.events[5].type, EventType::completion);
    EXPECT_EQ(trace.events[5].error, 5U);
    EXPECT_EQ(trace.events[7].type, EventType::mark);
    EXPECT_EQ(trace.events[7].time, 7000U);
    EXPECT_EQ(trace.events[8].offset, 0U);
}

TEST(Trace, ThatWasCutEndsAtTheLastWholeEvent) {
    const auto whole = every_event().bytes();
    std::size_t events = 0;
    for (std::size_t size = 48; size < whole.size(); ++size) {
        const auto read = parse_trace({whole.begin(), whole.begin() + static_cast<long>(size)});
        ASSERT_TRUE(read) << size << ": " << read.error().text();
        EXPECT_GE(read->events.size(), events);
        events = read->events.size();
    }
    EXPECT_EQ(events, 8U);
}

TEST(Trace, WithAnyByteChangedIsRefusedOrEndsThere) {
    const auto whole = every_event().bytes();
    const auto trace = parse_trace(whole);
    for (std::size_t at = 0; at < whole.size(); ++at) {
        auto bytes = whole;
        bytes[at] ^= std::byte{0x40};
        const auto read = parse_trace(std::move(bytes));
        // A length that points past the end looks like a cut, and nothing of that event is used.
        EXPECT_TRUE(!read || (read->cut && read->events.size() < trace->events.size())) << at;
    }
}

TEST(Trace, NamesItsContent) {
    auto one = every_event();
    auto other = every_event();
    EXPECT_EQ(one.trace().name, other.trace().name);
    other.mark("x");
    EXPECT_NE(one.trace().name, other.trace().name);
}

TEST(Trace, RefusesWhatNoDiskDoes) {
    EXPECT_EQ(kind_of({}), ErrorKind::corrupt);
    const auto with = [](const TraceEvent& event) {
        return encode_trace({.disk_size = 4096}, {event});
    };
    const std::vector<std::byte> sector(512);
    TraceEvent write{.type = EventType::write, .request = 1, .length = 512, .data = sector};
    EXPECT_TRUE(parse_trace(with(write)));
    write.offset = 4096;
    EXPECT_EQ(kind_of(with(write)), ErrorKind::corrupt) << "outside";
    write.offset = ~std::uint64_t{0} - 511;
    EXPECT_EQ(kind_of(with(write)), ErrorKind::corrupt) << "far outside";
    write.offset = 1;
    EXPECT_EQ(kind_of(with(write)), ErrorKind::corrupt) << "not aligned";
    write.offset = 0;
    write.length = 1024;
    EXPECT_EQ(kind_of(with(write)), ErrorKind::corrupt) << "too little data";
    EXPECT_EQ(kind_of(with({.type = EventType::completion, .request = 1})), ErrorKind::corrupt);
    EXPECT_EQ(kind_of(with({.type = EventType::flush, .request = 0})), ErrorKind::corrupt);
    EXPECT_EQ(kind_of(encode_trace({.disk_size = 4095}, {})), ErrorKind::corrupt);
    EXPECT_EQ(kind_of(encode_trace({.disk_size = 0}, {})), ErrorKind::corrupt);
    EXPECT_EQ(kind_of(encode_trace({.atom = 77, .disk_size = 4096}, {})), ErrorKind::corrupt);
}

TEST(Trace, RefusesRequestsThatAreIssuedOrCompletedTwice) {
    const TraceEvent flush{.type = EventType::flush, .request = 1};
    const TraceEvent done{.type = EventType::completion, .request = 1};
    EXPECT_TRUE(parse_trace(encode_trace({.disk_size = 4096}, {flush, done})));
    EXPECT_EQ(kind_of(encode_trace({.disk_size = 4096}, {flush, flush})), ErrorKind::corrupt);
    EXPECT_EQ(kind_of(encode_trace({.disk_size = 4096}, {flush, done, done})), ErrorKind::corrupt);
}

TEST(Trace, SurvivesRandomDamage) {
    const auto whole = every_event().bytes();
    Random random(7);
    for (int round = 0; round < 2000; ++round) {
        auto bytes = whole;
        bytes.resize(random.below(whole.size() + 1));
        for (int change = 0; change < 4 && !bytes.empty(); ++change) {
            bytes[random.below(bytes.size())] = static_cast<std::byte>(random.below(256));
        }
        (void)parse_trace(std::move(bytes));
    }
}

TEST(SparseStamp, IgnoresHolesAndTellsPlaces) {
    std::vector<std::byte> bytes(4096);
    EXPECT_EQ(sparse_stamp(bytes), 0U);
    bytes[600] = std::byte{1};
    const auto one = sparse_stamp(bytes);
    EXPECT_NE(one, 0U);
    EXPECT_EQ(sparse_stamp(std::span(bytes).subspan(512), 1), one);
    EXPECT_NE(sparse_stamp(std::span(bytes).subspan(512), 2), one);
}

}  // namespace
}  // namespace ordeal::verifier::crash
