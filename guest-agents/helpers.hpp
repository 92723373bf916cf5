#pragma once

#include "core/fd.hpp"
#include "core/wire_messages.hpp"

#include <cstdint>
#include <poll.h>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <vector>

namespace ordeal::agent {

/// The option with which this program is a helper: `ordeal-agent --make KIND NAME=VALUE…`.
inline constexpr std::string_view helper_option = "--make";

/// The helpers of an agent: processes that make a fault, hold it for a time and end it, whatever
/// becomes of the agent meanwhile. Each leads a session of its own, by which it is found again, by
/// another agent too. Used by one thread; waits for nothing.
class Helpers {
  public:
    /// Starts one; the Reply follows through take_messages(). One for each kind at a time.
    void start(const wire::InjectFault& request);

    /// Adds what must become readable before there is something to take.
    void add_to(std::vector<pollfd>& polled) const;

    /// The answers that came. A fault that silences its agent strikes once let_go() was called.
    [[nodiscard]] std::vector<wire::Message> take_messages();

    void let_go() { done_.clear(); }

  private:
    struct Pending {
        std::uint32_t request = 0;
        std::string kind;
        Fd answer;
        std::string text;
    };

    std::vector<Pending> pending_;
    std::vector<Fd> done_;  ///< whose closing the helper waits for
};

/// Tells the helpers of this kind to end it; they may need a while.
void end_fault(const std::string& kind);

/// What helpers there are, and what they and their children use.
struct HelperUse {
    std::vector<std::string> kinds;
    std::uint64_t processes = 0;
    std::uint64_t cpu_ticks = 0;  ///< user and system, of 100 a second
    std::uint64_t written = 0;    ///< bytes, to disks
};

[[nodiscard]] HelperUse look_at_helpers();

}  // namespace ordeal::agent
