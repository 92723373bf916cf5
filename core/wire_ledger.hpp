#pragma once

#include "core/result.hpp"
#include "core/wire_bytes.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The ledger on disk: written by the guest agent, read back by the verifier.
///
/// A record is a row of 512-byte blocks, each of which says by itself which block of which record
/// of which run it is, so that a record torn at any sector boundary is still accounted for:
///
///   offset 0  u32  magic
///          4  u32  record size
///          8  u64  run
///         16  u64  sequence
///         24  u32  index of the block in its record
///         28  u32  zero
///         32  u64  checksum of all other bytes of the block
///         40       payload, derived from seed, sequence and index
///
/// Sequences start at 1 and are dealt to the writers in turn. A *place* is where a record may be:
/// with append_fsync each sequence has its own; otherwise a slot, that holds the newest of its
/// sequences. All functions are pure and thread-safe.
namespace ordeal::ledger {

using wire::ByteView;

inline constexpr std::size_t block_size = 512;
inline constexpr std::uint32_t max_record_size = 1U << 20U;
inline constexpr std::uint32_t max_writers = 64;
inline constexpr std::uint32_t max_slots = 65536;

enum class Profile : std::uint8_t {
    append_fsync,     ///< one file a writer; append, fsync
    rename_fsync,     ///< one file a slot; write temporary, fsync, rename, fsync directory. Atomic
    overwrite_direct  ///< one file of slots; O_DIRECT write in place, fdatasync
};

[[nodiscard]] std::string_view name_of(Profile profile);
[[nodiscard]] Result<Profile> parse_profile(std::string_view name);

/// Everything that determines the bytes and the names of a ledger.
struct Plan {
    Profile profile = Profile::append_fsync;
    std::uint64_t run = 0;             ///< tells this load's records from those of every other load
    std::uint64_t seed = 0;            ///< of the payload
    std::uint32_t record_size = 4096;  ///< bytes; a multiple of block_size
    std::uint32_t writers = 1;         ///< concurrent writer threads
    std::uint32_t slots = 256;         ///< a multiple of writers; unused by append_fsync

    static void fields(auto& m, auto&& visit) {
        visit(m.profile, m.run, m.seed, m.record_size, m.writers, m.slots);
    }
};

/// Refuses sizes out of range, record sizes that O_DIRECT cannot write, slots that two writers
/// would share.
[[nodiscard]] Status validate(const Plan& plan);

/// The sequence of a writer's `index`-th record, both from 0.
[[nodiscard]] std::uint64_t sequence_of(const Plan& plan,
                                        std::uint32_t writer,
                                        std::uint64_t index);

/// The place of a sequence (>= 1). With append_fsync the place is the sequence itself.
[[nodiscard]] std::uint64_t place_of(const Plan& plan, std::uint64_t sequence);

/// The file that holds a sequence: "append-3", "slot-17" or "slots".
[[nodiscard]] std::string file_of(const Plan& plan, std::uint64_t sequence);

/// Every file name that the plan can produce; with rename_fsync a file may legitimately be absent.
[[nodiscard]] std::vector<std::string> file_names(const Plan& plan);

/// Where in its file a record starts, in bytes.
[[nodiscard]] std::uint64_t offset_of(const Plan& plan, std::uint64_t sequence);

/// Writes the record into `to`, which is plan.record_size long.
void fill_record(const Plan& plan, std::uint64_t sequence, std::span<std::byte> to);

enum class BlockKind : std::uint8_t { unwritten, sound, misplaced, foreign, damaged };

struct BlockFinding {
    BlockKind kind = BlockKind::damaged;
    std::uint64_t sequence = 0;  ///< of a sound block
};

/// Judges one block that was found where block `index` of a record of `place` belongs.
[[nodiscard]] BlockFinding examine_block(const Plan& plan,
                                         std::uint64_t place,
                                         std::uint32_t index,
                                         ByteView block);

/// Where in a file a place is.
struct Stretch {
    std::uint64_t place = 0;
    std::uint64_t offset = 0;  ///< bytes; may be past the end of the file
};

/// The places of a file of `size` bytes; nothing when it is no part of the plan.
[[nodiscard]] std::optional<std::vector<Stretch>> places_of(const Plan& plan,
                                                            std::string_view name,
                                                            std::uint64_t size);

/// What one place holds. Blocks never written (all zero, or past the end of the file) count as
/// sequence 0.
struct Place {
    std::uint64_t place = 0;
    std::uint64_t oldest = 0;  ///< smallest sequence among its sound blocks
    std::uint64_t newest = 0;  ///< largest
    std::uint32_t bad_blocks = 0;

    /// One record, whole.
    [[nodiscard]] bool intact() const { return bad_blocks == 0 && oldest == newest && newest != 0; }
};

/// Whether a place keeps the promise that `required` was acknowledged for it.
[[nodiscard]] bool keeps(const Plan& plan, const Place& place, std::uint64_t required);

/// The last acknowledged sequence of every place that has one.
[[nodiscard]] std::map<std::uint64_t, std::uint64_t> required_by_place(
    const Plan& plan, std::span<const std::uint64_t> acknowledged);

/// What was found. Places with nothing in them are not listed.
struct Scan {
    std::vector<Place> places;           ///< ascending by place once scan() returned
    std::uint64_t damaged_blocks = 0;    ///< not a block, or a byte of it differs
    std::uint64_t misplaced_blocks = 0;  ///< a sound block of this run where it does not belong
    std::uint64_t foreign_blocks = 0;    ///< a sound block of another run
    std::vector<std::string> ignored;    ///< files that are no part of the plan

    /// Sequences whole and in their place, ascending.
    [[nodiscard]] std::vector<std::uint64_t> intact() const;
};

struct File {
    std::string name;  ///< without directory
    ByteView bytes;
};

/// Looks at files of the ledger's directory, in any order. Files that are missing hold nothing.
[[nodiscard]] Scan scan(const Plan& plan, std::span<const File> files);

/// Adds one file to a scan, for files too large to hold all at once. Leaves places unsorted.
void scan_file(const Plan& plan, const File& file, Scan& into);

/// What the acknowledgements promise, held against what is there.
struct Judgement {
    std::uint64_t required = 0;       ///< records that must be there; 0 means nothing was examined
    std::vector<std::uint64_t> lost;  ///< required records that are not, ascending
    /// Places where a profile that promises atomicity left something other than one whole record.
    std::vector<std::uint64_t> half_there;
    std::uint64_t torn = 0;                    ///< records partly there that no promise covers
    std::uint64_t unacknowledged_present = 0;  ///< whole records beyond what was acknowledged
};

/// The durability rule. With append_fsync every acknowledged record must be whole; with the slots
/// a slot must hold the last acknowledged of its sequences or a newer one: whole with rename_fsync;
/// with overwrite_direct it may be cut between the two at any sector, as the write in flight
/// promises nothing. `acknowledged` may be in any order and repeat; each is >= 1.
[[nodiscard]] Judgement judge(const Plan& plan,
                              std::span<const std::uint64_t> acknowledged,
                              const Scan& found);

}  // namespace ordeal::ledger
