#pragma once

#include "core/testbed.hpp"

#include <filesystem>
#include <string>
#include <vector>

/// QEMU asked through a QMP socket of its own, which libvirt knows nothing of: what it says is
/// QEMU's word, whether libvirtd lives or not. A connection for each look, so that nobody holds the
/// socket, which serves one at a time. Only questions. Thread-safe: no state.
/// https://www.qemu.org/docs/master/interop/qemu-qmp-ref.html
/// Errors: not_found (no QEMU has the socket open), timeout, unavailable (it says something else).
namespace ordeal {

/// RunState of query-status.
[[nodiscard]] Result<std::string> monitor_run_state(const std::filesystem::path& socket,
                                                    Duration deadline);

/// All queues of all virtio-blk devices, by x-query-virtio-queue-status, which QEMU has had since
/// 7.2 and calls unstable. Errors also: missing (an older QEMU).
[[nodiscard]] Result<std::vector<DiskQueue>> monitor_disk_queues(
    const std::filesystem::path& socket, Duration deadline);

}  // namespace ordeal
