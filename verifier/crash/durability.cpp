#include "verifier/crash/durability.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace ordeal::verifier::crash {
namespace {

constexpr std::uint64_t page = 4096 / sector_size;
constexpr std::uint64_t cluster = 65536 / sector_size;  ///< qcow2's default

bool writes_through(CacheMode mode) {
    return mode == CacheMode::writethrough || mode == CacheMode::directsync;
}

bool bypasses_page_cache(CacheMode mode) {
    return mode == CacheMode::none || mode == CacheMode::directsync;
}

std::uint64_t unit_of(const TraceHeader& disk, const CrashRules& rules) {
    // A killed process's buffered write ends at a page; a direct one may end between requests.
    const bool paged = rules.fault == CrashFault::qemu_killed && !bypasses_page_cache(rules.cache);
    return std::max<std::uint64_t>(disk.atom / sector_size, paged ? page : 1);
}

/// Only where the host keeps the data does a lost allocation lose them as a whole.
std::uint64_t granule_of(const CrashRules& rules) {
    const bool qcow2 = rules.format == DiskFormat::qcow2;
    const bool killed = rules.fault == CrashFault::qemu_killed;
    const bool crashed = rules.fault == CrashFault::host_crash && rules.cache == CacheMode::none;
    if (rules.preallocated || !(crashed || (killed && qcow2))) {
        return 0;
    }
    return qcow2 ? cluster : page;
}

}  // namespace

const std::byte* TracedWrite::content(std::uint64_t sector) const {
    static constexpr std::array<std::byte, sector_size> zeroes{};
    return issue->type == EventType::write ? issue->data.data() + (sector - first()) * sector_size
                                           : zeroes.data();
}

Durability::Durability(const TraceHeader& disk, const CrashRules& rules)
    : rules_(rules), unit_(unit_of(disk, rules)), granule_(granule_of(rules)) {}

const std::vector<std::uint32_t>& Durability::follow(const TraceEvent& event, std::size_t index) {
    raised_.clear();
    switch (event.type) {
        case EventType::write:
        case EventType::zeroes:
        case EventType::discard:
            open_[event.request] = {index, static_cast<std::uint32_t>(writes_.size()), false};
            writes_.push_back({.issue = &event, .issued = index});
            break;
        case EventType::flush:
            open_[event.request] = {index, 0, true};
            break;
        case EventType::completion:
            if (const auto node = open_.extract(event.request); node && event.error == 0) {
                complete(node.mapped(), index);
            }
            break;
        case EventType::write_cache:
            write_cache_ = event.offset != 0;
            break;
        case EventType::mark:
            break;
    }
    return raised_;
}

void Durability::complete(const Request& request, std::size_t index) {
    if (request.flush) {
        raise_flushed(request.issued);
        return;
    }
    auto& write = writes_[request.write];
    write.completed = index;
    if (safe_by_itself(write)) {
        raise({request.write});
    } else if (kept_by_host(write)) {
        raised_ = {request.write};
    } else {
        unflushed_.push_back(request.write);
    }
}

/// What completed before the flush was issued.
void Durability::raise_flushed(std::size_t flush_issued) {
    if (rules_.fault != CrashFault::qemu_killed && rules_.cache == CacheMode::unsafe) {
        return;
    }
    std::vector<std::uint32_t> safe;
    while (!unflushed_.empty() && writes_[unflushed_.front()].completed < flush_issued) {
        safe.push_back(unflushed_.front());
        unflushed_.pop_front();
    }
    raise(std::move(safe));
}

/// A barrier has made these safe, if the disk tells the truth.
void Durability::raise(std::vector<std::uint32_t> safe) {
    if (rules_.fault != CrashFault::power_cut || rules_.lying_flushes == 0) {
        raised_ = std::move(safe);
        return;
    }
    doubted_.push_back(std::move(safe));
    if (doubted_.size() > rules_.lying_flushes) {
        raised_ = std::move(doubted_.front());
        doubted_.pop_front();
    }
}

/// Its completion says that it was flushed.
bool Durability::safe_by_itself(const TracedWrite& write) const {
    const bool flushed = write.issue->fua || !write_cache_ || writes_through(rules_.cache);
    const bool flushes_count =
        rules_.fault == CrashFault::qemu_killed || rules_.cache != CacheMode::unsafe;
    return flushed && flushes_count;
}

/// It needs no flush to survive this fault, because the host has it and goes on.
bool Durability::kept_by_host(const TracedWrite& write) const {
    const bool host_has_it =
        rules_.fault == CrashFault::qemu_killed ||
        (rules_.fault == CrashFault::host_crash && rules_.cache == CacheMode::none);
    if (!host_has_it || granule_ == 0) {
        return host_has_it;
    }
    // qcow2 zeroes and discards by its metadata alone.
    if (rules_.format == DiskFormat::qcow2 && write.issue->type != EventType::write) {
        return false;
    }
    for (auto index = write.first() / granule_; index * granule_ < write.end(); ++index) {
        if (!allocated_.contains(index)) {
            return false;
        }
    }
    return true;
}

void Durability::settle() {
    for (const auto index : raised_) {
        auto& write = writes_[index];
        write.durable = true;
        for (auto at = write.first(); granule_ != 0 && at < write.end();) {
            allocated_.insert(at / granule_);
            at = (at / granule_ + 1) * granule_;
        }
    }
}

}  // namespace ordeal::verifier::crash
