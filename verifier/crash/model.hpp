#pragma once

#include "verifier/crash/counts.hpp"
#include "verifier/crash/image_view.hpp"
#include "verifier/crash/trace.hpp"

#include <memory>
#include <string_view>
#include <vector>

/// What a crash may leave on a disk, at every instant of a recorded run.
///
/// A request r has an issue i(r) and a completion c(r), infinite when it never completed or failed.
///   Durable(t)  = writes that something has made safe by t
///   Volatile(t) = writes with i(W) <= t that are not durable; discards and zeroes are writes
/// A crash at t leaves in each sector the old content or that of a durable or volatile write of
/// it, unless a durable write was issued after that one had completed. Concurrent writes may have
/// reached the disk in either order. Sectors of different atoms are independent.
///
/// What makes a write safe depends on the fault. Power cut: a flush that was issued after its
/// completion and has completed; its own completion when it is FUA or the disk has no write cache.
/// QEMU killed: its completion, for the host keeps what it was given; with qcow2 not while the
/// cluster's allocation is only in QEMU's metadata cache. Host crash: as a power cut where the
/// host's page cache held it; its completion where it went past that cache, except for first
/// writes to a sparse file, whose allocation the host had not committed.
namespace ordeal::verifier::crash {

enum class CrashFault : std::uint8_t { power_cut, qemu_killed, host_crash };
enum class CacheMode : std::uint8_t { writeback, none, writethrough, directsync, unsafe };
enum class DiskFormat : std::uint8_t { raw, qcow2 };
enum class SectorDamage : std::uint8_t {
    none,
    torn,    ///< half of a sector in flight may be new and half old
    garbage  ///< a sector in flight may hold anything: one arbitrary content stands for it
};

[[nodiscard]] std::string_view name_of(CrashFault fault);
[[nodiscard]] std::string_view name_of(CacheMode mode);
[[nodiscard]] std::string_view name_of(DiskFormat format);
[[nodiscard]] std::string_view name_of(SectorDamage damage);

/// The fault, and the disk that it hits.
struct CrashRules {
    static constexpr std::uint32_t all_flushes = UINT32_MAX;

    CrashFault fault = CrashFault::power_cut;
    CacheMode cache = CacheMode::writeback;
    DiskFormat format = DiskFormat::raw;
    SectorDamage damage = SectorDamage::none;
    /// The disk lied about this many of the last flushes and FUA writes before the crash.
    std::uint32_t lying_flushes = 0;
    /// No write allocated anything in the host's filesystem or the image format.
    bool preallocated = false;
};

/// Sectors that the crash decides together, and what it may leave there. An atom may lie over
/// others that come before it: where its content is null, it is what they leave.
struct Atom {
    std::vector<std::uint64_t> sectors;      ///< ascending
    std::vector<const std::byte*> contents;  ///< 512 bytes each; alternative-major

    [[nodiscard]] std::size_t alternatives() const { return contents.size() / sectors.size(); }

    [[nodiscard]] const std::byte* content(std::size_t alternative, std::size_t position) const {
        return contents[alternative * sectors.size() + position];
    }
};

/// An instant just before something becomes durable, or the end of the trace: the states of every
/// other instant are among those of the next one of these.
struct CrashInstant {
    std::size_t number = 0;   ///< 0, 1, … in the order of time
    std::size_t event = 0;    ///< index of the trace's event that has not happened yet
    std::uint64_t time = 0;   ///< ns, of the last event that has happened
    std::vector<Atom> atoms;  ///< ascending by first sector; alternative 0 is the oldest content
    Count possible = 1;       ///< crash states: the product of the atoms' alternatives
};

/// Walks over the instants of a trace, keeping `base` at what is certain. Not thread-safe; each
/// worker has its own, with its own base.
class CrashModel {
  public:
    /// `base` is the disk before the first event. Both outlive the model.
    CrashModel(const Trace& trace, BaseImage& base, const CrashRules& rules);
    ~CrashModel();

    /// The next instant, valid until the next call; nullptr after the last.
    const CrashInstant* next();

    /// As next(), when only the way is of interest: its atoms are not made.
    bool skip();

  private:
    class Walk;
    std::unique_ptr<Walk> walk_;
};

}  // namespace ordeal::verifier::crash
