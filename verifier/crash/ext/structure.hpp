#pragma once

#include "verifier/crash/ext/attributes.hpp"
#include "verifier/crash/ext/block_claims.hpp"
#include "verifier/crash/ext/directory_block.hpp"
#include "verifier/crash/ext/groups.hpp"
#include "verifier/crash/ext/inode_check.hpp"
#include "verifier/crash/ext/inode_states.hpp"
#include "verifier/crash/ext/recovered_disk.hpp"

#include <cstdint>
#include <memory>
#include <set>
#include <unordered_map>
#include <vector>

namespace ordeal::verifier::crash::ext {

/// A directory's block and what was derived from it.
struct DirectoryPart {
    std::uint64_t physical = 0;
    Stamp stamp = 0;  ///< 0: not read yet
    std::uint64_t content = 0;
    DirectoryBlock parsed;
};

/// A directory as the structure keeps it.
struct Directory {
    std::vector<DirectoryPart> parts;  ///< by logical number
    NameHashing hashing;               ///< of its tree, if it has one
    bool hole = false;
    bool tree_wrong = false;
};

/// An inode in use as the structure keeps it.
struct KnownInode {
    InodeReport report;
    std::vector<Run> claimed;  ///< what it claims in BlockClaims now
    std::uint64_t facts = 0;   ///< a hash of its type, links and size
    std::unique_ptr<Directory> directory;
};

/// The structure of a filesystem: tables, bitmaps, inodes, maps, directories, and whether they
/// agree. Derived once from everything; from then on an update reads only where stamps tell that
/// something changed. What it reads, and in which order, depends on the image alone and not on what
/// it saw before: groups, bitmaps, inode tables, maps by inode, directories by inode.
/// Not thread-safe.
class Structure {
  public:
    /// Looks at `disk` as it is now. Precondition: no flaw in `superblock`.
    void update(RecoveredDisk& disk, const Superblock& superblock);

    enum class Verdict { sound, broken, beyond_us };

    [[nodiscard]] Verdict verdict() const { return verdict_; }

    /// What is wrong; empty if sound.
    [[nodiscard]] std::vector<Problem> problems(std::size_t most) const;

    /// A hash of the content of all metadata but superblock, descriptors and journal; the same for
    /// the same content, wherever recovery took it from.
    [[nodiscard]] std::uint64_t content() const { return content_; }

    /// A hash of names, types, link counts and sizes.
    [[nodiscard]] std::uint64_t names() const { return names_; }

    /// nullptr: not in use.
    [[nodiscard]] const KnownInode* inode(std::uint32_t number) const;

    /// All directories, by number. Meaningful while inode() is.
    [[nodiscard]] const std::set<std::uint32_t>& directories() const { return directories_; }

    [[nodiscard]] const Geometry& geometry() const { return geometry_; }

    [[nodiscard]] const std::vector<Group>& groups() const { return groups_; }

  private:
    struct Table {
        std::vector<Stamp> spans;   ///< of what lies in one chunk of the image
        std::vector<Stamp> blocks;  ///< 0: not read yet
        std::uint32_t used = ~0U;   ///< inodes of it that count
    };

    struct Bitmap {
        Stamp stamp = 0;
        std::uint64_t content = 0;
        std::uint32_t checksum = 0;
        bool padded = true;
    };

    struct Attributes {
        AttributeBlock parsed;
        Stamp stamp = 0;
        std::uint64_t content = 0;
        std::uint32_t users = 0;
    };

    // structure.cpp
    void reset(const Geometry& geometry, std::vector<Group> groups);
    void claim_tables();
    void update_inodes(RecoveredDisk& disk);
    void update_inode(RecoveredDisk& disk, std::uint32_t number, bool changed);
    void replace(RecoveredDisk& disk, std::uint32_t number, InodeReport report, bool present);
    void update_claims();
    [[nodiscard]] bool read_again(RecoveredDisk& disk, const InodeReport& report) const;
    [[nodiscard]] bool resize_inode_holds() const;

    // structure_tables.cpp
    void update_bitmaps(RecoveredDisk& disk);
    void update_bitmap(RecoveredDisk& disk, std::uint32_t group, bool blocks);
    [[nodiscard]] std::vector<std::byte> lazy_bitmap(std::uint32_t group, bool blocks) const;
    void update_tables(RecoveredDisk& disk);
    void update_table(RecoveredDisk& disk, std::uint32_t group, std::uint32_t used);
    void update_table_block(RecoveredDisk& disk,
                            std::uint32_t group,
                            std::uint32_t index,
                            std::uint32_t used);
    void forget_behind(std::uint32_t group, std::uint32_t used);
    [[nodiscard]] DescriptorPlace place_of(std::uint32_t number) const;

    // structure_directories.cpp
    void lay_out(std::uint32_t number, KnownInode& known);
    void clear(std::uint32_t number, Directory& directory, std::size_t from);
    void forget(std::uint32_t number, DirectoryPart& part);
    void update_directory(RecoveredDisk& disk, std::uint32_t number);
    static void judge_tree(Directory& directory, bool indexed);
    [[nodiscard]] bool all_reached();

    // structure_attributes.cpp
    void use_attributes(RecoveredDisk& disk, std::uint64_t block, Stamp stamp);
    void drop_attributes(std::uint64_t block);
    [[nodiscard]] static bool attributes_wrong(const Attributes& attributes);

    // structure_verdict.cpp
    void judge();
    [[nodiscard]] Flaw group_flaw(std::uint32_t group) const;

    Geometry geometry_;
    std::vector<Group> groups_;
    Flaw group_flaw_ = Flaw::none;  ///< of the descriptors: nothing further was looked at
    std::uint32_t flawed_group_ = 0;

    BlockClaims claims_;
    InodeStates states_;
    std::vector<Table> tables_;
    std::vector<Bitmap> block_bitmaps_;
    std::vector<Bitmap> inode_bitmaps_;
    std::vector<std::uint64_t> inode_content_;  ///< by number; 0: not in a table that counts
    std::vector<std::unique_ptr<KnownInode>> known_;
    std::vector<std::uint32_t> changed_;  ///< inodes whose own bytes changed
    std::set<std::uint32_t> readers_;     ///< inodes derived from other blocks too
    std::set<std::uint32_t> directories_;
    std::set<std::uint32_t> unclaimed_;  ///< inodes whose claims are not up to date
    std::unordered_map<std::uint64_t, Attributes> attributes_;

    std::uint64_t total_blocks_ = 0;  ///< of all maps
    std::uint64_t large_files_ = 0;
    std::uint64_t beyond_us_ = 0;
    std::uint64_t wrong_attributes_ = 0;
    std::uint64_t flawed_parts_ = 0;  ///< directory blocks
    std::uint64_t flawed_directories_ = 0;
    std::uint64_t content_ = 0;
    std::uint64_t names_ = 0;
    std::uint64_t reached_at_ = ~std::uint64_t{0};  ///< InodeStates::moves() when last walked
    bool reached_ = false;
    bool resize_holds_ = false;  ///< the resize inode keeps what it should
    Verdict verdict_ = Verdict::beyond_us;
    Flaw summary_ = Flaw::none;  ///< of what is no block's or inode's own
    std::uint64_t summary_group_ = 0;
};

}  // namespace ordeal::verifier::crash::ext
