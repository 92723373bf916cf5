#include "verifier/crash/ext/recovered_disk.hpp"

#include "verifier/crash/ext/bytes.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <utility>
#include <xxhash.h>

namespace ordeal::verifier::crash::ext {
namespace {

constexpr Stamp escape_mark = 0x9e3779b97f4a7c15U;

/// Sectors of a chunk that BaseImage stamps as a whole.
constexpr std::uint64_t chunk = BaseImage::chunk;

}  // namespace

void RecoveredDisk::begin(ImageView& view, std::uint32_t block_size) {
    const auto blocks = view.size() / block_size;
    if (blocks != blocks_ || block_size != block_size_) {
        slots_.assign(blocks, itself);
        touched_.assign(view.sectors() / chunk + 1, 0);
    } else {
        for (std::size_t slot = 1; slot < diverted_.size(); ++slot) {
            const auto number = diverted_[slot].number;
            slots_[number] = itself;
            touched_[number * sectors_ / chunk] = 0;
        }
    }
    diverted_.resize(1);
    pool_used_ = 0;
    view_ = &view;
    blocks_ = blocks;
    block_size_ = block_size;
    sectors_ = block_size / static_cast<std::uint32_t>(sector_size);
}

RecoveredDisk::Diverted& RecoveredDisk::divert(std::uint64_t number) {
    BOOST_ASSERT(number < blocks_);
    if (slots_[number] == itself) {
        slots_[number] = static_cast<std::uint32_t>(diverted_.size());
        ++touched_[number * sectors_ / chunk];
        diverted_.push_back({.number = number, .source = number});
    }
    return diverted_[slots_[number]];
}

void RecoveredDisk::redirect(std::uint64_t block, std::uint64_t source, bool escaped) {
    BOOST_ASSERT(source < blocks_);
    auto& diverted = divert(block);
    diverted.source = source;
    diverted.escaped = escaped;
    diverted.patch = nullptr;
}

std::span<std::byte> RecoveredDisk::patch(std::uint64_t number) {
    auto& diverted = divert(number);
    if (diverted.patch == nullptr) {
        if (pool_used_ == pool_.size()) {
            pool_.emplace_back();
        }
        auto& room = pool_[pool_used_++];
        read(number, 0, std::span(room).first(block_size_));
        diverted.patch = room.data();
    }
    return {diverted.patch, block_size_};
}

std::span<const std::byte> RecoveredDisk::block(std::uint64_t number, BlockBuffer& buffer) {
    const auto slot = slots_[number];
    const auto& diverted = diverted_[slot];
    if (slot != itself && diverted.patch != nullptr) {
        return {diverted.patch, block_size_};
    }
    const auto source = slot == itself ? number : diverted.source;
    const auto* start = view_->sector(source * sectors_);
    bool whole = slot == itself || !diverted.escaped;
    for (std::uint32_t sector = 1; sector < sectors_ && whole; ++sector) {
        whole = view_->sector(source * sectors_ + sector) == start + sector * sector_size;
    }
    if (whole) {
        return {start, block_size_};
    }
    const auto room = std::span(buffer).first(block_size_);
    read(number, 0, room);
    return room;
}

void RecoveredDisk::read(std::uint64_t number, std::uint32_t offset, std::span<std::byte> into) {
    const auto slot = slots_[number];
    const auto& diverted = diverted_[slot];
    if (slot != itself && diverted.patch != nullptr) {
        std::copy_n(diverted.patch + offset, into.size(), into.begin());
        return;
    }
    const auto source = slot == itself ? number : diverted.source;
    [[maybe_unused]] const bool inside = view_->read(source * block_size_ + offset, into);
    BOOST_ASSERT(inside);
    if (slot != itself && diverted.escaped && offset < 4) {
        std::array<std::byte, 4> magic{};
        put_be32(magic.data(), journal_magic);
        const auto count = std::min<std::size_t>(4 - offset, into.size());
        std::copy_n(magic.begin() + offset, count, into.begin());
    }
}

Stamp RecoveredDisk::stamp(std::uint64_t number) {
    const auto slot = slots_[number];
    if (slot == itself) {
        return view_->stamp(number * sectors_, sectors_);
    }
    const auto& diverted = diverted_[slot];
    if (diverted.patch != nullptr) {
        return placed(XXH3_64bits(diverted.patch, block_size_), number);
    }
    const auto stamp = view_->stamp(diverted.source * sectors_, sectors_);
    return diverted.escaped ? stamp ^ escape_mark : stamp;
}

Stamp RecoveredDisk::stamp(std::uint64_t first, std::uint64_t count) {
    const auto per_chunk = chunk / sectors_;
    const auto end = first + count;
    Stamp sum = 0;
    for (auto number = first; number < end;) {
        const auto stop = std::min(end, (number / per_chunk + 1) * per_chunk);
        if (touched_[number / per_chunk] == 0) {
            sum += view_->stamp(number * sectors_, (stop - number) * sectors_);
            number = stop;
            continue;
        }
        for (; number < stop; ++number) {
            // Another place must give another sum: a replayed copy is placed in the journal.
            sum += placed(stamp(number), number);
        }
    }
    return sum;
}

RecoveredDisk::Source RecoveredDisk::source(std::uint64_t number) const {
    const auto slot = slots_[number];
    if (slot == itself) {
        return {number, false, false};
    }
    const auto& diverted = diverted_[slot];
    if (diverted.patch != nullptr) {
        return {number, false, true};
    }
    return {diverted.source, diverted.escaped, false};
}

void RecoveredDisk::write_replayed() {
    // A source may itself be a target: read all before the first is written.
    std::vector<std::byte> content;
    std::vector<std::uint64_t> numbers;
    for (std::size_t slot = 1; slot < diverted_.size(); ++slot) {
        auto& diverted = diverted_[slot];
        if (diverted.source == diverted.number) {
            continue;
        }
        content.resize(content.size() + block_size_);
        auto* patch = std::exchange(diverted.patch, nullptr);
        read(diverted.number, 0, std::span(content).last(block_size_));
        diverted.patch = patch;
        numbers.push_back(diverted.number);
    }
    for (std::size_t index = 0; index < numbers.size(); ++index) {
        write(numbers[index], std::span(content).subspan(index * block_size_, block_size_));
    }
}

void RecoveredDisk::write_patched() {
    for (const auto& diverted : diverted_) {
        if (diverted.patch != nullptr) {
            write(diverted.number, {diverted.patch, block_size_});
        }
    }
}

void RecoveredDisk::write_patched(std::uint64_t number) {
    const auto& diverted = diverted_[slots_[number]];
    if (diverted.patch != nullptr) {
        write(number, {diverted.patch, block_size_});
    }
}

void RecoveredDisk::write(std::uint64_t number, std::span<const std::byte> content) {
    [[maybe_unused]] const bool inside = view_->write(number * block_size_, content);
    BOOST_ASSERT(inside);
}

}  // namespace ordeal::verifier::crash::ext
