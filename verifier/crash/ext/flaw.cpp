#include "verifier/crash/ext/flaw.hpp"

#include <array>
#include <fmt/format.h>

namespace ordeal::verifier::crash::ext {
namespace {

constexpr std::array names{
    "none",
    "a feature that is not read here",
    "superblock",
    "superblock checksum",
    "no usable journal inode",
    "journal superblock",
    "journal cannot be replayed",
    "orphan list",
    "location of a group's tables",
    "group descriptor checksum",
    "tables share a block",
    "free blocks of a group",
    "free inodes of a group",
    "directories of a group",
    "flags of an uninitialised group",
    "bitmap checksum",
    "bitmap padding",
    "block bitmap",
    "block claimed twice",
    "inode bitmap",
    "inode checksum",
    "inode's deletion time",
    "inode's mode",
    "inode's flags",
    "inode's reserved fields",
    "inode's extra space",
    "inode's size",
    "inode's block count",
    "link count",
    "special file with a size",
    "symbolic link",
    "block number out of range",
    "extent header",
    "extents out of order",
    "extent block checksum",
    "resize inode",
    "extended attributes",
    "references to extended attributes",
    "hole in a directory",
    "directory entry",
    "'.' or '..'",
    "name in a directory",
    "directory entry without an inode",
    "file type in a directory entry",
    "directory block checksum",
    "parent of a directory",
    "directory not reached from the root",
    "hash tree of a directory",
};
static_assert(names.size() == static_cast<std::size_t>(Flaw::directory_index) + 1);

}  // namespace

std::string_view name_of(Flaw flaw) {
    return names.at(static_cast<std::size_t>(flaw));
}

std::string Problem::text() const {
    std::string text(name_of(flaw));
    if (inode != 0) {
        text += fmt::format(", inode {}", inode);
    }
    if (block != 0) {
        text += fmt::format(", block {}", block);
    }
    return text;
}

}  // namespace ordeal::verifier::crash::ext
