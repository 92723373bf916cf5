#include "verifier/crash/ext/reader.hpp"

#include <array>

namespace ordeal::verifier::crash::ext {

Finding Reader::examine(ImageView& view) {
    Finding finding;
    flaw_ = recover(view, finding);
    if (flaw_ == Flaw::none) {
        structure_.update(disk_, superblock_);
        finding.verdict = structure_.verdict();
        finding.metadata = structure_.content();
        finding.names = structure_.names();
    } else if (flaw_ != Flaw::beyond_us) {
        finding.verdict = Structure::Verdict::broken;
    }
    sound_ = finding.verdict == Structure::Verdict::sound;
    return finding;
}

Flaw Reader::recover(ImageView& view, Finding& finding) {
    begun_ = replayed_ = false;
    std::array<std::byte, superblock_size> bytes{};
    if (!view.read(superblock_offset, bytes)) {
        return Flaw::superblock;
    }
    const auto raw = parse_superblock(bytes, view.size());
    if (raw.flaw != Flaw::none) {
        return raw.flaw;
    }
    disk_.begin(view, raw.geometry.block_size);
    begun_ = true;
    raw_ = raw.geometry;
    if (const auto flaw = replay(raw, finding); flaw != Flaw::none) {
        return flaw;
    }
    const auto place = place_of_superblock(raw.geometry);
    disk_.read(place.block, static_cast<std::uint32_t>(place.offset), bytes);
    superblock_ = parse_superblock(bytes, view.size());
    if (superblock_.flaw != Flaw::none) {
        return superblock_.flaw;
    }
    if (superblock_.geometry.block_size != raw.geometry.block_size) {
        return Flaw::superblock;
    }
    finding.orphans = process_orphans(disk_, superblock_);
    return finding.orphans.flaw;
}

Flaw Reader::replay(const Superblock& raw, Finding& finding) {
    const auto& geometry = raw.geometry;
    if (!geometry.has(geometry.compat, compat::has_journal)) {
        return Flaw::none;
    }
    if (const auto flaw = journal_.locate(disk_, geometry); flaw != Flaw::none) {
        return flaw;
    }
    journal_super_ = journal_.read_super(disk_);
    if (journal_super_.flaw != Flaw::none || !raw.needs_recovery) {
        return journal_super_.flaw;
    }
    replay_ = finding.replay = journal_.replay(disk_, journal_super_);
    replayed_ = true;
    return replay_.flaw;
}

std::vector<Problem> Reader::problems(std::size_t most) const {
    if (flaw_ != Flaw::none) {
        return {{.flaw = flaw_}};
    }
    return structure_.problems(most);
}

void Reader::write_back() {
    if (!begun_) {
        return;  // no filesystem
    }
    disk_.write_replayed();
    disk_.view().barrier();
    if (replayed_) {
        journal_.empty_log(disk_, journal_super_, replay_);
        disk_.write_patched(journal_.super_block());
        mark_recovered(disk_, raw_);
    }
    disk_.view().barrier(StepKind::whole);
    disk_.write_patched();
}

}  // namespace ordeal::verifier::crash::ext
