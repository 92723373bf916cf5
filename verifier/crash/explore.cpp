#include "verifier/crash/explore.hpp"

#include <boost/assert.hpp>

#include <algorithm>
#include <cstring>

namespace ordeal::verifier::crash {
namespace {

bool same_content(const Atom& atom, std::size_t one, std::size_t other) {
    for (std::size_t position = 0; position < atom.sectors.size(); ++position) {
        const auto* left = atom.content(one, position);
        const auto* right = atom.content(other, position);
        const bool both = left != nullptr && right != nullptr;
        if (left != right && (!both || std::memcmp(left, right, sector_size) != 0)) {
            return false;
        }
    }
    return true;
}

}  // namespace

Coverage& Coverage::operator+=(const Coverage& other) {
    possible += other.possible;
    covered += other.covered;
    runs += other.runs;
    instants += other.instants;
    partial_instants += other.partial_instants;
    return *this;
}

void Explorer::open(const CrashInstant& instant) {
    view_.clear();
    places_.clear();
    tops_.clear();
    atoms_.assign(instant.atoms.size(), {});
    path_.clear();
    for (std::uint32_t index = 0; index < instant.atoms.size(); ++index) {
        open_atom(instant.atoms[index], index);
    }
}

void Explorer::open_atom(const Atom& atom, std::uint32_t index) {
    auto& choices = atoms_[index];
    std::vector<std::uint64_t> ways;
    for (std::uint32_t alternative = 0; alternative < atom.alternatives(); ++alternative) {
        const auto known = std::ranges::find_if(choices.first, [&](std::uint32_t earlier) {
            return same_content(atom, earlier, alternative);
        });
        if (known == choices.first.end()) {
            choices.first.push_back(alternative);
            ways.push_back(1);
        } else {
            ++ways[static_cast<std::size_t>(known - choices.first.begin())];
        }
    }
    choices.ways = atom.alternatives();
    for (std::uint32_t position = 0; position < atom.sectors.size(); ++position) {
        for (std::size_t choice = 0; choice < ways.size(); ++choice) {
            const auto* content = atom.content(choices.first[choice], position);
            const auto stamp = content == nullptr ? 0 : stamp_of(content);
            choices.contents.push_back({content, stamp, ways[choice]});
        }
        const auto sector = atom.sectors[position];
        const auto [top, fresh] =
            tops_.try_emplace(sector, static_cast<std::uint32_t>(places_.size()));
        places_.push_back({index, position, fresh ? Place::none : top->second});
        top->second = static_cast<std::uint32_t>(places_.size() - 1);
        view_.mark_in_flight(sector);
    }
}

Possible Explorer::decide(std::uint64_t sector) {
    for (auto at = tops_.at(sector); at != Place::none; at = places_[at].below) {
        if (const auto& chosen = choose(places_[at]); chosen.content != nullptr) {
            return chosen;
        }
    }
    return {base_.sector(sector), base_.stamp(sector)};
}

const Possible& Explorer::choose(const Place& place) {
    auto& choices = atoms_[place.atom];
    if (!choices.decided) {
        choices.decided = true;
        choices.chosen = 0;
        if (choices.first.size() > 1 && !visiting_) {
            if (taken_ == path_.size()) {
                path_.push_back({place.atom, 0});
            }
            wavered_ = wavered_ || path_[taken_].atom != place.atom;
            choices.chosen = wavered_ ? 0 : path_[taken_].choice;
            ++taken_;
        }
    }
    return contents(place)[choices.chosen];
}

std::span<const Possible> Explorer::contents(const Place& place) const {
    const auto& choices = atoms_[place.atom];
    const auto count = choices.first.size();
    return {choices.contents.data() + place.position * count, count};
}

std::uint32_t Explorer::showing(std::uint64_t sector) const {
    auto at = tops_.at(sector);
    while (at != Place::none) {
        const auto& choices = atoms_[places_[at].atom];
        const bool chosen = choices.decided || choices.first.size() == 1;
        if (!chosen || contents(places_[at])[choices.chosen].content != nullptr) {
            break;
        }
        at = places_[at].below;
    }
    return at;
}

std::span<const Possible> Explorer::possible(std::uint64_t sector) const {
    const auto at = showing(sector);
    if (at == Place::none) {
        return {};
    }
    const auto all = contents(places_[at]);
    const auto& choices = atoms_[places_[at].atom];
    if (choices.decided) {
        return all.subspan(choices.chosen, 1);
    }
    const bool shows_through =
        std::ranges::any_of(all, [](const Possible& one) { return one.content == nullptr; });
    return shows_through ? std::span<const Possible>{} : all;
}

std::uint64_t Explorer::atom(std::uint64_t sector) const {
    const auto at = showing(sector);
    return places_[at == Place::none ? tops_.at(sector) : at].atom;
}

void Explorer::start_run() {
    view_.reset();
    taken_ = 0;
    for (auto& choices : atoms_) {
        choices.decided = false;
        choices.chosen = 0;
    }
}

/// Depth first: the last decision that has a content left takes it.
bool Explorer::next_path() {
    while (!path_.empty()) {
        auto& [atom, choice] = path_.back();
        if (++choice < atoms_[atom].first.size()) {
            return true;
        }
        path_.pop_back();
    }
    return false;
}

Count Explorer::states_of_run(const CrashInstant& instant) const {
    Count all = 1;
    Count chosen = 1;
    for (const auto& [atom, choice] : path_) {
        all *= atoms_[atom].ways;
        chosen *= atoms_[atom].contents[choice].ways;
    }
    return instant.possible / all * chosen;
}

Result<Coverage> Explorer::explore(const CrashInstant& instant,
                                   const Examine& examine,
                                   const Visit& visit,
                                   const std::function<bool()>& more) {
    open(instant);
    Coverage coverage{.possible = instant.possible, .instants = 1};
    wavered_ = false;
    bool left = true;
    while (left && more()) {
        start_run();
        examine(view_);
        if (wavered_ || taken_ != path_.size()) {
            return fail(ErrorKind::internal,
                        "explore instant " + std::to_string(instant.number),
                        "the examination read different sectors of the same image");
        }
        decided_.clear();
        for (const auto& [atom, choice] : path_) {
            decided_.push_back({atom, atoms_[atom].first[choice]});
        }
        auto states = states_of_run(instant);
        coverage.covered += states;
        ++coverage.runs;
        visiting_ = true;
        visit({instant, decided_, std::move(states)}, view_);
        visiting_ = false;
        left = next_path();
    }
    BOOST_ASSERT_MSG(left || coverage.covered == coverage.possible, "leaves do not add up");
    coverage.partial_instants = left ? 1 : 0;
    view_.clear();
    return coverage;
}

}  // namespace ordeal::verifier::crash
