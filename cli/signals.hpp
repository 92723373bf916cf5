#pragma once

#include "core/fd.hpp"

#include <atomic>
#include <functional>
#include <stop_token>
#include <string>
#include <thread>

namespace ordeal::cli {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request while it lives. Make it before any other
/// thread, so that none of them takes the signals. Further signals change nothing: what was started
/// is undone all the same.
class SignalStop {
  public:
    /// `say` is called, in a thread of its own, for each signal with what happens now.
    explicit SignalStop(std::function<void(const std::string&)> say);
    ~SignalStop();
    SignalStop(const SignalStop&) = delete;
    SignalStop& operator=(const SignalStop&) = delete;

    [[nodiscard]] std::stop_token token() const { return stop_.get_token(); }

    /// The first signal that came, or 0.
    [[nodiscard]] int signal() const { return signal_.load(); }

  private:
    void watch();

    std::function<void(const std::string&)> say_;
    std::stop_source stop_;
    std::atomic<int> signal_{0};
    Fd signals_;
    Fd ended_;
    std::thread thread_;
};

}  // namespace ordeal::cli
