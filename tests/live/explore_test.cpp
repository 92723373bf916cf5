#include "testbed/process.hpp"
#include "tests/verifier/crash/fewer_flushes.hpp"
#include "tests/verifier/image_lab.hpp"
#include "verifier/crash/exploration.hpp"
#include "verifier/crash/ext_engine.hpp"
#include "verifier/ext_image.hpp"

#include <gmock/gmock.h>

#include <fstream>
#include <unistd.h>

// Recorded runs of the real ext3 and ext4 of this kernel, on a loop device over the recorder.

namespace ordeal::verifier::crash {
namespace {

namespace fs = std::filesystem;
using ordeal::testing::fewer_flushes;
using ordeal::testing::ImageLab;
using ordeal::testing::RealTools;

struct Recorded {
    Trace trace;
    std::vector<std::byte> base;
};

class ExploreRecorded : public ::testing::Test {
  protected:
    void SetUp() override {
        if (::geteuid() != 0) {
            GTEST_SKIP() << "needs root to mount";
        }
        for (const auto* tool : {"nbdkit", "nbdfuse", "mke2fs", "e2fsck"}) {
            const auto found =
                tools.run({"sh", "-c", std::string("command -v ") + tool}, std::chrono::seconds(5));
            if (!found || found->exit_code != 0) {
                GTEST_SKIP() << "needs " << tool;
            }
        }
    }

    Recorded record(const std::string& filesystem,
                    const std::string& options,
                    const std::string& profile,
                    const std::string& atom = "512") {
        const auto out = (lab.directory() / std::to_string(recordings_++)).string();
        const auto run = tools.run({"env",
                                    "ORDEAL_ATOM=" + atom,
                                    ORDEAL_SOURCE_DIR "/tests/bench/record_host.sh",
                                    ORDEAL_BUILD_DIR,
                                    out,
                                    filesystem,
                                    "16M",
                                    options,
                                    profile,
                                    "24",
                                    "2",
                                    "1"},
                                   std::chrono::minutes(3));
        EXPECT_TRUE(run && run->exit_code == 0) << (run ? run->err : run.error().text());
        auto trace = read_trace(out + ".trace");
        EXPECT_TRUE(trace) << trace.error().text();
        std::vector<std::byte> base(fs::file_size(out + ".base"));
        std::ifstream(out + ".base", std::ios::binary)
            .read(reinterpret_cast<char*>(base.data()), static_cast<std::streamsize>(base.size()));
        return {std::move(trace.value()), std::move(base)};
    }

    Exploration explore(const Trace& trace,
                        const std::vector<std::byte>& base,
                        std::uint64_t max_runs = 20'000) {
        ExplorationOptions options;
        options.workers = 2;
        options.max_runs = max_runs;
        options.bad_kept = 40;
        options.budget = std::chrono::minutes(2);
        auto found = explore_trace(trace, base, options, ext_engine, [this](unsigned worker) {
            return std::make_unique<Referee>(
                tools, lab.directory(), "referee-" + std::to_string(worker));
        });
        EXPECT_TRUE(found) << found.error().text();
        return std::move(found.value());
    }

    /// Whether somebody else than our engine finds the state bad: e2fsck, or the ledger read with
    /// libext2fs after e2fsck's own replay.
    bool confirmed(const Trace& trace, const std::vector<std::byte>& base, const BadState& bad) {
        const auto engine = ext_engine();  // for the recoveries that were cut
        const auto image = build_image(trace, base, {}, bad.id, engine.get());
        if (!image) {
            ADD_FAILURE() << image.error().text();
            return false;
        }
        const auto path = lab.directory() / "bad.img";
        std::ofstream(path, std::ios::binary)
            .write(reinterpret_cast<const char*>(image->data()),
                   static_cast<std::streamsize>(image->size()));
        (void)tools.run({"e2fsck", "-p", "-E", "journal_only", path.string()},
                        std::chrono::minutes(1));
        const auto checked = tools.run({"e2fsck", "-fn", path.string()}, std::chrono::minutes(1));
        if (bad.kind == BadKind::structure) {
            return checked && checked->exit_code != 0;
        }
        const auto opened = ExtImage::open(path);
        EXPECT_TRUE(opened);
        BaseImage before(base);
        CrashModel model(trace, before, {});
        const CrashInstant* instant = model.next();
        while (instant->number != bad.id.instant) {
            instant = model.next();
        }
        for (const auto& ledger : ledgers_of(trace)) {
            std::vector<std::uint64_t> acknowledged;
            for (const auto& [event, sequence] : ledger.acknowledged) {
                if (event < instant->event && sequence != 0) {
                    acknowledged.push_back(sequence);
                }
            }
            ledger::Scan scan;
            (void)opened->each_file(ledger.directory, [&](std::string_view name, auto bytes) {
                ledger::scan_file(ledger.plan, {std::string(name), bytes}, scan);
            });
            std::ranges::sort(scan.places, {}, &ledger::Place::place);
            const auto judged = ledger::judge(ledger.plan, acknowledged, scan);
            if (!judged.lost.empty() || !judged.half_there.empty()) {
                return true;
            }
        }
        return false;
    }

    void expect_bad_and_confirmed(const Trace& trace, const std::vector<std::byte>& base) {
        const auto found = explore(trace, base, 12);
        EXPECT_GT(found.bad_leaves, 0U);
        EXPECT_EQ(found.disagreements, 0U);
        ASSERT_FALSE(found.bad_states.empty());
        std::size_t examined = 0;
        for (const auto& bad : found.bad_states) {
            EXPECT_TRUE(confirmed(trace, base, bad))
                << name_of(bad.kind) << " " << bad.id.text() << " " << bad.words.front();
            if (++examined == 5) {
                break;
            }
        }
    }

    RealTools tools;
    ImageLab lab;
    int recordings_ = 0;
};

struct Load {
    std::string filesystem;
    std::string options;
    std::string profile;
    std::string atom = "512";
};

class ExploreSoundLoads : public ExploreRecorded, public ::testing::WithParamInterface<Load> {};

TEST_P(ExploreSoundLoads, AreCoveredWhollyWithoutABadState) {
    const auto& load = GetParam();
    const auto [trace, base] = record(load.filesystem, load.options, load.profile, load.atom);
    const auto found = explore(trace, base);
    EXPECT_TRUE(found.complete()) << to_text(found.coverage.covered) << " of "
                                  << to_text(found.coverage.possible);
    EXPECT_EQ(found.bad_leaves, 0U)
        << found.bad_states.front().id.text() << ": " << found.bad_states.front().words.front();
    EXPECT_EQ(found.disagreements, 0U) << found.bad_states.front().words.back();
    EXPECT_EQ(found.unjudged_leaves, 0U);
    EXPECT_EQ(found.bad_recovery, 0);
    EXPECT_GT(found.recovery.covered, found.coverage.instants) << "recoveries were cut, too";
    EXPECT_EQ(found.acknowledged, 24U);
    EXPECT_GT(found.promises_checked, 24U);
    EXPECT_GT(found.refereed, 0U);
}

INSTANTIATE_TEST_SUITE_P(Loads,
                         ExploreSoundLoads,
                         ::testing::Values(Load{"ext3", "data=ordered", "append_fsync"},
                                           Load{"ext3", "data=journal", "rename_fsync"},
                                           Load{"ext3", "data=writeback", "overwrite_direct"},
                                           Load{"ext4", "data=ordered", "append_fsync", "4096"},
                                           Load{"ext4", "data=ordered", "rename_fsync", "4096"},
                                           Load{
                                               "ext4", "data=journal", "overwrite_direct", "4096"}),
                         [](const auto& load) {
                             auto name = load.param.filesystem + "_" +
                                         load.param.options.substr(5) + "_" + load.param.profile;
                             return name;
                         });

// The superblock is two sectors under one checksum: only a disk that writes 4 KiB whole keeps it.
TEST_F(ExploreRecorded, FindsThatASectorCutTearsTheSuperblockOfExt4) {
    const auto [trace, base] = record("ext4", "data=ordered", "append_fsync");
    const auto found = explore(trace, base);
    EXPECT_GT(found.bad_leaves, 0U);
    EXPECT_EQ(found.disagreements, 0U);
    for (const auto& bad : found.bad_states) {
        EXPECT_EQ(bad.words.front(), "superblock checksum") << bad.id.text();
        EXPECT_TRUE(confirmed(trace, base, bad));
    }
}

TEST_F(ExploreRecorded, FindsBadStatesWhereFlushesAreMissing) {
    const auto [trace, base] = record("ext3", "data=ordered", "append_fsync");
    for (const std::uint64_t group : {2, 3, 6}) {
        SCOPED_TRACE(group);
        expect_bad_and_confirmed(fewer_flushes(trace, group), base);
    }
}

TEST_F(ExploreRecorded, FindsBadStatesOfAFilesystemWithoutBarriers) {
    const auto [trace, base] = record("ext3", "data=ordered,barrier=0", "append_fsync");
    expect_bad_and_confirmed(trace, base);
}

class ExploreSqlite : public ExploreRecorded {
  protected:
    /// Records transactions and explores them with the shipped oracle.
    Tools::Output judged(const std::string& synchronous) {
        const std::string folder = ORDEAL_SOURCE_DIR "/experiments/crash/sqlite";
        const auto out = (lab.directory() / ("sqlite-" + synchronous)).string();
        const auto recorded = tools.run({folder + "/record.sh",
                                         ORDEAL_BUILD_DIR "/verifier/crash/ordeal-record.so",
                                         out,
                                         "12",
                                         synchronous},
                                        std::chrono::minutes(3));
        EXPECT_TRUE(recorded && recorded->exit_code == 0)
            << (recorded ? recorded->err : recorded.error().text());
        const auto explored = tools.run({ORDEAL_PROGRAM,
                                         "explore",
                                         out + ".trace",
                                         "--base",
                                         out + ".base",
                                         "--no-referee",
                                         "--recovery-depth",
                                         "0",
                                         "--oracle",
                                         folder + "/oracle.sh",
                                         "--oracle-states",
                                         "30"},
                                        std::chrono::minutes(3));
        EXPECT_TRUE(explored) << explored.error().text();
        return explored ? *explored : Tools::Output{};
    }
};

TEST_F(ExploreSqlite, OracleOfTheUserFindsLostTransactionsOnlyWhereNobodySyncs) {
    const auto found =
        tools.run({"sh", "-c", "command -v sqlite3 debugfs stdbuf"}, std::chrono::seconds(5));
    if (!found || found->exit_code != 0) {
        GTEST_SKIP() << "needs sqlite3";
    }
    const auto synced = judged("EXTRA");
    EXPECT_EQ(synced.exit_code, 0) << synced.out << synced.err;
    EXPECT_THAT(synced.out, ::testing::HasSubstr("shown 30 states")) << synced.out;
    EXPECT_THAT(synced.out, ::testing::HasSubstr("condemned 0")) << synced.out;
    const auto unsynced = judged("OFF");
    EXPECT_EQ(unsynced.exit_code, 1) << unsynced.out << unsynced.err;
    EXPECT_THAT(unsynced.out, ::testing::StartsWith("BAD: the oracle condemns"));
}

}  // namespace
}  // namespace ordeal::verifier::crash
