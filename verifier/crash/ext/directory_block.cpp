#include "verifier/crash/ext/directory_block.hpp"

#include "verifier/crash/ext/checksum.hpp"
#include "verifier/crash/image_view.hpp"

#include <algorithm>
#include <array>
#include <xxhash.h>

namespace ordeal::verifier::crash::ext {
namespace {

constexpr std::size_t entry_header = 8;
constexpr std::size_t shortest_entry = 12;
constexpr std::size_t tail_size = 12;  ///< a false entry that carries a leaf's checksum
constexpr std::size_t index_tail = 8;  ///< behind the last place of an index node
constexpr std::size_t index_entry = 8;
constexpr std::size_t root_info = 24;     ///< behind "." and ".."
constexpr std::size_t inner_entries = 8;  ///< behind a false entry over the whole block
constexpr std::uint8_t most_levels = 2;   ///< of a tree, without large_dir
constexpr std::uint32_t index_block_mask = 0x0fffffffU;

std::size_t length_for(std::size_t name) {
    return (entry_header + name + 3) & ~std::size_t{3};
}

/// The block ends in an entry that is none but holds a checksum.
bool has_tail(std::span<const std::byte> block) {
    const auto top = block.size() - tail_size;
    std::size_t at = 0;
    while (at < top) {
        const auto length = le16(block.data() + at + 4);
        if (length < entry_header || length % 4 != 0) {
            return false;
        }
        at += length;
    }
    const auto* tail = block.data() + top;
    return at == top && le32(tail) == 0 && le16(tail + 4) == tail_size && u8(tail + 6) == 0 &&
           u8(tail + 7) == 0xdeU;
}

/// Where the count of an index node stands, if this looks like one.
std::optional<std::size_t> index_count_offset(std::span<const std::byte> block) {
    const auto* bytes = block.data();
    const auto length = le16(bytes + 4);
    if (length == block.size() && le16(bytes + 6) == 0) {
        return inner_entries;
    }
    if (length == 12 && le16(bytes + 16) == block.size() - 12 && le32(bytes + root_info) == 0 &&
        u8(bytes + root_info + 5) == 8) {
        return root_info + 8;
    }
    return {};
}

bool index_checksum_holds(std::uint32_t seed, std::span<const std::byte> block) {
    const auto offset = index_count_offset(block);
    if (!offset) {
        return false;
    }
    const std::size_t limit = le16(block.data() + *offset);
    const std::size_t count = le16(block.data() + *offset + 2);
    const auto tail = *offset + limit * index_entry;
    if (tail + index_tail > block.size() || count > (block.size() - *offset) / index_entry) {
        return false;
    }
    constexpr std::array<std::byte, 4> zero{};
    auto sum = crc32c(seed, block.first(*offset + count * index_entry));
    sum = crc32c(sum, block.subspan(tail, 4));
    return crc32c(sum, zero) == le32(block.data() + tail + 4);
}

bool checksum_holds(std::uint32_t seed, std::span<const std::byte> block) {
    if (has_tail(block)) {
        const auto sum = crc32c(seed, block.first(block.size() - tail_size));
        return sum == le32(block.data() + block.size() - 4);
    }
    return index_checksum_holds(seed, block);
}

class BlockParser {
  public:
    BlockParser(const DirectoryContext& context, std::span<const std::byte> block)
        : context_(context), geometry_(context.geometry), block_(block) {}

    DirectoryBlock parse() {
        const bool sums = geometry_.metadata_checksums();
        if (sums && !checksum_holds(context_.seed, block_)) {
            note(Flaw::directory_checksum);
        }
        const bool node = context_.indexed && (context_.logical == 0 || is_inner_node());
        entries(block_.size() - (sums && !node ? tail_size : 0), !node);
        if (node) {
            index();
        }
        return std::move(parsed_);
    }

  private:
    void note(Flaw flaw) {
        if (parsed_.flaw == Flaw::none) {
            parsed_.flaw = flaw;
        }
    }

    [[nodiscard]] std::size_t index_sum() const {
        return geometry_.metadata_checksums() ? index_tail : 0;
    }

    [[nodiscard]] bool is_inner_node() const {
        const auto* bytes = block_.data();
        return le32(bytes) == 0 && le16(bytes + 4) == block_.size() && u8(bytes + 6) == 0 &&
               le16(bytes + inner_entries) ==
                   (block_.size() - inner_entries - index_sum()) / index_entry;
    }

    void entries(std::size_t end, bool leaf) {
        std::size_t place = context_.logical == 0 ? 0 : 2;  // "." and ".." come first
        std::size_t at = 0;
        while (at < end) {
            const auto* entry = block_.data() + at;
            const std::size_t length = end - at < entry_header ? shortest_entry : le16(entry + 4);
            if (at + length > end || length < shortest_entry || length % 4 != 0 ||
                length_for(u8(entry + 6)) > length) {
                note(Flaw::directory_entry);
                return;
            }
            one(at, length, place, leaf);
            at += length;
            ++place;
        }
        std::ranges::sort(seen_);
        if (std::ranges::adjacent_find(seen_) != seen_.end()) {
            note(Flaw::directory_name);
        }
    }

    void one(std::size_t at, std::size_t length, std::size_t place, bool leaf) {
        const auto* bytes = block_.data() + at;
        const Entry entry{.inode = le32(bytes),
                          .type = u8(bytes + 7),
                          .kind = place == 0   ? EntryKind::self
                                  : place == 1 ? EntryKind::parent
                                               : EntryKind::child,
                          .name_length = u8(bytes + 6),
                          .name_offset = static_cast<std::uint16_t>(at + entry_header)};
        const auto name = block_.subspan(entry.name_offset, entry.name_length);
        if (entry.kind != EntryKind::child) {
            dots(entry, name, length);
        }
        if (entry.inode == 0) {
            return;
        }
        if (!geometry_.is_inode(entry.inode) ||
            (entry.inode != root_inode && entry.inode < geometry_.first_inode)) {
            note(Flaw::directory_inode);
            return;
        }
        const bool typed = geometry_.has(geometry_.incompat, incompat::filetype);
        if (entry.type > (typed ? 7 : 0)) {
            note(Flaw::directory_type);
        }
        if (entry.kind == EntryKind::child) {
            child(entry, name);
        }
        if (leaf && context_.indexed) {
            const auto order = name_hash(context_.hashing, name);
            parsed_.least_hash = std::min(parsed_.least_hash, order);
            parsed_.greatest_hash = std::max(parsed_.greatest_hash, order);
        }
        const auto hash = XXH3_64bits(name.data(), name.size());
        parsed_.names += placed(hash, (std::uint64_t{context_.inode} << 32U) | entry.inode);
        seen_.push_back(hash);
        parsed_.entries.push_back(entry);
    }

    void dots(const Entry& entry, std::span<const std::byte> name, std::size_t length) {
        const bool self = entry.kind == EntryKind::self;
        const std::size_t dots = self ? 1 : 2;
        const bool named =
            entry.inode != 0 && name.size() == dots &&
            std::ranges::all_of(name, [](std::byte b) { return b == std::byte{'.'}; }) &&
            u8(name.data() + dots) == 0;
        if (!named || (self && (entry.inode != context_.inode || length > 2 * shortest_entry))) {
            note(Flaw::directory_dot);
        }
    }

    void child(const Entry& entry, std::span<const std::byte> name) {
        const bool dots =
            name.size() <= 2 && !name.empty() &&
            std::ranges::all_of(name, [](std::byte b) { return b == std::byte{'.'}; });
        const bool odd = std::ranges::any_of(
            name, [](std::byte b) { return b == std::byte{'/'} || b == std::byte{0}; });
        if (name.empty() || dots || odd) {
            note(Flaw::directory_name);
        }
        if (entry.inode == context_.inode || entry.inode == root_inode) {
            note(Flaw::directory_parent);
        }
    }

    void index() {
        parsed_.index.emplace();
        auto& node = *parsed_.index;
        std::size_t at = inner_entries;
        if (context_.logical == 0) {
            const auto* info = block_.data() + root_info;
            at = root_info + u8(info + 5);
            node.levels = u8(info + 6);
            if (!index_hashing(geometry_, block_) || node.levels >= most_levels) {
                note(Flaw::directory_index);
                return;
            }
        }
        const std::size_t limit = le16(block_.data() + at);
        const std::size_t count = le16(block_.data() + at + 2);
        if (limit != (block_.size() - at - index_sum()) / index_entry || count > limit ||
            count == 0) {
            note(Flaw::directory_index);
            return;
        }
        for (std::size_t child = 0; child < count; ++child) {
            const auto* bytes = block_.data() + at + child * index_entry;
            const auto hash = child == 0 ? 0 : le32(bytes) & ~1U;
            const auto block = le32(bytes + 4) & index_block_mask;
            if (block >= context_.blocks || (child != 0 && hash < node.children.back().hash)) {
                note(Flaw::directory_index);
                return;
            }
            node.children.push_back({hash, block});
        }
    }

    const DirectoryContext& context_;
    const Geometry& geometry_;
    std::span<const std::byte> block_;
    DirectoryBlock parsed_;
    std::vector<std::uint64_t> seen_;  ///< hashes of names
};

}  // namespace

std::optional<NameHashing> index_hashing(const Geometry& geometry,
                                         std::span<const std::byte> root) {
    const auto* info = root.data() + root_info;
    const auto version = u8(info + 4);
    const bool sane =
        le32(info) == 0 && u8(info + 5) >= 8 && version <= 2 && (u8(info + 7) & 1U) == 0;
    if (!sane) {
        return {};
    }
    return NameHashing{.version = static_cast<HashVersion>(version),
                       .unsigned_characters = (geometry.hash_flags & 2U) != 0,
                       .seed = geometry.hash_seed};
}

DirectoryBlock parse_directory_block(const DirectoryContext& context,
                                     std::span<const std::byte> block) {
    return BlockParser(context, block).parse();
}

}  // namespace ordeal::verifier::crash::ext
