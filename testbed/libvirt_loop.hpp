#pragma once

#include "core/result.hpp"

#include <atomic>
#include <memory>
#include <thread>

namespace ordeal {

/// The thread that runs libvirt's event loop: events, keepalive and closed connections are seen
/// only while it lives. libvirt knows one loop per process and it must be there before the first
/// connection, so all holders share it; the thread ends with the last of them. Also takes away
/// libvirt's habit of printing errors to stderr: they come back as Error. Ignores SIGPIPE for the
/// process: libvirt writes to the socket of a libvirtd that may just have been killed.
class LibvirtLoop {
  public:
    /// Errors: internal (libvirt would not start).
    [[nodiscard]] static Result<std::shared_ptr<LibvirtLoop>> shared();

    LibvirtLoop(const LibvirtLoop&) = delete;
    LibvirtLoop& operator=(const LibvirtLoop&) = delete;
    ~LibvirtLoop();

  private:
    explicit LibvirtLoop(int wake_timer);
    void run() const;

    int wake_timer_;  ///< fires once to make the loop look at stop_
    std::atomic<bool> stop_ = false;
    std::thread thread_;
};

}  // namespace ordeal
