#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace ordeal {

/// Follows a growing text file by inotify(7) and hands out its lines as they are completed.
class ConsoleTail {
  public:
    /// Called on the tail's own thread with the time at which the line's end was read. The line has
    /// no line end, no control characters but tabs, and at most 4096 bytes: a longer one comes in
    /// parts.
    using Sink = std::function<void(std::chrono::steady_clock::time_point, const std::string&)>;

    /// Follows the file, which must exist, from its beginning. A file that becomes shorter is read
    /// from the beginning again. Errors: not_found, unavailable.
    [[nodiscard]] static Result<std::unique_ptr<ConsoleTail>> follow(
        const std::filesystem::path& file, Sink sink);

    ConsoleTail(const ConsoleTail&) = delete;
    ConsoleTail& operator=(const ConsoleTail&) = delete;

    /// Afterwards the sink is not running and never runs again.
    ~ConsoleTail();

  private:
    ConsoleTail(Fd file, Fd changes, Fd wake, Sink sink);
    void read_until_stopped(const std::stop_token& stop);
    void read_new();
    void take(char character);

    Fd file_;
    Fd changes_;  ///< inotify
    Fd wake_;     ///< ends the thread's wait
    Sink sink_;
    std::string line_;
    std::jthread thread_;  ///< last: it uses all of the above
};

}  // namespace ordeal
