#pragma once

#include "verifier/crash/model.hpp"

#include <cstdint>
#include <deque>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace ordeal::verifier::crash {

/// A write, zeroes or discard of the trace. Events are named by their index.
struct TracedWrite {
    static constexpr std::size_t never = SIZE_MAX;

    const TraceEvent* issue = nullptr;
    std::size_t issued = 0;
    std::size_t completed = never;
    bool durable = false;

    [[nodiscard]] std::uint64_t first() const { return issue->offset / sector_size; }

    [[nodiscard]] std::uint64_t end() const {
        return (issue->offset + issue->length) / sector_size;
    }

    /// The 512 bytes that it puts into a sector of its range.
    [[nodiscard]] const std::byte* content(std::uint64_t sector) const;
};

/// Says which writes each event makes durable. The rules of model.hpp, and nothing about sectors.
class Durability {
  public:
    Durability(const TraceHeader& disk, const CrashRules& rules);

    /// Follows the trace by one event. Returns the writes that become durable by it, as indices
    /// into writes(); valid until the next call. They are marked durable by settle().
    const std::vector<std::uint32_t>& follow(const TraceEvent& event, std::size_t index);

    /// Makes the writes that the last follow() returned durable.
    void settle();

    [[nodiscard]] const std::vector<TracedWrite>& writes() const { return writes_; }

    /// How many sectors a write leaves whole or not at all.
    [[nodiscard]] std::uint64_t unit() const { return unit_; }

    /// Sectors of one allocation, that is lost or kept as a whole until it is flushed; 0: none is.
    [[nodiscard]] std::uint64_t granule() const { return granule_; }

    [[nodiscard]] bool allocated(std::uint64_t sector) const {
        return granule_ == 0 || allocated_.contains(sector / granule_);
    }

  private:
    struct Request {
        std::size_t issued = 0;
        std::uint32_t write = 0;
        bool flush = false;
    };

    void complete(const Request& request, std::size_t index);
    void raise_flushed(std::size_t flush_issued);
    void raise(std::vector<std::uint32_t> safe);
    [[nodiscard]] bool safe_by_itself(const TracedWrite& write) const;
    [[nodiscard]] bool kept_by_host(const TracedWrite& write) const;

    CrashRules rules_;
    std::uint64_t unit_;
    std::uint64_t granule_;
    bool write_cache_ = true;
    std::vector<TracedWrite> writes_;
    std::unordered_map<std::uint64_t, Request> open_;
    std::deque<std::uint32_t> unflushed_;             ///< completed, in that order
    std::deque<std::vector<std::uint32_t>> doubted_;  ///< what the last barriers should have saved
    std::unordered_set<std::uint64_t> allocated_;     ///< granules
    std::vector<std::uint32_t> raised_;
};

}  // namespace ordeal::verifier::crash
