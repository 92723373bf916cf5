#pragma once

#include "verifier/crash/ext/flaw.hpp"
#include "verifier/crash/ext/journal.hpp"
#include "verifier/crash/ext/orphans.hpp"
#include "verifier/crash/ext/recovered_disk.hpp"
#include "verifier/crash/ext/structure.hpp"
#include "verifier/crash/image_view.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace ordeal::verifier::crash::ext {

/// What the examination of one image found.
struct Finding {
    /// sound: after recovery `e2fsck -fn` would have nothing to say. broken: it would, or the
    /// kernel would not mount it. beyond_us: something is in it that we do not read.
    Structure::Verdict verdict = Structure::Verdict::beyond_us;
    Replay replay;
    OrphanReport orphans;
    /// Equal for images whose metadata recovery leaves equal, whatever it had to do for that. Does
    /// not cover superblock, descriptors, journal and the content of files.
    std::uint64_t metadata = 0;
    /// Equal for images with the same names, types, link counts and sizes.
    std::uint64_t names = 0;
};

/// Recovers and checks ext3 and ext4 images, one after the other, fast where one is like the last.
/// To be used with a view that may have sectors in flight: what it reads, and in which order,
/// depends on the image alone. Not thread-safe.
class Reader {
  public:
    /// Replays the journal, ends the orphans, checks the structure. Writes nothing to the view.
    /// `view` must stay as it is until the next examine() for all that follows.
    [[nodiscard]] Finding examine(ImageView& view);

    /// Whether the last image was.
    [[nodiscard]] bool sound() const { return sound_; }

    /// What is wrong with the last image; empty if it was sound.
    [[nodiscard]] std::vector<Problem> problems(std::size_t most = 8) const;

    /// Writes the recovered image to the view, in the kernel's order: what was replayed; behind a
    /// flush the emptied journal; behind another, through the journal and hence whole or not at
    /// all, what became of the orphans, and the superblock.
    void write_back();

    /// The last image's structure. Up to date unless problems() tells of superblock, journal or
    /// groups.
    [[nodiscard]] const Structure& structure() const { return structure_; }

    /// The last image's disk after recovery.
    [[nodiscard]] RecoveredDisk& disk() { return disk_; }

  private:
    [[nodiscard]] Flaw recover(ImageView& view, Finding& finding);
    [[nodiscard]] Flaw replay(const Superblock& raw, Finding& finding);

    RecoveredDisk disk_;
    Journal journal_;
    Structure structure_;
    Geometry raw_;           ///< before the replay
    Superblock superblock_;  ///< after it
    JournalSuper journal_super_;
    Replay replay_;
    bool begun_ = false;  ///< disk_ is of the last image
    bool replayed_ = false;
    bool sound_ = false;      ///< the last image was
    Flaw flaw_ = Flaw::none;  ///< for which the structure was not looked at
};

}  // namespace ordeal::verifier::crash::ext
