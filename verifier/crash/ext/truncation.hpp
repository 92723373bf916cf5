#pragma once

#include "verifier/crash/ext/allocation.hpp"
#include "verifier/crash/ext/inode.hpp"

#include <cstdint>
#include <span>

namespace ordeal::verifier::crash::ext {

/// Takes all blocks from logical number `end` on away from an inode that maps blocks, and what of
/// its map becomes empty thereby. `inode`: its bytes, changed in place. False if its map makes no
/// sense.
[[nodiscard]] bool truncate(RecoveredDisk& disk,
                            const Geometry& geometry,
                            Allocation& allocation,
                            std::uint32_t number,
                            std::span<std::byte> inode,
                            std::uint64_t end);

}  // namespace ordeal::verifier::crash::ext
