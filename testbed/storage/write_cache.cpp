#include "testbed/storage/write_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <unistd.h>
#include <utility>

namespace ordeal {
namespace {

/// Reads all of `data`; beyond the end of the file there are zeros.
int read_fully(int file, std::span<std::byte> data, std::uint64_t offset) {
    while (!data.empty()) {
        const auto got = ::pread(file, data.data(), data.size(), static_cast<off_t>(offset));
        if (got < 0 && errno != EINTR) {
            return errno;
        }
        if (got == 0) {
            std::ranges::fill(data, std::byte{0});
            return 0;
        }
        if (got > 0) {
            data = data.subspan(static_cast<std::size_t>(got));
            offset += static_cast<std::uint64_t>(got);
        }
    }
    return 0;
}

}  // namespace

WriteCache::WriteCache(Fd medium, Options options)
    : medium_(std::move(medium)), options_(options), random_(options.seed) {
    draw_share();
}

void WriteCache::draw_share() {
    quarters_ = random_.below(5);
}

int WriteCache::read(std::span<std::byte> data, std::uint64_t offset) const {
    if (const int error = read_fully(medium_.get(), data, offset); error != 0) {
        return error;
    }
    if (held_.empty()) {
        return 0;
    }
    const auto end = offset + data.size();
    for (auto number = offset / sector_size; number * sector_size < end; ++number) {
        const auto found = held_.find(number);
        if (found == held_.end()) {
            continue;
        }
        const auto begin = std::max(offset, number * sector_size);
        const auto stop = std::min(end, (number + 1) * sector_size);
        std::copy_n(found->second.begin() + static_cast<std::ptrdiff_t>(begin % sector_size),
                    stop - begin,
                    data.begin() + static_cast<std::ptrdiff_t>(begin - offset));
    }
    return 0;
}

int WriteCache::write(std::span<const std::byte> data, std::uint64_t offset) {
    return put(data, offset, options_.mode == Mode::lossy ? Fate::drawn : Fate::medium);
}

int WriteCache::write_durably(std::span<const std::byte> data, std::uint64_t offset) {
    return put(data, offset, Fate::medium);
}

int WriteCache::put(std::span<const std::byte> data, std::uint64_t offset, Fate fate) {
    while (!data.empty()) {
        const auto number = offset / sector_size;
        const auto begin = offset % sector_size;
        const auto count = std::min<std::uint64_t>(data.size(), sector_size - begin);
        Sector content{};
        if (count < sector_size) {  // the rest of the sector stays as it is
            if (const int error = read(content, number * sector_size); error != 0) {
                return error;
            }
        }
        std::ranges::copy(data.first(count), content.begin() + static_cast<std::ptrdiff_t>(begin));
        if (const int error = put_sector(number, content, fate); error != 0) {
            return error;
        }
        data = data.subspan(count);
        offset += count;
    }
    return 0;
}

int WriteCache::put_sector(std::uint64_t number, const Sector& content, Fate fate) {
    if (fate == Fate::drawn && random_.below(4) >= quarters_) {
        if (held_.size() >= options_.limit) {
            if (const int error = flush(); error != 0) {
                return error;
            }
        }
        held_[number] = content;
        return 0;
    }
    const int error = write_medium(number, content);
    if (error == 0) {
        held_.erase(number);
    }
    return error;
}

int WriteCache::write_medium(std::uint64_t number, const Sector& content) const {
    const auto offset = static_cast<off_t>(number * sector_size);
    const auto put = ::pwrite(medium_.get(), content.data(), sector_size, offset);
    if (put == static_cast<ssize_t>(sector_size)) {
        return 0;
    }
    return put < 0 ? errno : ENOSPC;
}

int WriteCache::flush() {
    for (auto held = held_.begin(); held != held_.end(); held = held_.erase(held)) {
        if (const int error = write_medium(held->first, held->second); error != 0) {
            return error;
        }
    }
    draw_share();
    return 0;
}

}  // namespace ordeal
