#pragma once

#include "core/result.hpp"
#include "core/testbed.hpp"

#include <string>

namespace ordeal {

/// A process of another host.
struct RemoteProcess {
    ProcessRef ref;
    ProcessStatus status;
    std::int64_t session = 0;
};

/// Reads a line of /proc/<pid>/stat, see proc(5). Ticks are hundredths of a second, as on every
/// architecture that runs KVM. Errors: not_found (a zombie), corrupt.
[[nodiscard]] Result<RemoteProcess> parse_stat(const std::string& tried, const std::string& line);

}  // namespace ordeal
