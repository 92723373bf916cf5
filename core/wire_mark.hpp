#pragma once

#include "core/wire_ledger.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>

namespace ordeal::ledger {

/// An acknowledgement as it is written to a recorded disk's mark export, directly after the fsync:
/// its place among the disk's requests then tells which states must hold the record, without any
/// clock. Each says by itself which ledger it is of:
///
///   offset 0  u32  magic               32  u64  sequence
///          4  u32  record size         40  u8   profile
///          8  u32  writers             41  u8   length of the directory
///         12  u32  slots               42       directory, relative to the filesystem's root
///         16  u64  run                504  u64  checksum of all before it
///         24  u64  seed
struct Mark {
    Plan plan;
    std::string directory;       ///< "ledger-7"; at most max_mark_directory bytes
    std::uint64_t sequence = 0;  ///< 0: the ledger's directory is there, nothing else yet
};

inline constexpr std::size_t mark_size = 512;
inline constexpr std::size_t max_mark_directory = 255;

/// Precondition: the directory is not too long.
[[nodiscard]] std::array<std::byte, mark_size> encode_mark(const Mark& mark);

/// Nothing when the bytes are no mark of ours, or its plan is not valid. Longer input is cut: a
/// guest may merge a mark with what lies behind it.
[[nodiscard]] std::optional<Mark> decode_mark(ByteView bytes);

}  // namespace ordeal::ledger
