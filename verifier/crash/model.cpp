#include "verifier/crash/model.hpp"

#include "verifier/crash/durability.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <deque>
#include <map>
#include <unordered_map>

namespace ordeal::verifier::crash {
namespace {

/// What may be in a sector whose content is not certain.
struct Candidates {
    bool old = true;                    ///< the base's content may still be there
    std::vector<std::uint32_t> writes;  ///< in the order of their issue

    bool operator==(const Candidates&) const = default;
};

using Damaged = std::array<std::byte, sector_size>;

void fill_garbage(std::uint64_t sector, Damaged& into) {
    for (std::size_t at = 0; at < into.size(); at += sizeof(Stamp)) {
        const Stamp word = placed(at + 1, sector);
        std::memcpy(into.data() + at, &word, sizeof word);
    }
}

}  // namespace

class CrashModel::Walk {
  public:
    Walk(const Trace& trace, BaseImage& base, const CrashRules& rules)
        : trace_(trace), base_(base), rules_(rules), durability_(trace.header, rules) {}

    /// Goes to the next instant; false: there is none.
    bool advance() {
        settle();
        for (; event_ < trace_.events.size(); ++event_) {
            const auto& event = trace_.events[event_];
            const auto writes = durability_.writes().size();
            raised_ = &durability_.follow(event, event_);
            if (durability_.writes().size() != writes) {
                add_candidate(static_cast<std::uint32_t>(writes));
            }
            if (!raised_->empty()) {
                return arrive(event_++);
            }
        }
        if (ended_) {
            return false;
        }
        ended_ = true;
        return arrive(event_);
    }

    const CrashInstant& describe() {
        instant_.atoms.clear();
        damaged_.clear();
        instant_.possible = 1;
        make_atoms();
        for (auto& atom : instant_.atoms) {
            damage(atom);
            instant_.possible *= atom.alternatives();
        }
        return instant_;
    }

  private:
    bool arrive(std::size_t event) {
        instant_.number = arrived_++;
        instant_.event = event;
        instant_.time = event == 0 ? 0 : trace_.events[event - 1].time;
        return true;
    }

    void add_candidate(std::uint32_t index) {
        const auto& write = durability_.writes()[index];
        for (auto sector = write.first(); sector < write.end(); ++sector) {
            open_[sector].writes.push_back(index);
        }
    }

    /// Does what the event at which the last instant stopped makes certain.
    void settle() {
        if (raised_ == nullptr || raised_->empty()) {
            return;
        }
        durability_.settle();
        for (const auto index : *raised_) {
            const auto& write = durability_.writes()[index];
            for (auto sector = write.first(); sector < write.end(); ++sector) {
                supersede(sector, index);
            }
        }
        raised_ = nullptr;
    }

    /// Nothing that had completed before the durable write was issued can be in the sector.
    void supersede(std::uint64_t sector, std::uint32_t durable) {
        const auto found = open_.find(sector);
        if (found == open_.end() || std::ranges::count(found->second.writes, durable) == 0) {
            return;
        }
        auto& candidates = found->second;
        const auto& writes = durability_.writes();
        candidates.old = false;
        std::erase_if(candidates.writes, [&](std::uint32_t earlier) {
            return writes[earlier].completed < writes[durable].issued;
        });
        if (candidates.writes.size() == 1) {
            base_.put(sector, writes[candidates.writes.front()].content(sector));
            open_.erase(found);
        }
    }

    void make_atoms() {
        std::vector<std::uint64_t> sectors;
        sectors.reserve(open_.size());
        for (const auto& [sector, candidates] : open_) {
            sectors.push_back(sector);
        }
        std::ranges::sort(sectors);
        std::map<std::uint64_t, std::vector<std::uint64_t>> allocations;
        std::vector<const Candidates*> kinds;  ///< of the atoms made in the unit at hand
        auto unit = UINT64_MAX;
        for (const auto sector : sectors) {
            const auto& candidates = open_.at(sector);
            if (goes_with_allocation(sector, candidates)) {
                allocations[sector / durability_.granule()].push_back(sector);
                continue;
            }
            if (sector / durability_.unit() != unit) {
                unit = sector / durability_.unit();
                kinds.clear();
            }
            const auto same = std::ranges::find_if(
                kinds, [&](const Candidates* kind) { return *kind == candidates; });
            const auto position = static_cast<std::size_t>(same - kinds.begin());
            if (same == kinds.end()) {
                kinds.push_back(&candidates);
                instant_.atoms.emplace_back();
            }
            const auto first = instant_.atoms.size() - kinds.size();
            instant_.atoms[first + position].sectors.push_back(sector);
        }
        for (auto& atom : instant_.atoms) {
            fill(atom);
        }
        for (auto& [granule, members] : allocations) {
            add_allocation(std::move(members));
        }
        std::ranges::sort(instant_.atoms, {}, [](const Atom& atom) { return atom.sectors[0]; });
    }

    /// Its writes are complete and stand or fall with the allocation of where they are.
    [[nodiscard]] bool goes_with_allocation(std::uint64_t sector,
                                            const Candidates& candidates) const {
        return !durability_.allocated(sector) && candidates.old &&
               std::ranges::all_of(candidates.writes, [&](std::uint32_t index) {
                   return durability_.writes()[index].completed < instant_.event;
               });
    }

    void fill(Atom& atom) const {
        const auto& candidates = open_.at(atom.sectors.front());
        if (candidates.old) {
            for (const auto sector : atom.sectors) {
                atom.contents.push_back(base_.sector(sector));
            }
        }
        for (const auto index : candidates.writes) {
            for (const auto sector : atom.sectors) {
                atom.contents.push_back(durability_.writes()[index].content(sector));
            }
        }
    }

    void add_allocation(std::vector<std::uint64_t> sectors) {
        Atom atom{std::move(sectors), {}};
        for (const auto sector : atom.sectors) {
            atom.contents.push_back(base_.sector(sector));
        }
        for (const auto sector : atom.sectors) {
            const auto newest = open_.at(sector).writes.back();
            atom.contents.push_back(durability_.writes()[newest].content(sector));
        }
        instant_.atoms.push_back(std::move(atom));
    }

    /// One alternative more for what was being written when the power went.
    void damage(Atom& atom) {
        if (rules_.damage == SectorDamage::none || rules_.fault != CrashFault::power_cut) {
            return;
        }
        const auto last = atom.alternatives() - 1;
        for (std::size_t position = 0; position < atom.sectors.size(); ++position) {
            auto& sector = damaged_.emplace_back();
            if (rules_.damage == SectorDamage::garbage) {
                fill_garbage(atom.sectors[position], sector);
            } else {
                constexpr auto half = sector_size / 2;
                std::memcpy(sector.data(), atom.content(last, position), half);
                std::memcpy(sector.data() + half, atom.content(0, position) + half, half);
            }
        }
        for (auto at = damaged_.size() - atom.sectors.size(); at < damaged_.size(); ++at) {
            atom.contents.push_back(damaged_[at].data());
        }
    }

    const Trace& trace_;
    BaseImage& base_;
    CrashRules rules_;
    Durability durability_;
    std::unordered_map<std::uint64_t, Candidates> open_;  ///< sectors that are not certain
    const std::vector<std::uint32_t>* raised_ = nullptr;
    std::size_t event_ = 0;
    std::size_t arrived_ = 0;
    bool ended_ = false;
    std::deque<Damaged> damaged_;
    CrashInstant instant_;
};

CrashModel::CrashModel(const Trace& trace, BaseImage& base, const CrashRules& rules)
    : walk_(std::make_unique<Walk>(trace, base, rules)) {}

CrashModel::~CrashModel() = default;

const CrashInstant* CrashModel::next() {
    return walk_->advance() ? &walk_->describe() : nullptr;
}

bool CrashModel::skip() {
    return walk_->advance();
}

std::string_view name_of(CrashFault fault) {
    switch (fault) {
        case CrashFault::power_cut:
            return "power-cut";
        case CrashFault::qemu_killed:
            return "qemu-killed";
        case CrashFault::host_crash:
            return "host-crash";
    }
    return "?";
}

std::string_view name_of(CacheMode mode) {
    switch (mode) {
        case CacheMode::writeback:
            return "writeback";
        case CacheMode::none:
            return "none";
        case CacheMode::writethrough:
            return "writethrough";
        case CacheMode::directsync:
            return "directsync";
        case CacheMode::unsafe:
            return "unsafe";
    }
    return "?";
}

std::string_view name_of(DiskFormat format) {
    return format == DiskFormat::raw ? "raw" : "qcow2";
}

std::string_view name_of(SectorDamage damage) {
    switch (damage) {
        case SectorDamage::none:
            return "none";
        case SectorDamage::torn:
            return "torn";
        case SectorDamage::garbage:
            return "garbage";
    }
    return "?";
}

}  // namespace ordeal::verifier::crash
