#pragma once

#include "campaign/rollback.hpp"
#include "core/fd.hpp"
#include "testbed/process.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

/// The guardian: a separate process that rolls a run back when its controller dies, however it
/// dies. It reads a pipe whose only other end the controller holds: the kernel closes that end with
/// the process.
namespace ordeal {

/// The controller's side.
class Guardian {
  public:
    /// Starts `command` (argv of a guardian process, see `guard`) with the pipe as its standard
    /// input and waits until it says that it watches. Without a guardian nothing may be injected.
    [[nodiscard]] static Result<Guardian> start(const std::vector<std::string>& command,
                                                const std::filesystem::path& log);

    Guardian(Guardian&&) noexcept = default;
    Guardian& operator=(Guardian&&) noexcept = default;
    /// Without `bye` the guardian takes this for the controller's death and rolls back.
    ~Guardian();

    /// Everything is undone: the guardian ends without acting. Waits for its end.
    [[nodiscard]] Status bye();

    /// Whether it still watches.
    [[nodiscard]] bool alive() const { return child_.alive(); }

  private:
    Guardian(Child child, Fd alive) : child_(std::move(child)), alive_(std::move(alive)) {}

    Child child_;
    Fd alive_;
};

/// How the guardian's process ended.
enum class Watch {
    dismissed,    ///< the controller said bye
    rolled_back,  ///< the controller died; everything was seen to be undone
    residue       ///< the controller died, and something is left
};

/// The guardian process itself: blocks until the controller says bye or dies, then rolls back,
/// again and again until nothing is left or `attempts` are used up. `say` gets lines for the log.
[[nodiscard]] Watch guard(int alive_fd,
                          const std::filesystem::path& journal,
                          Scheduler& scheduler,
                          const RollbackWorld& world,
                          const std::function<void(const std::string&)>& say,
                          int attempts = 20);

/// What the guardian writes to its log (standard output) as soon as it watches; `Guardian::start`
/// waits for it.
inline constexpr const char* guardian_ready = "guardian: watching";

}  // namespace ordeal
