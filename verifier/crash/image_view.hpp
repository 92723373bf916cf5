#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <vector>

/// What recovery and checking see of a disk after a crash: plain bytes, although some sectors have
/// no content yet. A sector that was in flight is decided when it is first read, and the decision
/// holds for the rest of the run; the explorer runs the same examination again with each other
/// decision. An examination is therefore any deterministic function of what it reads here; it may
/// keep no other state that it got from an image, except by stamp().
namespace ordeal::verifier::crash {

/// The smallest unit that the storage contract writes whole.
inline constexpr std::size_t sector_size = 512;

/// A 64-bit hash of content: equal bytes, equal stamp; different bytes differ but for 2^-64.
using Stamp = std::uint64_t;

/// The part of a disk that is certain. Owned by the explorer; a test makes one of any bytes.
class BaseImage {
  public:
    /// A size that is no multiple of a sector is cut.
    explicit BaseImage(std::vector<std::byte> bytes);

    [[nodiscard]] std::uint64_t sectors() const { return stamps_.size(); }

    [[nodiscard]] const std::byte* sector(std::uint64_t number) const {
        return bytes_.data() + number * sector_size;
    }

    [[nodiscard]] std::span<const std::byte> bytes() const { return bytes_; }

    /// Replaces a sector with 512 bytes. Views of this image must be clean (ImageView::reset).
    void put(std::uint64_t number, const std::byte* content);

    /// Of one sector's content, wherever it is. Never 0.
    [[nodiscard]] Stamp stamp(std::uint64_t number) const;

    /// Of a whole chunk of `chunk` sectors: the sum of its placed() stamps.
    [[nodiscard]] Stamp chunk_stamp(std::uint64_t index) const;

    static constexpr std::uint64_t chunk = 128;

  private:
    std::vector<std::byte> bytes_;
    mutable std::vector<Stamp> stamps_;        ///< 0: not computed yet
    mutable std::vector<Stamp> chunk_stamps_;  ///< 0: not computed yet
};

/// Of 512 bytes; never 0.
[[nodiscard]] Stamp stamp_of(const std::byte* sector);

/// The contribution of a sector to the stamp of a range: content at a place.
[[nodiscard]] Stamp placed(Stamp content, std::uint64_t number);

/// One thing that an undecided sector may hold.
struct Possible {
    const std::byte* content = nullptr;  ///< 512 bytes
    Stamp stamp = 0;                     ///< 0: not computed yet
    std::uint64_t ways = 1;              ///< how many of the ways to crash leave this content
};

/// Where a view asks about sectors that were in flight. Implemented by the explorer.
class InFlight {
  public:
    virtual ~InFlight() = default;

    /// Decides what `sector` holds for the rest of the run.
    virtual Possible decide(std::uint64_t sector) = 0;

    /// Everything that `sector` may hold now, oldest first, without deciding. Empty where only
    /// deciding tells.
    [[nodiscard]] virtual std::span<const Possible> possible(std::uint64_t sector) const = 0;

    /// Sectors of one atom are decided together: the n-th of what one may hold goes with the n-th
    /// of the others.
    [[nodiscard]] virtual std::uint64_t atom(std::uint64_t sector) const = 0;
};

/// How writes that no flush separates reach the disk.
enum class StepKind : std::uint8_t {
    loose,  ///< each by itself, in any order
    whole   ///< all or none, as through a journal
};

/// A candidate image: a base, the sectors in flight, and what the run itself wrote. Not
/// thread-safe; does not throw but for want of memory. Reads outside the image are refused, so a
/// reader need not trust any number that it finds in it.
class ImageView {
  public:
    /// `base` and `in_flight` outlive the view; no `in_flight`: everything is certain.
    explicit ImageView(const BaseImage& base, InFlight* in_flight = nullptr);
    ImageView(const ImageView&) = delete;
    ImageView& operator=(const ImageView&) = delete;

    [[nodiscard]] std::uint64_t sectors() const { return base_.sectors(); }

    [[nodiscard]] std::uint64_t size() const { return sectors() * sector_size; }

    /// The 512 bytes of a sector, deciding it if need be; valid until it is written or reset() is
    /// called. Precondition: number < sectors().
    [[nodiscard]] const std::byte* sector(std::uint64_t number) {
        const auto slot = slots_[number];
        return slot == certain ? base_.sector(number) : departed(slot);
    }

    /// Reads any bytes; false and nothing read when they are not all inside.
    [[nodiscard]] bool read(std::uint64_t offset, std::span<std::byte> into);

    /// Writes any bytes to the overlay; the base never changes. False and nothing written when they
    /// are not all inside. A sector in flight that is overwritten whole need not be decided.
    [[nodiscard]] bool write(std::uint64_t offset, std::span<const std::byte> from);

    /// The content of `count` sectors from `first`, as a hash: decides them, as reading would. What
    /// was derived from sectors alone may be kept and used again while their stamp is the same.
    /// Fast where nothing is in flight or written. Precondition: inside.
    [[nodiscard]] Stamp stamp(std::uint64_t first, std::uint64_t count);

    /// The stamp_of() a sector's content, deciding it. Precondition: number < sectors().
    [[nodiscard]] Stamp stamp_of_sector(std::uint64_t number);

    /// Everything a sector may hold in this run, without deciding it: one entry where it is
    /// certain, decided or written. For checks of data that judge each sector by itself.
    /// Valid as long as sector(). Precondition: number < sectors().
    [[nodiscard]] std::span<const Possible> possible(std::uint64_t number);

    /// The atom of a sector for which possible() has several answers; see InFlight::atom().
    [[nodiscard]] std::uint64_t atom(std::uint64_t number) const {
        return in_flight_->atom(number);
    }

    /// A sector that was written in a step of this run.
    struct Write {
        std::uint64_t number = 0;
        const std::byte* before = nullptr;  ///< null: was in flight, and is not decided
        const std::byte* after = nullptr;   ///< when the step ended
    };

    /// What was written between two barriers.
    struct Step {
        StepKind kind = StepKind::loose;
        std::vector<Write> writes;  ///< a sector only once, in the order of the first write
    };

    /// Where recovery would flush: what was written before is on the disk before it goes on. What
    /// follows is a step of this kind. Matters to crashes during recovery only.
    void barrier(StepKind next = StepKind::loose) { steps_.push_back({next, {}}); }

    /// What this run wrote, step by step; the bytes are valid until reset(). Never empty.
    [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }

    // For the explorer:

    /// Marks a sector as in flight for this and all later runs. Precondition: the view is clean.
    void mark_in_flight(std::uint64_t number);

    /// Ends a run: forgets writes and decisions.
    void reset();

    /// Forgets also what is in flight.
    void clear();

  private:
    static constexpr std::uint32_t certain = 0;

    /// A sector that is not simply the base's.
    struct Departure {
        std::uint64_t number = 0;
        Possible now;                  ///< no content: undecided
        std::byte* overlay = nullptr;  ///< 512 bytes of ours, once written in this run
        std::size_t step = 0;          ///< the overlay is this one's
    };

    const std::byte* departed(std::uint32_t slot);
    Departure& depart(std::uint64_t number);
    std::byte* overlay_of(std::uint64_t number, bool whole);

    const BaseImage& base_;
    InFlight* in_flight_;
    std::vector<std::uint32_t> slots_;     ///< for each sector: certain, or its departure's index
    std::vector<std::uint32_t> departed_;  ///< for each chunk: how many of its sectors departed
    std::vector<Departure> departures_;    ///< [0] unused; those in flight come first
    std::size_t marked_ = 1;               ///< end of those in flight
    std::vector<Step> steps_{1};
    std::deque<std::vector<std::byte>> pool_;  ///< the overlay's memory, kept between runs
    std::size_t pool_used_ = 0;
    Possible single_;  ///< what possible() answers for a sector that is certain
};

}  // namespace ordeal::verifier::crash
