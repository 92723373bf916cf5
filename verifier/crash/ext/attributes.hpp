#pragma once

#include "verifier/crash/ext/flaw.hpp"
#include "verifier/crash/ext/inode.hpp"

#include <cstdint>
#include <span>

namespace ordeal::verifier::crash::ext {

/// A block of extended attributes.
struct AttributeBlock {
    Flaw flaw = Flaw::none;        ///< attribute, or beyond_us (values kept in inodes)
    std::uint32_t references = 0;  ///< how many inodes it says use it
};

[[nodiscard]] AttributeBlock parse_attribute_block(const Geometry& geometry,
                                                   std::uint64_t number,
                                                   std::span<const std::byte> block);

/// The space behind the classic inode: its size, and attributes in it.
/// none, inode_extra, attribute or beyond_us.
[[nodiscard]] Flaw check_extra_space(const InodeFields& inode);

/// Changes the number of references of a block of attributes, and its checksum.
void set_attribute_references(const Geometry& geometry,
                              std::uint64_t number,
                              std::span<std::byte> block,
                              std::uint32_t references);

}  // namespace ordeal::verifier::crash::ext
