#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"
#include "testbed/process.hpp"

/// The rack: the namespaces (mount, pid, net) around a lab's nodes. In its network are the switches
/// (a bridge for each plane) and the controller's addresses; in its pid namespace is everything of
/// the lab, power controllers and nodes too. With its PID 1 all of it goes.
namespace ordeal {

/// Makes it and starts its PID 1. Until "go\n" is written to the other end of `leash`, PID 1 ends
/// (and the lab with it) as soon as that end is closed: a controller that dies while it starts a
/// lab leaves none.
[[nodiscard]] Result<Child> start_rack(Fd leash);

/// Mounts the rack's own /proc; the first thing to do after start_rack().
[[nodiscard]] Status mount_proc(pid_t rack);

}  // namespace ordeal
