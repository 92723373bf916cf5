#include "verifier/crash/recovery_crash.hpp"

#include <algorithm>
#include <cstring>

namespace ordeal::verifier::crash {
namespace {

constexpr std::uint32_t as_written = 1;  ///< the alternative; 0: not

bool changes(const ImageView::Write& write) {
    return write.before == nullptr || std::memcmp(write.before, write.after, sector_size) != 0;
}

/// The step's writes as atoms that show what is beneath where they were not written.
std::vector<Atom> atoms_of(const ImageView::Step& step, std::uint64_t unit) {
    std::vector<ImageView::Write> writes;
    std::ranges::copy_if(step.writes, std::back_inserter(writes), changes);
    std::ranges::sort(writes, {}, &ImageView::Write::number);
    std::vector<Atom> atoms;
    auto last = UINT64_MAX;
    for (const auto& write : writes) {
        const auto at = step.kind == StepKind::whole ? 0 : write.number / unit;
        if (at != last) {
            atoms.emplace_back();
            last = at;
        }
        atoms.back().sectors.push_back(write.number);
        atoms.back().contents.push_back(write.after);
    }
    for (auto& atom : atoms) {
        atom.contents.insert(atom.contents.begin(), atom.sectors.size(), nullptr);
    }
    return atoms;
}

void keep_only(Atom& atom, std::uint32_t alternative) {
    const auto count = static_cast<std::ptrdiff_t>(atom.sectors.size());
    const auto first = atom.contents.begin() + alternative * count;
    atom.contents = {first, first + count};
}

}  // namespace

RecoveryCrash::RecoveryCrash(const Leaf& leaf,
                             const std::vector<ImageView::Step>& steps,
                             std::uint64_t unit)
    : steps_(steps), unit_(unit), states_(leaf.states), instant_(leaf.instant) {
    for (const auto& [atom, alternative] : leaf.decided) {
        keep_only(instant_.atoms[atom], alternative);
    }
    first_atom_ = instant_.atoms.size();
}

void RecoveryCrash::make_certain() {
    for (; first_atom_ < instant_.atoms.size(); ++first_atom_) {
        keep_only(instant_.atoms[first_atom_], as_written);
    }
}

const CrashInstant* RecoveryCrash::next() {
    make_certain();
    while (next_ < steps_.size()) {
        auto atoms = atoms_of(steps_[next_++], unit_);
        if (!atoms.empty()) {
            instant_.possible = states_ << atoms.size();
            std::ranges::move(atoms, std::back_inserter(instant_.atoms));
            return &instant_;
        }
    }
    return nullptr;
}

bool cut_recovery(Engine& engine,
                  const RecoveryPoint& point,
                  std::uint64_t unit,
                  std::vector<std::byte>& bytes) {
    const BaseImage base(bytes);
    ImageView view(base);
    (void)engine.examine(view);
    engine.write_back();
    const auto& steps = view.steps();
    if (point.step >= steps.size()) {
        return false;
    }
    const auto put = [&](const ImageView::Write& write) {
        std::copy_n(write.after,
                    sector_size,
                    bytes.begin() + static_cast<std::ptrdiff_t>(write.number * sector_size));
    };
    for (std::size_t index = 0; index < point.step; ++index) {
        std::ranges::for_each(steps[index].writes, put);
    }
    const auto& cut = steps[point.step];
    for (const auto& write : cut.writes) {
        const bool applied = std::ranges::any_of(point.applied, [&](std::uint64_t sector) {
            return cut.kind == StepKind::whole || sector / unit == write.number / unit;
        });
        if (applied) {
            put(write);
        }
    }
    return true;
}

}  // namespace ordeal::verifier::crash
