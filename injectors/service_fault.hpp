#pragma once

#include "core/injector.hpp"

namespace ordeal::injectors {

/// A fault that a signal makes of one of a host's services.
struct ServiceFault {
    const char* service;  ///< "libvirtd", "virtlogd", "virtlockd"
    Signal signal;        ///< kill and term end it, stop stops it
};

/// The injector of such a fault. Activation by the host's process table: the process that was there
/// is gone, or stopped. Healing lets it go on, and starts it where it does not run. Residue: it
/// does not run or is stopped; of libvirtd: it does not answer.
[[nodiscard]] std::unique_ptr<Injector> make_service_fault(ServiceFault fault);

}  // namespace ordeal::injectors
