#pragma once

#include "campaign/store.hpp"

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

namespace ordeal {

/// Puts the store behind a bounded queue, so that nobody who records an event waits for the disk.
/// Thread-safe. A failure to write is kept and returned by every later call: the run must end.
class RunWriter {
  public:
    explicit RunWriter(Store store);
    /// Writes what is queued.
    ~RunWriter();
    RunWriter(const RunWriter&) = delete;
    RunWriter& operator=(const RunWriter&) = delete;

    Status begin_run(const RunRecord& run);
    Status begin_trial(const TrialRecord& trial);
    /// Queues an event; blocks only while the queue is full.
    void record(std::int64_t trial, const Event& event);
    /// The verdict with all events recorded so far, on disk when this returns.
    Status finish_trial(const TrialRecord& trial);
    Status finish_run(const RunRecord& run);
    [[nodiscard]] Status status() const;

  private:
    struct Queued {
        std::int64_t trial = 0;
        Event event;
    };

    void write_until_stopped();
    /// Takes the store, then the queue: the order of a trial's events stays.
    void write_queued();
    template <class Body>
    Status with_store(Body&& body);

    mutable std::mutex queue_mutex_;
    std::condition_variable changed_;
    std::vector<Queued> queue_;
    bool stopping_ = false;
    Status status_ = ok();

    std::mutex store_mutex_;
    Store store_;
    std::thread thread_;
};

}  // namespace ordeal
