#pragma once

#include "verifier/crash/ext/flaw.hpp"
#include "verifier/crash/ext/inode.hpp"
#include "verifier/crash/ext/name_hash.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace ordeal::verifier::crash::ext {

/// What an entry stands for.
enum class EntryKind : std::uint8_t { self, parent, child };

/// An entry in use.
struct Entry {
    std::uint32_t inode = 0;
    std::uint8_t type = 0;  ///< FileType; 0: not told
    EntryKind kind = EntryKind::child;
    std::uint8_t name_length = 0;
    std::uint16_t name_offset = 0;  ///< in the block
};

/// The part of a hash tree that one block of the directory holds.
struct IndexNode {
    struct Child {
        std::uint32_t hash = 0;   ///< of the first: 0
        std::uint32_t block = 0;  ///< logical
    };

    std::vector<Child> children;
    std::uint8_t levels = 0;  ///< of the root: below it and above the leaves
};

/// A directory's block, its names left where they are.
struct DirectoryBlock {
    Flaw flaw = Flaw::none;
    std::vector<Entry> entries;
    std::optional<IndexNode> index;  ///< root or inner node of a hash tree
    std::uint32_t least_hash = ~0U;  ///< of the names in a leaf of a hash tree
    std::uint32_t greatest_hash = 0;
    std::uint64_t names = 0;  ///< a hash of all that its entries say, in any order
};

/// What a block is judged against.
struct DirectoryContext {
    const Geometry& geometry;
    std::uint32_t inode = 0;    ///< of the directory
    std::uint32_t seed = 0;     ///< for its checksums
    std::uint64_t logical = 0;  ///< the block's place in the directory
    std::uint64_t blocks = 0;   ///< of the directory
    bool indexed = false;       ///< it has a hash tree
    NameHashing hashing;        ///< of that tree
};

[[nodiscard]] DirectoryBlock parse_directory_block(const DirectoryContext& context,
                                                   std::span<const std::byte> block);

/// How the tree whose root this is hashes names; nothing if the root is no root.
[[nodiscard]] std::optional<NameHashing> index_hashing(const Geometry& geometry,
                                                       std::span<const std::byte> root);

}  // namespace ordeal::verifier::crash::ext
