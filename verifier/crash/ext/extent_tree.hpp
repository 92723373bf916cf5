#pragma once

#include "verifier/crash/ext/block_map.hpp"

namespace ordeal::verifier::crash::ext {

/// Reads the map of an inode with inode_flag::extents.
void read_extent_tree(RecoveredDisk& disk,
                      const Geometry& geometry,
                      std::uint32_t number,
                      const InodeFields& inode,
                      BlockMap& map);

}  // namespace ordeal::verifier::crash::ext
