#include "testbed/process.hpp"
#include "testbed/procfs.hpp"
#include "testbed/storage/disk_orders.hpp"
#include "testbed/storage/disk_server.hpp"
#include "testbed/wait.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <sys/mount.h>
#include <unistd.h>
#include <vector>

// QEMU's own block layer (qemu-io) against the lab's disk, in every cache mode: the table of
// docs/cache-modes.md. The disk's server is killed as the power of its node would kill it.

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using testing::HasSubstr;

constexpr std::size_t region = 32U << 10U;

/// What became of two writes of `region` bytes: one was flushed, then came one that was not.
struct Left {
    bool flushed_whole = false;
    bool unflushed_whole = false;
};

class PowerCut : public testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root, to mount";
        }
        if (const auto can = can_serve_disks(); !can) {
            GTEST_SKIP() << can.error().text();
        }
        if (const auto client = run({"qemu-io", "--version"}); !client) {
            GTEST_SKIP() << client.error().text();
        }
        std::string path = (fs::temp_directory_path() / "cut-XXXXXX").string();
        directory_ = ::mkdtemp(path.data());
        fs::create_directories(directory_ / "orders");
        fs::create_directories(directory_ / "met");
        std::ofstream(image()).close();
        fs::resize_file(image(), 1U << 20U);
    }

    void TearDown() override {
        if (!directory_.empty()) {
            end_server(Signal::kill);
            fs::remove_all(directory_);
        }
    }

    [[nodiscard]] fs::path image() const { return directory_ / "image"; }

    void start_server(std::uint64_t seed, bool lossy = true) {
        for (const auto* old : {"socket", "server.pid", "file.pid"}) {
            fs::remove(directory_ / old);
        }
        const auto started = run_or_fail(
            disk_server_command(
                {.image = image(), .directory = directory_, .lossy = lossy, .seed = seed}),
            {.background = Background::kept});
        ASSERT_TRUE(started) << started.error().text();
    }

    /// As QEMU sees a local disk of the lab.
    void show_file() {
        std::ofstream(directory_ / "file").close();
        ASSERT_TRUE(wait_until(10s, [&] { return fs::exists(directory_ / "socket"); }));
        const auto shown =
            run_or_fail(disk_file_command(directory_), {.background = Background::kept});
        ASSERT_TRUE(shown) << shown.error().text();
        ASSERT_TRUE(wait_until(10s, [&] { return fs::exists(directory_ / "file.pid"); }));
    }

    void end(const char* pid_file, Signal signal) {
        pid_t pid = 0;
        std::ifstream(directory_ / pid_file) >> pid;
        const auto process = process_ref(pid);
        if (pid > 0 && process) {
            EXPECT_TRUE(send_signal(*process, signal));
            EXPECT_TRUE(wait_gone(*process, 10s));
        }
    }

    void end_server(Signal signal) {
        end("file.pid", signal);
        ::umount2((directory_ / "file").c_str(), MNT_DETACH);  // what a killed one leaves
        end("server.pid", signal);
    }

    /// One QEMU that carries out `commands`, on the disk as a file if that is shown.
    Output qemu(const std::string& cache, const std::vector<std::string>& commands) {
        Argv argv{"qemu-io", "-f", "raw", "-t", cache};
        for (const auto& command : commands) {
            argv.insert(argv.end(), {"-c", command});
        }
        argv.push_back(fs::exists(directory_ / "file.pid")
                           ? (directory_ / "file").string()
                           : "nbd+unix:///?socket=" + (directory_ / "socket").string());
        auto output = run(argv);
        EXPECT_TRUE(output) << output.error().text();
        return output ? *output : Output{};
    }

    /// QEMU dies without another word ("abort") after both writes; then the server ends by
    /// `signal`: SIGKILL is the power cut, SIGTERM the disk that outlives a dead QEMU.
    Left writes_then(const std::string& cache, Signal signal, int round) {
        start_server(static_cast<std::uint64_t>(round));
        show_file();
        const int first = 1 + round % 120;
        const int second = first + 120;
        const auto output = qemu(cache,
                                 {"write -P " + std::to_string(first) + " 0 32k",
                                  "flush",
                                  "write -P " + std::to_string(second) + " 64k 32k",
                                  "abort"});
        EXPECT_EQ(output.exit.signal, 6) << output.out << output.err;
        end_server(signal);
        return {holds(0, first), holds(64U << 10U, second)};
    }

    bool holds(std::size_t offset, int value) {
        std::vector<char> content(region);
        std::ifstream file(image(), std::ios::binary);
        file.seekg(static_cast<std::streamoff>(offset));
        file.read(content.data(), static_cast<std::streamsize>(content.size()));
        return std::ranges::all_of(
            content, [&](char byte) { return static_cast<unsigned char>(byte) == value; });
    }

    /// In how many of `rounds` each of the two writes was there as a whole.
    std::pair<int, int> survived(const std::string& cache, Signal signal, int rounds) {
        std::pair<int, int> whole{0, 0};
        for (int round = 0; round < rounds; ++round) {
            const auto left = writes_then(cache, signal, round);
            whole.first += left.flushed_whole ? 1 : 0;
            whole.second += left.unflushed_whole ? 1 : 0;
        }
        return whole;
    }

    fs::path directory_;
};

constexpr int rounds = 20;
/// More than chance would keep, and less: some of the writes were lost.
const auto some_lost = testing::AllOf(testing::Ge(0), testing::Le(rounds - 5));

TEST_F(PowerCut, WithCacheNoneKeepsEveryFlushedWriteIn200Cuts) {
    constexpr int cuts = 200;
    const auto [flushed, unflushed] = survived("none", Signal::kill, cuts);
    EXPECT_EQ(flushed, cuts);
    EXPECT_LT(unflushed, cuts / 2);  // otherwise the cuts cut nothing
}

TEST_F(PowerCut, WithWritebackKeepsWhatWasFlushedAndLosesOfTheRest) {
    const auto [flushed, unflushed] = survived("writeback", Signal::kill, rounds);
    EXPECT_EQ(flushed, rounds);
    EXPECT_THAT(unflushed, some_lost);
}

TEST_F(PowerCut, WithWritethroughKeepsEveryWrite) {
    EXPECT_EQ(survived("writethrough", Signal::kill, rounds), (std::pair{rounds, rounds}));
}

TEST_F(PowerCut, WithDirectsyncKeepsEveryWrite) {
    EXPECT_EQ(survived("directsync", Signal::kill, rounds), (std::pair{rounds, rounds}));
}

TEST_F(PowerCut, WithUnsafeLosesOfWhatWasFlushed) {
    const auto [flushed, unflushed] = survived("unsafe", Signal::kill, rounds);
    EXPECT_THAT(flushed, some_lost);
    EXPECT_THAT(unflushed, some_lost);
}

TEST_F(PowerCut, IsMoreThanTheEndOfQemuWhichLosesNothingInAnyMode) {
    for (const auto* cache : {"none", "writeback", "writethrough", "directsync", "unsafe"}) {
        EXPECT_EQ(survived(cache, Signal::term, 5), (std::pair{5, 5})) << cache;
    }
}

TEST_F(PowerCut, OfAServerWithoutACacheLosesNothing) {
    for (int round = 0; round < 5; ++round) {
        start_server(1, false);
        qemu("unsafe", {"write -P 77 0 32k", "abort"});
        end_server(Signal::kill);
        EXPECT_TRUE(holds(0, 77));
    }
}

/// Why a local disk is shown as a file.
TEST_F(PowerCut, OfADiskByNbdLosesNothingFlushedEvenWithUnsafe) {
    for (int round = 0; round < 5; ++round) {
        start_server(static_cast<std::uint64_t>(round));
        qemu("unsafe", {"write -P 77 0 32k", "flush", "abort"});
        end_server(Signal::kill);
        EXPECT_TRUE(holds(0, 77));
    }
}

TEST_F(PowerCut, FindsFaultsDoneByOrder) {
    start_server(1);
    const auto order = [&](const DiskFault& fault) {
        std::ofstream(directory_ / "draft") << to_order(fault);
        fs::rename(directory_ / "draft", directory_ / "orders" / "fault");
    };
    order({.writes = true, .error = DiskError::no_space, .from = 4096, .to = 8192});
    const auto failed = qemu("none", {"write 4k 4k", "read 4k 4k", "write 8k 4k"});
    EXPECT_THAT(failed.out + failed.err, HasSubstr("No space left on device"));
    EXPECT_THAT(failed.out, HasSubstr("read 4096/4096"));
    EXPECT_THAT(failed.out, HasSubstr("wrote 4096/4096 bytes at offset 8192"));

    order({.reads = true, .error = DiskError::read_only});
    EXPECT_THAT(qemu("none", {"read 0 4k"}).out, HasSubstr("Operation not permitted"));
    order({.flushes = true});
    EXPECT_NE(qemu("none", {"write 0 4k", "flush"}).exit.code, 0);

    order({.reads = true, .effect = DiskEffect::delay, .delay = 300ms});
    EXPECT_GE(qemu("none", {"read 0 4k"}).wall, 300ms);
    fs::remove(directory_ / "orders" / "fault");
    EXPECT_THAT(qemu("none", {"write 0 4k", "flush"}).out, HasSubstr("wrote 4096/4096"));
    int met = 0;
    std::ifstream(directory_ / "met" / "fault") >> met;
    EXPECT_GE(met, 4);
}

TEST_F(PowerCut, HoldsRequestsUntilTheOrderIsTakenBack) {
    start_server(1);
    std::ofstream(directory_ / "orders" / "hang").close();
    std::ofstream(directory_ / "draft") << to_order({.reads = true, .effect = DiskEffect::hang});
    fs::rename(directory_ / "draft", directory_ / "orders" / "hang");
    auto client = Child::spawn({"qemu-io",
                                "-f",
                                "raw",
                                "-c",
                                "read 0 4k",
                                "nbd+unix:///?socket=" + (directory_ / "socket").string()});
    ASSERT_TRUE(client);
    EXPECT_TRUE(wait_until(10s, [&] { return fs::exists(directory_ / "met" / "hang"); }));
    EXPECT_FALSE(client->wait(200ms));
    fs::remove(directory_ / "orders" / "hang");
    const auto ended = client->wait(10s);
    ASSERT_TRUE(ended) << ended.error().text();
    EXPECT_TRUE(ended->success());
}

}  // namespace
}  // namespace ordeal
