#pragma once

#include "verifier/crash/engine.hpp"
#include "verifier/crash/explore.hpp"
#include "verifier/crash/states.hpp"

#include <cstdint>
#include <vector>

/// The power goes again while recovery writes: what it wrote before its last flush is on the disk,
/// of what it wrote since then any part. Recovery writes as the kernel's mount does, and its
/// flushes count, whatever the disk did before.
namespace ordeal::verifier::crash {

/// What a leaf's recovery may leave when it is cut, step by step. Each instant has the leaf's
/// atoms, what was read with the content that it had; then those of the steps before, which are
/// certain; then, over them, those of the step: written or not. The leaf's instant and the view
/// outlive it.
class RecoveryCrash {
  public:
    /// `steps` of the view in which the leaf was recovered; `unit`: sectors that the disk writes
    /// whole. A write that changes nothing is none.
    RecoveryCrash(const Leaf& leaf, const std::vector<ImageView::Step>& steps, std::uint64_t unit);

    /// The next step that writes anything; nullptr after the last. Valid until the next call.
    const CrashInstant* next();

    /// Which step that is, of those given.
    [[nodiscard]] std::size_t step() const { return next_ - 1; }

    /// The first atom of that step.
    [[nodiscard]] std::size_t first_atom() const { return first_atom_; }

  private:
    void make_certain();

    const std::vector<ImageView::Step>& steps_;
    std::uint64_t unit_;
    Count states_;
    std::size_t next_ = 0;
    std::size_t first_atom_ = 0;
    CrashInstant instant_;
};

/// Recovers the image in `bytes` and leaves in it what a cut at `point` leaves. False, and nothing
/// changed, when it recovers in fewer steps.
[[nodiscard]] bool cut_recovery(Engine& engine,
                                const RecoveryPoint& point,
                                std::uint64_t unit,
                                std::vector<std::byte>& bytes);

}  // namespace ordeal::verifier::crash
