#include "verifier/crash/recorder/disk_recorder.hpp"

#include "tests/verifier/image_lab.hpp"
#include "verifier/crash/states.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <thread>

namespace ordeal::verifier::crash {
namespace {

namespace fs = std::filesystem;
using Fua = DiskRecorder::Fua;
using ordeal::testing::content;
using ordeal::testing::ImageLab;
using ordeal::testing::RealTools;

class DiskRecorderTest : public ::testing::Test {
  protected:
    DiskRecorderTest() {
        std::ofstream(options.file) << std::string(4096, 'x');
        fs::resize_file(options.file, 1 << 20);
    }

    std::unique_ptr<DiskRecorder> record() {
        auto made = DiskRecorder::create(options);
        EXPECT_TRUE(made) << made.error().text();
        return std::move(made.value());
    }

    Trace trace() {
        auto read = read_trace(options.trace);
        EXPECT_TRUE(read) << read.error().text();
        return std::move(read.value());
    }

    /// The state in which everything reached the disk is the disk's file.
    void expect_final_state_is_the_file() {
        const auto recorded = trace();
        auto bytes = content(options.base);
        std::vector<std::byte> base(bytes.size());
        std::ranges::transform(
            bytes, base.begin(), [](char letter) { return static_cast<std::byte>(letter); });
        EXPECT_EQ(sparse_stamp(base), recorded.header.base_stamp);
        BaseImage image(base);
        CrashModel model(recorded, image, {});
        StateId last{recorded.name, 0, {}};
        while (const auto* instant = model.next()) {
            last = {recorded.name, instant->number, {}};
            for (std::uint32_t atom = 0; atom < instant->atoms.size(); ++atom) {
                const auto newest = instant->atoms[atom].alternatives() - 1;
                last.decided.emplace_back(atom, newest);
            }
        }
        const auto built = build_image(recorded, base, {}, last);
        ASSERT_TRUE(built) << built.error().text();
        bytes = content(options.file);
        EXPECT_TRUE(std::ranges::equal(
            bytes, *built, {}, {}, [](std::byte byte) { return static_cast<char>(byte); }));
    }

    ImageLab lab;
    DiskRecorder::Options options{.file = lab.directory() / "disk",
                                  .trace = lab.directory() / "trace",
                                  .base = lab.directory() / "base"};
};

TEST_F(DiskRecorderTest, RecordsIssueAndCompletionOfEveryRequest) {
    {
        const auto recorder = record();
        const std::vector<std::byte> data(1024, std::byte{'a'});
        EXPECT_EQ(recorder->write(data, 512, Fua::no), 0);
        EXPECT_EQ(recorder->write(data, 8192, Fua::yes), 0);
        EXPECT_EQ(recorder->flush(), 0);
        EXPECT_EQ(recorder->mark(std::span(data).first(3)), 0);
        EXPECT_EQ(recorder->zero(0, 512, Fua::no), 0);
        EXPECT_EQ(recorder->discard(8192, 512, Fua::no), 0);
        EXPECT_EQ(recorder->note_write_cache(false), 0);
        std::vector<std::byte> back(512);
        EXPECT_EQ(recorder->read(back, 512), 0);
        EXPECT_EQ(back[0], std::byte{'a'});
    }
    const auto recorded = trace();
    EXPECT_FALSE(recorded.cut);
    std::vector<EventType> types;
    for (const auto& event : recorded.events) {
        types.push_back(event.type);
    }
    EXPECT_THAT(types,
                ::testing::ElementsAre(EventType::write,
                                       EventType::completion,
                                       EventType::write,
                                       EventType::completion,
                                       EventType::flush,
                                       EventType::completion,
                                       EventType::mark,
                                       EventType::zeroes,
                                       EventType::completion,
                                       EventType::discard,
                                       EventType::completion,
                                       EventType::write_cache));
    EXPECT_TRUE(recorded.events[2].fua);
    expect_final_state_is_the_file();
}

TEST_F(DiskRecorderTest, RefusesWhatIsNotOnTheDisk) {
    const auto recorder = record();
    const std::vector<std::byte> data(1024);
    EXPECT_EQ(recorder->write(data, 1, Fua::no), EINVAL);
    EXPECT_EQ(recorder->write(data, (1 << 20) - 512, Fua::no), EINVAL);
    EXPECT_EQ(recorder->zero(1 << 20, 512, Fua::no), EINVAL);
    EXPECT_EQ(recorder->discard(0, ~std::uint64_t{511}, Fua::no), EINVAL);
}

TEST_F(DiskRecorderTest, KeepsWhatIsThere) {
    std::ofstream(options.trace) << "precious";
    EXPECT_FALSE(DiskRecorder::create(options));
    EXPECT_EQ(content(options.trace), "precious");
}

TEST_F(DiskRecorderTest, SaysWhatIsWrongWithADisk) {
    options.file = lab.directory() / "none";
    EXPECT_EQ(DiskRecorder::create(options).error().kind, ErrorKind::not_found);
    std::ofstream(options.file) << "odd";
    EXPECT_EQ(DiskRecorder::create(options).error().kind, ErrorKind::usage);
}

TEST_F(DiskRecorderTest, RecordsParallelClientsSoundly) {
    {
        const auto recorder = record();
        std::vector<std::jthread> writers;
        for (std::uint64_t writer = 0; writer < 4; ++writer) {
            writers.emplace_back([&recorder, writer] {
                for (std::uint64_t turn = 0; turn < 200; ++turn) {
                    const std::vector<std::byte> data(
                        1024, static_cast<std::byte>('a' + writer * 5 + turn % 5));
                    const auto offset = (writer * 32 + turn % 16 * 2) * 512;
                    EXPECT_EQ(recorder->write(data, offset, Fua::no), 0);
                    if (turn % 10 == 9) {
                        EXPECT_EQ(recorder->flush(), 0);
                    }
                }
            });
        }
    }
    EXPECT_EQ(trace().events.size(), 4U * (200 + 20) * 2);
    expect_final_state_is_the_file();
}

TEST_F(DiskRecorderTest, ServesADiskThroughNbdkit) {
    RealTools tools;
    const std::string commands =
        "qemu-io -f raw -c 'write -P 7 0 64k' -c 'write -f -P 9 4k 4k' -c 'write -z 8k 4k' "
        "-c 'discard 16k 4k' -c flush \"nbd+unix:///?socket=$unixsocket\" && "
        "qemu-io -f raw -c 'write -P 65 0 512' \"nbd+unix:///marks?socket=$unixsocket\" && "
        "qemu-io -f raw -c 'write -P 48 0 512' \"nbd+unix:///write-cache?socket=$unixsocket\"";
    const auto run = tools.run({"nbdkit",
                                "--unix=-",
                                ORDEAL_RECORDER,
                                "file=" + options.file.string(),
                                "trace=" + options.trace.string(),
                                "base=" + options.base.string(),
                                "--run",
                                commands},
                               std::chrono::minutes(1));
    ASSERT_TRUE(run) << run.error().text();
    ASSERT_EQ(run->exit_code, 0) << run->out << run->err;
    const auto recorded = trace();
    EXPECT_FALSE(recorded.cut);
    const auto count = [&](EventType type) {
        return std::ranges::count(recorded.events, type, &TraceEvent::type);
    };
    EXPECT_EQ(count(EventType::write), 2);
    EXPECT_TRUE(std::ranges::any_of(recorded.events, &TraceEvent::fua));
    EXPECT_EQ(count(EventType::zeroes), 1);
    EXPECT_EQ(count(EventType::discard), 1);
    EXPECT_GE(count(EventType::flush), 1);
    const auto mark = std::ranges::find(recorded.events, EventType::mark, &TraceEvent::type);
    ASSERT_NE(mark, recorded.events.end());
    EXPECT_EQ(mark->data[0], std::byte{65});
    EXPECT_EQ(count(EventType::write_cache), 1);
    expect_final_state_is_the_file();
}

}  // namespace
}  // namespace ordeal::verifier::crash
