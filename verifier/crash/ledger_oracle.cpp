#include "verifier/crash/ledger_oracle.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace ordeal::verifier::crash {
namespace {

using ledger::BlockFinding;
using ledger::BlockKind;

}  // namespace

std::vector<TracedLedger> ledgers_of(const Trace& trace) {
    std::vector<TracedLedger> ledgers;
    for (std::size_t index = 0; index < trace.events.size(); ++index) {
        const auto& event = trace.events[index];
        if (event.type != EventType::mark) {
            continue;
        }
        // A guest may merge marks that lie behind one another into one write.
        for (std::size_t at = 0; at < event.data.size(); at += ledger::mark_size) {
            const auto mark = ledger::decode_mark(event.data.subspan(at));
            if (!mark) {
                continue;
            }
            auto known = std::ranges::find_if(ledgers, [&](const TracedLedger& one) {
                return one.plan.run == mark->plan.run && one.directory == mark->directory;
            });
            if (known == ledgers.end()) {
                known = ledgers.insert(known, {mark->plan, mark->directory, {}});
            }
            known->acknowledged.push_back({index, mark->sequence});
        }
    }
    return ledgers;
}

/// What one way to decide an atom leaves of a place.
struct LedgerOracle::Option {
    std::uint64_t ways = 1;
    std::uint64_t oldest = std::numeric_limits<std::uint64_t>::max();
    std::uint64_t newest = 0;
    std::uint32_t bad = 0;

    void add(const BlockFinding& block) {
        if (block.kind == BlockKind::sound || block.kind == BlockKind::unwritten) {
            oldest = std::min(oldest, block.sequence);
            newest = std::max(newest, block.sequence);
        } else {
            ++bad;
        }
    }
};

/// The sectors of a place that are decided together; the first unit is what is certain.
struct LedgerOracle::Unit {
    std::uint64_t atom = 0;
    std::vector<Option> options;
};

LedgerOracle::LedgerOracle(std::vector<TracedLedger> ledgers)
    : ledgers_(std::move(ledgers)),
      located_(ledgers_.size()),
      required_(ledgers_.size()),
      kept_(ledgers_.size()) {}

void LedgerOracle::locate(Engine& engine) {
    for (std::size_t index = 0; index < ledgers_.size(); ++index) {
        located_[index] = &engine.files(ledgers_[index].directory);
    }
}

void LedgerOracle::settle(ImageView& view) const {
    for (const auto* files : located_) {
        for (const auto& file : *files) {
            for (const auto& sector : file.sectors) {
                if (sector.bytes == nullptr) {
                    (void)view.possible(sector.number);
                }
            }
        }
    }
}

const LedgerOracle::Required& LedgerOracle::required(std::size_t index, std::size_t event) {
    auto& known = required_[index];
    if (known.event != event) {
        std::vector<std::uint64_t> sequences;
        for (const auto& [at, sequence] : ledgers_[index].acknowledged) {
            if (at < event && sequence != 0) {
                sequences.push_back(sequence);
            }
        }
        known.places = ledger::required_by_place(ledgers_[index].plan, sequences);
        known.event = event;
    }
    return known;
}

BlockFinding LedgerOracle::finding(const ledger::Plan& plan,
                                   std::uint64_t place,
                                   std::uint32_t index,
                                   const Possible& content) {
    const auto stamp = content.stamp != 0 ? content.stamp : stamp_of(content.content);
    const auto key = placed(placed(placed(stamp, plan.run), place), index);
    const auto [known, fresh] = known_.try_emplace(key);
    if (fresh) {
        known->second =
            ledger::examine_block(plan, place, index, {content.content, ledger::block_size});
    }
    return known->second;
}

std::vector<LedgerOracle::Unit> LedgerOracle::units_of(const ledger::Plan& plan,
                                                       const FileMap* file,
                                                       const ledger::Stretch& stretch,
                                                       ImageView& view) {
    std::vector<Unit> units(1);
    units[0].options.resize(1);
    auto& certain = units[0].options;
    for (std::uint32_t index = 0; index < plan.record_size / ledger::block_size; ++index) {
        const auto offset = stretch.offset + std::uint64_t{index} * ledger::block_size;
        if (file == nullptr || offset >= file->size) {
            certain[0].add({BlockKind::unwritten});
            continue;
        }
        if (offset + ledger::block_size > file->size) {
            certain[0].add({BlockKind::damaged});
            continue;
        }
        const auto& sector = file->sectors[offset / sector_size];
        if (sector.bytes != nullptr) {
            certain[0].add(finding(plan, stretch.place, index, {sector.bytes}));
            continue;
        }
        const auto possible = view.possible(sector.number);
        if (possible.size() == 1) {
            certain[0].add(finding(plan, stretch.place, index, possible[0]));
            continue;
        }
        const auto atom = view.atom(sector.number);
        auto unit = std::ranges::find_if(
            units.begin() + 1, units.end(), [&](const Unit& one) { return one.atom == atom; });
        if (unit == units.end()) {
            unit = units.insert(unit, {atom, std::vector<Option>(possible.size())});
        }
        for (std::size_t choice = 0; choice < possible.size(); ++choice) {
            unit->options[choice].ways = possible[choice].ways;
            unit->options[choice].add(finding(plan, stretch.place, index, possible[choice]));
        }
    }
    return units;
}

namespace {

/// The place with one option of each unit.
template <class Units>
ledger::Place combine(const Units& units,
                      std::uint64_t place,
                      std::size_t flipped,
                      std::size_t to) {
    ledger::Place found{place, std::numeric_limits<std::uint64_t>::max(), 0, 0};
    for (std::size_t index = 0; index < units.size(); ++index) {
        const auto& option = units[index].options[index == flipped ? to : 0];
        found.oldest = std::min(found.oldest, option.oldest);
        found.newest = std::max(found.newest, option.newest);
        found.bad_blocks += option.bad;
    }
    return found;
}

/// In how many ways every unit satisfies `fits`.
template <class Units, class Fits>
Count ways_that(const Units& units, const Fits& fits) {
    Count all = 1;
    for (const auto& unit : units) {
        std::uint64_t ways = 0;
        for (const auto& option : unit.options) {
            ways += fits(option) ? option.ways : 0;
        }
        all *= ways;
    }
    return all;
}

/// In how many ways the place keeps the promise; see ledger::keeps().
template <class Units>
Count keeping_ways(const Units& units, const ledger::Plan& plan, std::uint64_t required) {
    const auto empty = [](const auto& option) { return option.oldest > option.newest; };
    if (plan.profile == ledger::Profile::overwrite_direct) {
        return ways_that(units, [&](const auto& option) {
            return option.bad == 0 && (empty(option) || option.oldest >= required);
        });
    }
    std::set<std::uint64_t> sequences;
    for (const auto& unit : units) {
        for (const auto& option : unit.options) {
            if (option.bad == 0 && option.oldest == option.newest && option.newest >= required) {
                sequences.insert(option.newest);
            }
        }
    }
    Count keeping = 0;
    for (const auto sequence : sequences) {
        keeping += ways_that(units, [&](const auto& option) {
            return option.bad == 0 &&
                   (empty(option) || (option.oldest == sequence && option.newest == sequence));
        });
    }
    return keeping;
}

}  // namespace

/// Of all sectors of a place; 0 when some are in flight or not of the view.
Stamp LedgerOracle::certain_content(const ledger::Plan& plan,
                                    const FileMap& file,
                                    const ledger::Stretch& stretch,
                                    ImageView& view) {
    if (stretch.offset + plan.record_size > file.size) {
        return 0;
    }
    const auto first = stretch.offset / sector_size;
    Stamp sum = 1;
    for (std::uint64_t at = 0; at < plan.record_size / sector_size; ++at) {
        const auto& sector = file.sectors[first + at];
        if (sector.bytes != nullptr) {
            return 0;
        }
        const auto possible = view.possible(sector.number);
        if (possible.size() != 1) {
            return 0;
        }
        const auto stamp =
            possible[0].stamp == 0 ? view.stamp_of_sector(sector.number) : possible[0].stamp;
        sum = sum * 0x9e3779b97f4a7c15U + stamp;
    }
    return sum;
}

void LedgerOracle::judge_place(std::size_t index,
                               const FileMap* file,
                               const ledger::Stretch& stretch,
                               std::uint64_t required,
                               ImageView& view,
                               LedgerVerdict& into) {
    const auto& plan = ledgers_[index].plan;
    ++into.required;
    const auto content = file == nullptr ? 0 : certain_content(plan, *file, stretch, view);
    if (content != 0) {
        const auto known = kept_[index].find(stretch.place);
        if (known != kept_[index].end() && known->second.content == content &&
            known->second.required == required) {
            return;
        }
    }
    const auto units = units_of(plan, file, stretch, view);
    for (std::size_t unit = 1; unit < units.size(); ++unit) {
        into.exact = atoms_judged_.insert(units[unit].atom).second && into.exact;
    }
    const auto ways = ways_that(units, [](const Option&) { return true; });
    const auto keeping = keeping_ways(units, plan, required);
    into.ways *= ways;
    into.keeping *= keeping;
    if (keeping == ways) {
        if (content != 0) {
            kept_[index][stretch.place] = {content, required};
        }
        return;
    }
    into.lost.push_back(stretch.place);
    if (into.lost.size() > 1 ||
        !ledger::keeps(plan, combine(units, stretch.place, 0, 0), required)) {
        return;
    }
    for (std::size_t unit = 1; unit < units.size(); ++unit) {
        for (std::size_t choice = 1; choice < units[unit].options.size(); ++choice) {
            if (!ledger::keeps(plan, combine(units, stretch.place, unit, choice), required)) {
                into.breaking = {{units[unit].atom, static_cast<std::uint32_t>(choice)}};
                return;
            }
        }
    }
}

void LedgerOracle::judge_ledger(std::size_t index,
                                ImageView& view,
                                std::size_t event,
                                LedgerVerdict& into) {
    const auto& plan = ledgers_[index].plan;
    const auto& promises = required(index, event).places;
    met_.clear();
    for (const auto& file : *located_[index]) {
        const auto places = ledger::places_of(plan, file.name, std::min(file.size, view.size()));
        for (const auto& stretch : places.value_or(std::vector<ledger::Stretch>{})) {
            const auto promise = promises.find(stretch.place);
            if (promise != promises.end()) {
                judge_place(index, &file, stretch, promise->second, view, into);
                met_.push_back(stretch.place);
            } else if (plan.profile == ledger::Profile::rename_fsync) {
                judge_place(index, &file, stretch, 1, view, into);  // it is there: it was complete
            }
        }
    }
    if (met_.size() == promises.size()) {
        return;
    }
    std::ranges::sort(met_);
    for (const auto& [place, sequence] : promises) {
        if (!std::ranges::binary_search(met_, place)) {
            judge_place(index, nullptr, {place, 0}, sequence, view, into);
        }
    }
}

LedgerVerdict LedgerOracle::judge(ImageView& view, std::size_t event) {
    LedgerVerdict verdict;
    atoms_judged_.clear();
    for (std::size_t index = 0; index < ledgers_.size(); ++index) {
        judge_ledger(index, view, event, verdict);
    }
    std::ranges::sort(verdict.lost);
    return verdict;
}

}  // namespace ordeal::verifier::crash
