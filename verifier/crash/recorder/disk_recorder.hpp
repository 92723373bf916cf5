#pragma once

#include "verifier/crash/trace.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <mutex>
#include <span>
#include <string>

namespace ordeal::verifier::crash {

/// Serves a disk from a raw file and records the issue and the completion of every request. Issue
/// means before the file is touched, completion after it is done and before the client hears of
/// it: what a client did because of a completion is always recorded after it.
/// Thread-safe. The trace is complete when the recorder is destroyed; one that dies before leaves a
/// trace that ends earlier.
class DiskRecorder {
  public:
    struct Options {
        std::filesystem::path file;   ///< the disk, raw; its size is a multiple of `atom`
        std::filesystem::path trace;  ///< must not exist
        std::filesystem::path base;   ///< where a copy of the disk as it is now goes; or empty
        std::uint32_t atom = 512;     ///< what the disk says that it writes whole: 512 or 4096
    };

    /// Errors: not_found, usage (sizes), unavailable (cannot be read or written).
    [[nodiscard]] static Result<std::unique_ptr<DiskRecorder>> create(const Options& options);
    ~DiskRecorder();
    DiskRecorder(const DiskRecorder&) = delete;
    DiskRecorder& operator=(const DiskRecorder&) = delete;

    enum class Fua { no, yes };

    [[nodiscard]] std::uint64_t size() const { return header_.disk_size; }

    [[nodiscard]] std::uint32_t atom() const { return header_.atom; }

    // Each returns 0 or an errno. Ranges that are not inside or not aligned to 512: EINVAL.
    [[nodiscard]] int read(std::span<std::byte> into, std::uint64_t offset) const;
    [[nodiscard]] int write(std::span<const std::byte> from, std::uint64_t offset, Fua fua);
    [[nodiscard]] int zero(std::uint64_t offset, std::uint64_t length, Fua fua);
    [[nodiscard]] int discard(std::uint64_t offset, std::uint64_t length, Fua fua);
    [[nodiscard]] int flush();

    /// An acknowledgement: its place among the events says what had completed by then.
    [[nodiscard]] int mark(std::span<const std::byte> bytes);

    /// The disk's write cache was switched on or off.
    [[nodiscard]] int note_write_cache(bool on);

  private:
    class File;

    DiskRecorder(std::unique_ptr<File> disk, std::unique_ptr<File> trace, TraceHeader header);

    [[nodiscard]] bool inside(std::uint64_t offset, std::uint64_t length) const;
    [[nodiscard]] int punch(EventType type, std::uint64_t offset, std::uint64_t length, Fua fua);
    /// 0 and the request's number, or an errno.
    [[nodiscard]] int issue(TraceEvent event, std::uint64_t& request);
    [[nodiscard]] int complete(std::uint64_t request, int error);
    [[nodiscard]] int append(TraceEvent event);
    [[nodiscard]] int write_out();

    const std::unique_ptr<File> disk_;
    const std::unique_ptr<File> trace_;
    const TraceHeader header_;
    const std::chrono::steady_clock::time_point start_;

    std::mutex mutex_;
    wire::Buffer buffer_;  ///< of the trace, not written yet; bounded
    TraceEncoder encoder_;
    std::uint64_t requests_ = 0;
};

}  // namespace ordeal::verifier::crash
