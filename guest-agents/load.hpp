#pragma once

#include "core/wire_messages.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace ordeal::agent {

/// The ledger load: one at a time, on threads of its own, so that a disk that hangs holds up
/// nothing else. Used by one thread; none of its functions waits for the disk but the destructor.
class Load {
  public:
    /// `wake` is called from the load's threads whenever there is something to take.
    explicit Load(std::function<void()> wake);
    ~Load();

    /// Begins; the Reply to the request follows through take_messages().
    void start(const wire::LoadStart& request);

    /// Ends it; the LoadStatus follows through take_messages() once no write is in flight.
    void stop(std::uint32_t request);

    [[nodiscard]] wire::LoadStatus status(std::uint32_t request) const;

    /// The oldest durable records not taken yet, at most wire::max_acknowledged; maybe none.
    [[nodiscard]] wire::Acknowledged take_acknowledged();

    /// Answers and reports not taken yet.
    [[nodiscard]] std::vector<wire::Message> take_messages();

  private:
    void run(const wire::LoadStart& request);
    void write_all(const wire::LoadStart& request, std::uint32_t writer);
    void refuse(std::uint32_t request, const Error& error);
    void finish();
    void finish_locked();
    void set_failed(const Error& error);
    void acknowledge(std::uint64_t sequence);
    void wait_until(std::chrono::steady_clock::time_point time);
    void post(wire::Message message);
    [[nodiscard]] wire::LoadStatus status_locked(std::uint32_t request) const;

    std::function<void()> wake_;
    std::atomic<std::uint64_t> intended_ = 0;
    std::atomic<std::uint64_t> acknowledged_ = 0;

    mutable std::mutex mutex_;
    std::condition_variable_any changed_;  ///< room among the durable records, or a stop
    std::uint64_t run_ = 0;
    wire::LoadState state_ = wire::LoadState::idle;
    std::string error_;
    std::vector<std::uint64_t> durable_;        ///< bounded by max_durable
    std::vector<wire::Message> messages_;       ///< one for each request at most
    std::vector<wire::Message> endings_;        ///< taken after the last durable record
    std::vector<std::uint32_t> stop_requests_;  ///< to be answered at the end
    std::stop_source stop_;                     ///< of the present load
    std::jthread thread_;                       ///< last: it uses all of the above
};

}  // namespace ordeal::agent
