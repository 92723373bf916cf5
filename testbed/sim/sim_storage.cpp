#include "testbed/sim/sim_storage.hpp"

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration server_start = 50ms;

Error unreadable(const std::string& tried) {
    return fail(ErrorKind::unavailable, tried, "the disk's reports cannot be read");
}

bool is_not_found(const Error& error) {
    return error.kind == ErrorKind::not_found;
}

}  // namespace

Result<SimDisk*> SimStorage::find(const DiskName& name) const {
    const auto domain = world_.domain(name.domain);
    auto* disk = domain == nullptr ? nullptr : domain->disk(name.disk);
    if (disk == nullptr) {
        return fail(ErrorKind::not_found,
                    "find disk " + name.disk + " of " + name.domain,
                    "nobody serves it");
    }
    return disk;
}

Status SimStorage::impose(const DiskName& name, const std::string& id, const DiskFault& fault) {
    const auto disk = find(name);
    if (!disk) {
        return disk.error();
    }
    if (world_.mishaps().storage == Deed::fails) {
        return fail(ErrorKind::refused, "impose " + id, "the disk refused");
    }
    if (world_.mishaps().storage == Deed::works) {
        (*disk)->impose(id, fault);
    }
    return ok();
}

Status SimStorage::lift(const DiskName& name, const std::string& id) {
    const auto disk = find(name);
    if (!disk) {
        return is_not_found(disk.error()) ? ok() : Status(disk.error());
    }
    if (world_.mishaps().storage == Deed::fails && (*disk)->state(id).imposed) {
        return fail(ErrorKind::refused, "lift " + id, "the disk refused");
    }
    if (world_.mishaps().storage == Deed::works) {
        (*disk)->lift(id);
    }
    return ok();
}

Result<DiskFaultState> SimStorage::fault_state(const DiskName& name, const std::string& id) {
    if (world_.mishaps().blind) {
        return unreadable("look for " + id);
    }
    const auto disk = find(name);
    return disk ? (*disk)->state(id) : DiskFaultState{};
}

Result<std::optional<ProcessRef>> SimStorage::server(const DiskName& name) {
    if (world_.mishaps().blind) {
        return unreadable("find the server of disk " + name.disk);
    }
    const auto disk = find(name);
    if (!disk) {
        return disk.error();
    }
    return (*disk)->server();
}

Status SimStorage::start_server(const DiskName& name) {
    world_.scheduler().wait_for(server_start, {});
    const auto disk = find(name);
    if (!disk) {
        return disk.error();
    }
    if (world_.mishaps().storage == Deed::fails) {
        return fail(ErrorKind::refused, "start the server of " + name.disk, "it ended at once");
    }
    if (world_.mishaps().storage == Deed::works) {
        (*disk)->start();
    }
    return ok();
}

Status SimStorage::mark(const DiskName& name, std::span<const std::byte> bytes) {
    const auto disk = find(name);
    if (disk) {
        (*disk)->mark({bytes.begin(), bytes.end()});
    }
    return disk ? ok() : Status(disk.error());
}

}  // namespace ordeal
