#include "testbed/site/site_storage.hpp"

#include <algorithm>

namespace ordeal {
namespace {

Error cannot(const DiskName& disk) {
    return fail(ErrorKind::missing,
                "make a fault in disk " + disk.disk + " of " + disk.domain,
                "nobody but a server of ordeal's own can, and the site's disks have others",
                "storage.cut and storage.server_restart act on whole servers");
}

}  // namespace

Result<SiteStorageDoor::Server> SiteStorageDoor::find(const DiskName& disk) const {
    const auto tried = "find the server of disk " + disk.disk + " of " + disk.domain;
    for (const auto& target : site_.targets) {
        const auto found = std::ranges::find(target.disks, disk.disk, &SiteDisk::name);
        if (target.domain != disk.domain || found == target.disks.end()) {
            continue;
        }
        const auto server = std::ranges::find(site_.storage, found->storage, &SiteStorage::name);
        if (server == site_.storage.end()) {
            break;
        }
        const auto host = host_(server->host);
        return host ? Server{*host, server->service} : Result<Server>(host.error());
    }
    return fail(ErrorKind::not_found, tried, site_.path + " names none");
}

Status SiteStorageDoor::impose(const DiskName& disk, const std::string&, const DiskFault&) {
    return cannot(disk);
}

Status SiteStorageDoor::lift(const DiskName&, const std::string&) {
    return ok();
}

Result<DiskFaultState> SiteStorageDoor::fault_state(const DiskName&, const std::string&) {
    return DiskFaultState{};  // none can be imposed
}

Result<std::optional<ProcessRef>> SiteStorageDoor::server(const DiskName& disk) {
    const auto server = find(disk);
    if (!server) {
        return server.error();
    }
    const auto process = server->host->service_process(server->service);
    if (!process && process.error().kind == ErrorKind::not_found) {
        return std::optional<ProcessRef>();
    }
    return process ? Result<std::optional<ProcessRef>>(*process) : process.error();
}

Status SiteStorageDoor::start_server(const DiskName& disk) {
    const auto server = find(disk);
    if (!server) {
        return server.error();
    }
    return server->host->service_process(server->service)
               ? ok()
               : server->host->start_service(server->service);
}

Status SiteStorageDoor::mark(const DiskName& disk, std::span<const std::byte> /*bytes*/) {
    return fail(ErrorKind::not_found, "mark the recording of " + disk.disk, "nobody records it");
}

}  // namespace ordeal
