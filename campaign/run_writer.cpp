#include "campaign/run_writer.hpp"

#include <map>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t queue_bound = 65'536;
/// A transaction costs about as much as a hundred events.
constexpr std::size_t worth_writing = 1'024;
constexpr auto longest_delay = 250ms;

}  // namespace

RunWriter::RunWriter(Store store)
    : store_(std::move(store)), thread_([this] { write_until_stopped(); }) {}

RunWriter::~RunWriter() {
    {
        const std::lock_guard lock(queue_mutex_);
        stopping_ = true;
    }
    changed_.notify_all();
    thread_.join();
    write_queued();
}

template <class Body>
Status RunWriter::with_store(Body&& body) {
    if (auto earlier = status(); !earlier) {
        return earlier;
    }
    auto done = [&]() -> Status {
        const std::lock_guard lock(store_mutex_);
        return body();
    }();
    if (!done) {
        const std::lock_guard lock(queue_mutex_);
        status_ = done;
    }
    return done;
}

Status RunWriter::begin_run(const RunRecord& run) {
    return with_store([&] { return store_.begin_run(run); });
}

Status RunWriter::begin_trial(const TrialRecord& trial) {
    return with_store([&] { return store_.begin_trial(trial); });
}

void RunWriter::record(std::int64_t trial, const Event& event) {
    std::unique_lock lock(queue_mutex_);
    // The writer empties the queue also when it cannot write.
    changed_.wait(lock, [this] { return queue_.size() < queue_bound; });
    queue_.push_back({trial, event});
    if (queue_.size() == 1 || queue_.size() == worth_writing) {
        changed_.notify_all();
    }
}

Status RunWriter::finish_trial(const TrialRecord& trial) {
    write_queued();
    return with_store([&] { return store_.finish_trial(trial); });
}

Status RunWriter::finish_run(const RunRecord& run) {
    write_queued();
    return with_store([&] { return store_.finish_run(run); });
}

Status RunWriter::status() const {
    const std::lock_guard lock(queue_mutex_);
    return status_;
}

void RunWriter::write_until_stopped() {
    while (true) {
        {
            std::unique_lock lock(queue_mutex_);
            changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
            changed_.wait_for(lock, longest_delay, [this] {
                return stopping_ || queue_.size() >= worth_writing;
            });
            if (stopping_) {
                return;
            }
        }
        write_queued();
    }
}

void RunWriter::write_queued() {
    // All in the store's lock, or a later batch could overtake this one.
    auto write = [this]() -> Status {
        std::vector<Queued> batch;
        {
            const std::lock_guard lock(queue_mutex_);
            batch.swap(queue_);
        }
        changed_.notify_all();
        std::map<std::int64_t, std::vector<Event>> by_trial;
        for (auto& queued : batch) {
            by_trial[queued.trial].push_back(std::move(queued.event));
        }
        for (const auto& [trial, events] : by_trial) {
            if (auto status = store_.add_events(trial, events); !status) {
                return status;
            }
        }
        return ok();
    };
    if (auto earlier = status(); !earlier) {
        // Nobody may wait for room in a queue that is never written.
        const std::lock_guard lock(queue_mutex_);
        queue_.clear();
        changed_.notify_all();
        return;
    }
    static_cast<void>(with_store(write));
}

}  // namespace ordeal
