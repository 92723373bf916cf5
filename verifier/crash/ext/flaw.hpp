#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace ordeal::verifier::crash::ext {

/// What is wrong with an image. Named after what a person would look for, not after the check.
enum class Flaw : std::uint8_t {
    none,
    beyond_us,   ///< a feature that we do not read: no judgement
    superblock,  ///< nonsense in the superblock
    superblock_checksum,
    journal_missing,     ///< the journal's inode is not usable
    journal_superblock,  ///< nonsense in the journal's superblock
    journal_corrupt,     ///< the log cannot be replayed
    orphan_list,         ///< the list of orphans leads astray
    group_location,      ///< a bitmap or inode table outside of where it may be
    group_checksum,
    group_overlap,      ///< tables of the filesystem share a block
    group_free_blocks,  ///< a group counts its free blocks wrongly
    group_free_inodes,
    group_directories,
    group_uninitialised,  ///< flags of lazy initialisation where they may not be
    bitmap_checksum,
    bitmap_padding,  ///< bits behind the end are not set
    block_bitmap,    ///< used and marked free, or the reverse
    block_shared,    ///< claimed twice
    inode_bitmap,
    inode_checksum,
    inode_dtime,  ///< deleted without a time, or with one that is an orphan link
    inode_mode,   ///< a type that cannot be, or in a reserved inode
    inode_flags,
    inode_fields,  ///< a field that must be zero is not
    inode_extra,   ///< the space behind the classic inode
    inode_size,
    inode_blocks,  ///< i_blocks does not count what it has
    inode_links,   ///< link count wrong, or in no directory at all
    special_size,  ///< a device, fifo or socket with a size
    symlink,
    block_number,  ///< a block outside of the filesystem
    extent_header,
    extent_order,  ///< extents out of order or overlapping
    extent_checksum,
    resize_inode,
    attribute,  ///< extended attributes
    attribute_references,
    directory_hole,
    directory_entry,  ///< a record that does not fit
    directory_dot,    ///< "." or ".." missing or wrong
    directory_name,   ///< a name that cannot be, or twice
    directory_inode,  ///< an entry that leads to no inode in use
    directory_type,   ///< an entry that tells another type than its inode
    directory_checksum,
    directory_parent,     ///< no parent, two parents, or ".." elsewhere
    directory_unreached,  ///< not reached from the root
    directory_index,      ///< the hash tree
};

[[nodiscard]] std::string_view name_of(Flaw flaw);

/// One flaw and where it is.
struct Problem {
    Flaw flaw = Flaw::none;
    std::uint64_t inode = 0;  ///< 0: none
    std::uint64_t block = 0;  ///< 0: none; for flaws of groups the group's number

    [[nodiscard]] std::string text() const;

    friend bool operator==(const Problem&, const Problem&) = default;
};

}  // namespace ordeal::verifier::crash::ext
