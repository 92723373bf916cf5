#include "guest-agents/load.hpp"

#include "guest-agents/ledger_writer.hpp"

#include <algorithm>

namespace ordeal::agent {
namespace {

using wire::LoadState;

/// When the port takes no more, writers wait rather than lose an acknowledgement.
constexpr std::size_t max_durable = 8 * wire::max_acknowledged;

/// Far more than a controller that waits for answers can have open.
constexpr std::size_t max_stop_requests = 64;

bool active(LoadState state) {
    return state == LoadState::starting || state == LoadState::running;
}

}  // namespace

Load::Load(std::function<void()> wake) : wake_(std::move(wake)) {}

Load::~Load() {
    stop_.request_stop();
}

void Load::start(const wire::LoadStart& request) {
    {
        const std::lock_guard lock(mutex_);
        if (active(state_) || !endings_.empty()) {
            messages_.emplace_back(wire::Reply{request.request, "a load is running already"});
            return;
        }
        if (const auto valid = ledger::validate(request.plan); !valid) {
            messages_.emplace_back(wire::Reply{request.request, valid.error().text()});
            return;
        }
        run_ = request.plan.run;
        state_ = LoadState::starting;
        error_.clear();
        intended_ = 0;
        acknowledged_ = 0;
        stop_ = std::stop_source();
    }
    thread_ = std::jthread([this, request] { run(request); });
}

void Load::stop(std::uint32_t request) {
    const std::lock_guard lock(mutex_);
    if (!active(state_)) {
        messages_.emplace_back(status_locked(request));
    } else if (stop_requests_.size() < max_stop_requests) {
        stop_requests_.push_back(request);
        stop_.request_stop();
    } else {
        messages_.emplace_back(wire::Reply{request, "too many requests to stop are waiting"});
    }
}

wire::LoadStatus Load::status(std::uint32_t request) const {
    const std::lock_guard lock(mutex_);
    return status_locked(request);
}

wire::LoadStatus Load::status_locked(std::uint32_t request) const {
    return {request, run_, state_, intended_, acknowledged_, error_};
}

wire::Acknowledged Load::take_acknowledged() {
    const std::lock_guard lock(mutex_);
    const auto count = std::min(durable_.size(), wire::max_acknowledged);
    const auto end = durable_.begin() + static_cast<std::ptrdiff_t>(count);
    wire::Acknowledged taken{run_, {durable_.begin(), end}};
    durable_.erase(durable_.begin(), end);
    changed_.notify_all();
    return taken;
}

std::vector<wire::Message> Load::take_messages() {
    const std::lock_guard lock(mutex_);
    auto taken = std::exchange(messages_, {});
    if (durable_.empty()) {
        std::ranges::move(endings_, std::back_inserter(taken));
        endings_.clear();
    }
    return taken;
}

void Load::run(const wire::LoadStart& request) {
    if (const auto prepared = prepare_ledger(request.directory, request.plan); !prepared) {
        refuse(request.request, prepared.error());
        return;
    }
    {
        const std::lock_guard lock(mutex_);
        state_ = LoadState::running;
    }
    post(wire::Reply{request.request, {}});
    {
        std::vector<std::jthread> writers;
        for (std::uint32_t writer = 0; writer < request.plan.writers; ++writer) {
            writers.emplace_back([&, writer] { write_all(request, writer); });
        }
    }
    finish();
}

void Load::write_all(const wire::LoadStart& request, std::uint32_t writer) {
    using Clock = std::chrono::steady_clock;
    auto ledger_writer = open_writer(request.directory, request.plan, writer);
    if (!ledger_writer) {
        set_failed(ledger_writer.error());
        return;
    }
    const auto per_second = request.rate_limit;
    const Duration pace =
        per_second == 0 ? Duration(0) : Duration(std::chrono::seconds(1)) / per_second;
    const auto stop = stop_.get_token();
    auto due = Clock::now();
    for (std::uint64_t index = 0;; ++index) {
        const auto sequence = ledger::sequence_of(request.plan, writer, index);
        wait_until(due);
        due = std::max(due, Clock::now()) + pace;
        if (stop.stop_requested() || (request.count_limit != 0 && sequence > request.count_limit)) {
            return;
        }
        ++intended_;
        if (const auto written = (*ledger_writer)->write(sequence); !written) {
            set_failed(written.error());
            return;
        }
        ++acknowledged_;
        acknowledge(sequence);
    }
}

/// Waits for room, or hands over nevertheless when the load is to end.
void Load::acknowledge(std::uint64_t sequence) {
    bool was_empty = false;
    {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop_.get_token(), [this] { return durable_.size() < max_durable; });
        was_empty = durable_.empty();
        durable_.push_back(sequence);
    }
    if (was_empty) {
        wake_();
    }
}

void Load::wait_until(std::chrono::steady_clock::time_point time) {
    if (time > std::chrono::steady_clock::now()) {
        std::unique_lock lock(mutex_);
        changed_.wait_until(lock, stop_.get_token(), time, [] { return false; });
    }
}

void Load::set_failed(const Error& error) {
    const std::lock_guard lock(mutex_);
    if (error_.empty()) {
        error_ = error.text();
    }
    stop_.request_stop();
}

/// In one step: who has read the answer may ask for another load at once.
void Load::refuse(std::uint32_t request, const Error& error) {
    {
        const std::lock_guard lock(mutex_);
        messages_.emplace_back(wire::Reply{request, error.text()});
        error_ = error.text();
        finish_locked();
    }
    wake_();
}

void Load::finish() {
    {
        const std::lock_guard lock(mutex_);
        finish_locked();
    }
    wake_();
}

void Load::finish_locked() {
    state_ = error_.empty() ? LoadState::finished : LoadState::failed;
    endings_.emplace_back(status_locked(0));
    for (const auto request : std::exchange(stop_requests_, {})) {
        endings_.emplace_back(status_locked(request));
    }
}

void Load::post(wire::Message message) {
    {
        const std::lock_guard lock(mutex_);
        messages_.push_back(std::move(message));
    }
    wake_();
}

}  // namespace ordeal::agent
