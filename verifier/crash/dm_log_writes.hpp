#pragma once

#include "verifier/crash/trace.hpp"

#include <string>
#include <vector>

/// The log of the kernel's dm-log-writes target and of QEMU's blklogwrites driver: one entry for
/// each request, where it completed. Import and export are exact in bytes and inexact in time,
/// which their caveats say.
namespace ordeal::verifier::crash {

struct DmLog {
    std::vector<std::byte> bytes;
    std::vector<std::string> caveats;  ///< what the log does not say that the trace did
};

/// Writes where they completed; a flush where it was issued, for it is about what had completed by
/// then. Requests that failed or never completed are left out.
[[nodiscard]] DmLog export_dm_log_writes(const Trace& trace);

/// Whether the bytes begin as such a log does.
[[nodiscard]] bool is_dm_log_writes(wire::ByteView bytes);

/// A trace of ours or such a log, as its first bytes say. `disk_size`: of a log's disk. Errors:
/// those of read_trace() and import_dm_log_writes().
[[nodiscard]] Result<Trace> read_recording(const std::filesystem::path& path,
                                           std::uint64_t disk_size);

/// The log as a trace in which each request completes before the next one is issued; `caveats` of
/// it say what that leaves out. `disk_size` in bytes. Goes on behind the last entry that the log's
/// head counts, as it counts late. Errors: corrupt (with the offset).
[[nodiscard]] Result<Trace> import_dm_log_writes(wire::ByteView bytes, std::uint64_t disk_size);

}  // namespace ordeal::verifier::crash
