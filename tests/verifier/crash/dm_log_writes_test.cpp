#include "verifier/crash/dm_log_writes.hpp"

#include "tests/verifier/crash/trace_story.hpp"
#include "tests/verifier/image_lab.hpp"
#include "verifier/crash/model.hpp"

#include <gmock/gmock.h>

#include <fstream>

namespace ordeal::verifier::crash {
namespace {

using ordeal::testing::TraceStory;
using ::testing::HasSubstr;
using ::testing::SizeIs;

/// How many states each instant has.
std::vector<Count> states_of(const Trace& trace) {
    BaseImage base(std::vector<std::byte>(trace.header.disk_size, std::byte{'.'}));
    CrashModel model(trace, base, {});
    std::vector<Count> counts;
    while (const auto* instant = model.next()) {
        counts.push_back(instant->possible);
    }
    return counts;
}

TEST(DmLogWrites, ComesBackWithTheSameCrashStates) {
    TraceStory story(64);
    story.written(1, "ab");
    story.written(9, "c", true);
    story.flushed();
    story.mark("somebody was told");
    story.complete(story.zeroes(1, 2));
    story.complete(story.discard(9, 1));
    story.written(3, "d");
    story.flushed();
    story.written(5, "e");
    const auto trace = story.trace();
    const auto log = export_dm_log_writes(trace);
    EXPECT_THAT(log.caveats, SizeIs(1));
    ASSERT_TRUE(is_dm_log_writes(log.bytes));
    const auto back = import_dm_log_writes(log.bytes, trace.header.disk_size);
    ASSERT_TRUE(back) << back.error().text();
    EXPECT_EQ(states_of(*back), states_of(trace));
    EXPECT_EQ(export_dm_log_writes(*back).bytes, log.bytes);
    const auto mark = std::ranges::find(back->events, EventType::mark, &TraceEvent::type);
    ASSERT_NE(mark, back->events.end());
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(mark->data.data()), mark->data.size()),
              "somebody was told");
    EXPECT_THAT(back->caveats, SizeIs(2));
}

TEST(DmLogWrites, PutsAWriteInFlightBehindTheFlushThatDidNotCoverIt) {
    TraceStory story(64);
    const auto write = story.write(1, "a");
    const auto flush = story.flush();
    story.complete(write);
    story.complete(flush);
    (void)story.write(2, "b");
    const auto log = export_dm_log_writes(story.trace());
    EXPECT_THAT(log.caveats.back(), HasSubstr("1 writes that never completed"));
    const auto back = import_dm_log_writes(log.bytes, 64 * 512);
    ASSERT_TRUE(back);
    EXPECT_EQ(back->events.front().type, EventType::flush);
    EXPECT_EQ(states_of(*back).back(), 2) << "the write may still be lost";
}

TEST(DmLogWrites, RefusesWhatIsNoneOrCut) {
    TraceStory story(64);
    story.written(1, "ab");
    auto log = export_dm_log_writes(story.trace()).bytes;
    EXPECT_FALSE(import_dm_log_writes(std::span(log).first(16), 64 * 512));
    EXPECT_FALSE(import_dm_log_writes(std::span(log).first(log.size() - 1), 64 * 512));
    EXPECT_FALSE(import_dm_log_writes(log, 512)) << "beyond the disk";
    log[16] = std::byte{0};  // the head counts late
    const auto more = import_dm_log_writes(log, 64 * 512);
    ASSERT_TRUE(more);
    EXPECT_THAT(more->caveats.back(), HasSubstr("1 entries lie behind"));
    log[0] ^= std::byte{1};
    EXPECT_FALSE(import_dm_log_writes(log, 64 * 512));
}

TEST(DmLogWrites, ReadsWhatQemuWrites) {
    ordeal::testing::RealTools tools;
    const ordeal::testing::ImageLab lab;
    if (const auto found = tools.run({"sh", "-c", "command -v qemu-io"}, std::chrono::seconds(5));
        !found || found->exit_code != 0) {
        GTEST_SKIP() << "needs qemu-io";
    }
    const auto disk = (lab.directory() / "disk").string();
    const auto log = (lab.directory() / "log").string();
    std::ofstream(disk) << std::string(1 << 20, '\0');
    std::ofstream{log};
    const auto done = tools.run({"qemu-io",
                                 "--image-opts",
                                 "driver=blklogwrites,file.driver=file,file.filename=" + disk +
                                     ",log.driver=file,log.filename=" + log,
                                 "-c",
                                 "write -P 0x61 0 4k",
                                 "-c",
                                 "flush",
                                 "-c",
                                 "write -P 0x62 8k 1k",
                                 "-c",
                                 "write -z 64k 4k",
                                 "-c",
                                 "flush",
                                 "-c",
                                 "write -P 0x63 16k 512"},
                                std::chrono::seconds(30));
    ASSERT_TRUE(done && done->exit_code == 0) << (done ? done->err : done.error().text());
    const auto bytes = ordeal::testing::content(log);
    const auto trace = import_dm_log_writes(std::as_bytes(std::span(bytes)), 1 << 20);
    ASSERT_TRUE(trace) << trace.error().text();
    std::vector<std::uint64_t> offsets;
    std::size_t flushes = 0;
    for (const auto& event : trace->events) {
        flushes += event.type == EventType::flush ? 1 : 0;
        if (event.type == EventType::write || event.type == EventType::zeroes ||
            event.type == EventType::discard) {
            offsets.push_back(event.offset);
        }
    }
    EXPECT_THAT(offsets, ::testing::ElementsAre(0, 8192, 65536, 16384));
    EXPECT_GE(flushes, 2U);
    EXPECT_EQ(trace->events.front().data[100], std::byte{0x61});
}

}  // namespace
}  // namespace ordeal::verifier::crash
