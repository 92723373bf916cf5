#include "campaign/guardian.hpp"

#include "cli/exit_codes.hpp"
#include "cli/verbs.hpp"
#include "cli/world.hpp"
#include "testbed/thread_scheduler.hpp"

#include <csignal>
#include <cstdio>
#include <fmt/format.h>
#include <unistd.h>

namespace ordeal::cli {

int execute(const CommonOptions& /*common*/, const GuardianOptions& options) {
    // Whoever ends the run by a signal to everything must not end its undoing with it.
    for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) {
        std::signal(signal, SIG_IGN);
    }
    ThreadScheduler scheduler;
    const auto say = [](const std::string& line) {
        fmt::print("{}\n", line);
        std::fflush(stdout);
    };
    const auto end =
        guard(STDIN_FILENO, options.journal, scheduler, rollback_world(scheduler), say);
    return end == Watch::residue ? exit_residue : exit_pass;
}

}  // namespace ordeal::cli
