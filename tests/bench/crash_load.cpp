// Writes a ledger into a directory and a mark for each acknowledgement: the load of the bare-host
// arm, whose disk is recorded. crash_load DIRECTORY MARKS PROFILE RECORDS WRITERS [BUFFERED]
//
// MARKS is the recorder's export "marks" as a file. BUFFERED files without fsync are written after
// each record, so that the journal has something else to do too.
#include "core/wire_mark.hpp"
#include "guest-agents/ledger_writer.hpp"

#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <thread>
#include <unistd.h>
#include <vector>

namespace {

namespace fs = std::filesystem;
using ordeal::ledger::Mark;

bool put_mark(int marks, const Mark& mark) {
    const auto bytes = ordeal::ledger::encode_mark(mark);
    // Each mark has a place of its own: adjacent ones could be merged on the way.
    const auto slot = static_cast<off_t>(mark.sequence % 200 * 4096);
    return ::pwrite(marks, bytes.data(), bytes.size(), slot) == static_cast<ssize_t>(bytes.size());
}

void write_buffered(const fs::path& where, std::uint64_t sequence, int count) {
    for (int i = 0; i < count; ++i) {
        const auto name = "other-" + std::to_string(sequence % 20) + "-" + std::to_string(i);
        if ((sequence + static_cast<std::uint64_t>(i)) % 3 == 0) {
            fs::remove(where / name);
        } else {
            std::ofstream(where / name) << std::string(1000, static_cast<char>('a' + i % 26));
        }
    }
}

void write_all(const Mark& announcement,
               const fs::path& root,
               int marks,
               std::uint32_t writer,
               std::uint64_t records,
               int buffered) {
    const auto& plan = announcement.plan;
    const auto directory = (root / announcement.directory).string();
    auto opened = ordeal::agent::open_writer(directory, plan, writer);
    for (std::uint64_t index = 0; opened && index < records / plan.writers; ++index) {
        auto mark = announcement;
        mark.sequence = ordeal::ledger::sequence_of(plan, writer, index);
        if (!(*opened)->write(mark.sequence) || !put_mark(marks, mark)) {
            std::perror("write");
            std::exit(1);  // NOLINT(concurrency-mt-unsafe)
        }
        write_buffered(root, mark.sequence, buffered);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 6) {
        std::fputs("crash_load DIRECTORY MARKS PROFILE RECORDS WRITERS [BUFFERED]\n", stderr);
        return 2;
    }
    const auto profile = ordeal::ledger::parse_profile(argv[3]);
    const auto records = std::strtoull(argv[4], nullptr, 10);
    const auto writers = static_cast<std::uint32_t>(std::strtoul(argv[5], nullptr, 10));
    const int buffered = argc > 6 ? std::atoi(argv[6]) : 0;  // NOLINT(cert-err34-c)
    const int marks = ::open(argv[2], O_WRONLY | O_CLOEXEC);
    if (!profile || marks < 0) {
        std::fputs("no such profile or marks\n", stderr);
        return 2;
    }
    const Mark announcement{{.profile = profile.value(),
                             .run = 1,
                             .seed = 1,
                             .record_size = 4096,
                             .writers = writers,
                             .slots = writers * 8},
                            "ledger-1"};
    const fs::path root(argv[1]);
    if (!ordeal::agent::prepare_ledger((root / announcement.directory).string(),
                                       announcement.plan) ||
        !put_mark(marks, announcement)) {
        std::perror("prepare");
        return 1;
    }
    std::vector<std::jthread> threads;
    for (std::uint32_t writer = 0; writer < writers; ++writer) {
        threads.emplace_back(
            [&, writer] { write_all(announcement, root, marks, writer, records, buffered); });
    }
    return 0;
}
