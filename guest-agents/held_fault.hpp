#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace ordeal::agent {

/// The order of a helper: the words of its command line. Durations are nanoseconds, sizes bytes.
struct Order {
    std::string kind;
    std::map<std::string, std::string, std::less<>> params;

    [[nodiscard]] std::string text(std::string_view name, std::string fallback = {}) const;
    /// `fallback` also when it is no number.
    [[nodiscard]] std::int64_t number(std::string_view name, std::int64_t fallback) const;

    /// Of the file system that the order is about.
    [[nodiscard]] std::string path() const { return text("path", "/data"); }
};

/// Nothing when a word is no NAME=VALUE.
[[nodiscard]] Result<Order> parse_order(std::span<const std::string> words);

/// A fault that lasts as long as its helper wants. Used by the helper's one thread.
class HeldFault {
  public:
    virtual ~HeldFault() = default;
    /// Makes it; returns at once.
    virtual Status begin() = 0;
    /// Ends it. Called once after a begin() that worked.
    virtual void end() = 0;

    /// The agent cannot answer any more once it has begun.
    [[nodiscard]] virtual bool silences() const { return false; }
};

/// Processes of a helper that do nothing but harm. They die with it.
class Workers {
  public:
    Workers() = default;
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    ~Workers();

    /// One more, which runs `work`; out of memory it is the first to go.
    [[nodiscard]] Status add(void (*work)(const Order&), const Order& order);
    void kill();

  private:
    std::vector<pid_t> pids_;
};

/// The makers of each family; nullptr when the kind is not theirs.
[[nodiscard]] std::unique_ptr<HeldFault> make_agent_fault(const Order& order);
[[nodiscard]] std::unique_ptr<HeldFault> make_clock_fault(const Order& order);
[[nodiscard]] std::unique_ptr<HeldFault> make_disk_fault(const Order& order);
[[nodiscard]] std::unique_ptr<HeldFault> make_load_fault(const Order& order);
[[nodiscard]] std::unique_ptr<HeldFault> make_service_fault(const Order& order);

/// The helper: makes the fault that its words name, says so on its standard output (an empty line,
/// or why not), holds it until SIGTERM or for `at_most`, and ends it. Returns the exit code.
int run_helper(std::span<const std::string> words);

}  // namespace ordeal::agent
