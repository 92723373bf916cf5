#pragma once

#include "verifier/crash/model.hpp"

#include <cstdint>
#include <functional>
#include <span>
#include <unordered_map>
#include <vector>

/// Covers all crash states of an instant by examining few of them.
///
/// Two states that agree on every sector that an examination read are the same to it. So an
/// examination starts with nothing in flight decided; whatever it reads is decided then, with the
/// oldest content first; and it is run again with each other content of each sector that it read.
/// Each run is a leaf, that stands for every state which agrees with its decisions. Leaves exclude
/// one another and leave no state out, so their counts add up to the number of possible states: the
/// explorer asserts it. (The idea is that of Jaaru, ASPLOS 2021, there for persistent memory.)
namespace ordeal::verifier::crash {

/// An atom that was read, and which of its contents was there. Alternatives with equal content are
/// one choice; this names the first of them.
struct Decision {
    std::uint32_t atom = 0;
    std::uint32_t alternative = 0;
};

struct Leaf {
    const CrashInstant& instant;
    std::span<const Decision> decided;  ///< in the order of their first read
    Count states;                       ///< for how many crash states it stands
};

/// What was covered of what is possible. Adds up over instants.
struct Coverage {
    Count possible = 0;
    Count covered = 0;
    std::uint64_t runs = 0;
    std::uint64_t instants = 0;
    std::uint64_t partial_instants = 0;

    [[nodiscard]] bool complete() const { return covered == possible && instants != 0; }

    Coverage& operator+=(const Coverage& other);
};

/// Not thread-safe.
class Explorer : private InFlight {
  public:
    using Examine = std::function<void(ImageView&)>;
    using Visit = std::function<void(const Leaf&, ImageView&)>;

    /// `base` is that of the model and outlives the explorer.
    explicit Explorer(const BaseImage& base) : base_(base), view_(base, this) {}

    /// Runs `examine` until every state of the instant is covered or `more` says no; calls `visit`
    /// after each run, with the view as the run left it. Where `visit` reads what the run did not,
    /// it sees the oldest content: one state of the leaf.
    /// Errors: internal (the examination is not deterministic).
    [[nodiscard]] Result<Coverage> explore(const CrashInstant& instant,
                                           const Examine& examine,
                                           const Visit& visit,
                                           const std::function<bool()>& more);

    /// Of an atom in flight, the alternative that has the content `choice` of possible().
    [[nodiscard]] std::uint32_t alternative(std::uint64_t atom, std::uint32_t choice) const {
        return atoms_[atom].first[choice];
    }

  private:
    /// The distinct contents of an atom.
    struct Choices {
        std::vector<std::uint32_t> first;  ///< alternative that each stands for
        std::vector<Possible> contents;    ///< position-major: those of its first sector first
        std::uint64_t ways = 0;            ///< of all together
        std::uint32_t chosen = 0;
        bool decided = false;  ///< in this run
    };

    /// A sector in an atom.
    struct Place {
        static constexpr std::uint32_t none = UINT32_MAX;

        std::uint32_t atom = 0;
        std::uint32_t position = 0;
        std::uint32_t below = none;  ///< where it is in the atom beneath
    };

    struct Step {
        std::uint32_t atom = 0;
        std::uint32_t choice = 0;
    };

    Possible decide(std::uint64_t sector) override;
    [[nodiscard]] std::span<const Possible> possible(std::uint64_t sector) const override;
    [[nodiscard]] std::uint64_t atom(std::uint64_t sector) const override;

    void open(const CrashInstant& instant);
    void open_atom(const Atom& atom, std::uint32_t index);
    [[nodiscard]] const Possible& choose(const Place& place);
    /// Contents of an atom at a place.
    [[nodiscard]] std::span<const Possible> contents(const Place& place) const;
    /// The uppermost place of a sector that is not known to show what is beneath; or none.
    [[nodiscard]] std::uint32_t showing(std::uint64_t sector) const;
    void start_run();
    [[nodiscard]] bool next_path();
    [[nodiscard]] Count states_of_run(const CrashInstant& instant) const;

    const BaseImage& base_;
    ImageView view_;
    std::vector<Choices> atoms_;
    std::vector<Place> places_;
    std::unordered_map<std::uint64_t, std::uint32_t> tops_;  ///< of sectors, their uppermost place
    std::vector<Step> path_;
    std::size_t taken_ = 0;  ///< how much of path_ this run has gone
    bool visiting_ = false;
    bool wavered_ = false;  ///< a run read something else than the one before it
    std::vector<Decision> decided_;
};

}  // namespace ordeal::verifier::crash
