#pragma once

#include "core/injector.hpp"

#include <functional>
#include <memory>
#include <string_view>

namespace ordeal::injectors {

/// The disk that the fault names by its parameter "disk".
[[nodiscard]] DiskName disk_of(const Fault& fault);

/// "read", "write", "flush" or "all", as the parameter "operations" has it.
void set_operations(DiskFault& fault, std::string_view operations);

/// Lets a domain go on that QEMU paused because of an I/O error, as an operator does once the
/// storage is back. Nothing when libvirt does not answer or the domain is not paused for that: it
/// is no part of the healing.
void resume_after_io_error(InjectorContext& context, const Fault& fault);

/// Finds the disk's server and remembers its process.
[[nodiscard]] Status remember_server(InjectorContext& context, Fault& fault);

/// Starts the disk's server unless it runs, and lets the domain go on. Success when the disk itself
/// has gone meanwhile.
[[nodiscard]] Status bring_server_back(InjectorContext& context, const Fault& fault);

/// Absent when the disk has a server that is not stopped, or is gone itself.
[[nodiscard]] Result<Observation> residue_of_server(InjectorContext& context, const Fault& fault);

/// A fault that the disk itself makes by order of `make`. Activation: the disk counts the requests
/// that it acted on. Owner-bound: it goes with the disk's server.
[[nodiscard]] std::unique_ptr<Injector> disk_fault(std::function<DiskFault(const Params&)> make);

}  // namespace ordeal::injectors
