#pragma once

#include "core/result.hpp"
#include "testbed/process.hpp"

#include <array>
#include <filesystem>

namespace ordeal {

/// A process that has just been started, not yet reaped.
struct Launched {
    pid_t pid = -1;
    Fd pidfd;
};

struct LaunchOptions {
    Environment env = {};
    std::filesystem::path cwd = {};
    pid_t inside = 0;
    std::array<int, 3> stdio = {};  ///< borrowed; become 0, 1 and 2
};

/// The seam to Boost.Process; the rest of the project uses run() and Child. Errors as run().
[[nodiscard]] Result<Launched> launch(const Argv& argv, const LaunchOptions& options);

}  // namespace ordeal
