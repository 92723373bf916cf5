#include "testbed/storage/lab_storage.hpp"

#include "core/read_file.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/procfs.hpp"
#include "testbed/storage/disk_orders.hpp"
#include "testbed/storage/disk_server.hpp"
#include "testbed/storage/shared_server.hpp"
#include "testbed/wait.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto start_deadline = 30s;  // servers that come up while many start
constexpr auto end_deadline = 10s;
constexpr const char* server_pid = "server.pid";
constexpr const char* file_pid = "file.pid";
/// The command of the starts after the first, where that is another.
constexpr const char* next_server = "server.next";

/// As the node sees them. The name of the socket is short: sun_path has 108 bytes.
const fs::path disks_directory = "/run/ordeal/disks";

fs::path directory_of(const DiskName& disk) {
    return disks_directory / disk.domain / disk.disk;
}

Error system_failure(const std::string& tried, const std::error_code& error) {
    return fail(ErrorKind::unavailable, tried, error.message());
}

Status write_whole(const fs::path& path, const std::string& text) {
    const auto draft = path.parent_path().parent_path() / (path.filename().string() + ".new");
    std::ofstream file(draft, std::ios::trunc);
    file << text;
    file.close();
    std::error_code error;
    if (file) {
        fs::rename(draft, path, error);
    }
    if (!file || error) {
        return fail(ErrorKind::unavailable, "write " + path.string(), error.message());
    }
    return ok();
}

/// "<domain>/<disk>"
std::string name_in(const fs::path& disk) {
    return disk.parent_path().filename().string() + "/" + disk.filename().string();
}

/// A pid file outlives its process, and after the node's next boot the pid may be another disk's:
/// each server has its disk in its environment.
bool is_part(const ProcessInfo& process, const fs::path& outside, const char* pid_file) {
    const auto pid = std::to_string(process.ref.pid);
    const auto environment = '\0' + read_file("/proc/" + pid + "/environ");
    const auto entry = std::string(1, '\0') + disk_marker + "=" + name_in(outside) + '\0';
    const bool is_file = process.name == "nbdfuse";
    return environment.find(entry) != std::string::npos &&
           is_file == (std::string_view(pid_file) == file_pid);
}

/// Each has an address of its own on the storage plane.
SharedServer shared_server(const std::string& protocol,
                           const fs::path& image,
                           const fs::path& directory,
                           int slot) {
    return {.protocol = protocol,
            .image = image,
            .directory = directory,
            .bridge = std::string(name_of(Plane::storage)),
            .address = disk_address(slot),
            .prefix = prefix_of(Plane::storage),
            .port = "disk" + std::to_string(slot)};
}

/// Words end with a zero byte, as in /proc/<pid>/cmdline.
Status write_command(const fs::path& path, const Argv& argv) {
    std::ofstream file(path);
    for (const auto& word : argv) {
        file << word << '\0';
    }
    file.close();
    return file ? ok()
                : Status(fail(ErrorKind::unavailable, "write " + path.string(), "no space?"));
}

Argv read_command(const fs::path& path) {
    Argv argv;
    std::istringstream words(read_file(path));
    for (std::string word; std::getline(words, word, '\0');) {
        argv.push_back(word);
    }
    return argv;
}

/// Where a recording goes: beside the image.
fs::path recording(const fs::path& image, const char* extension) {
    return fs::path(image).replace_extension(extension);
}

Error nobody_serves(const DiskName& disk) {
    return fail(ErrorKind::not_found,
                "find the server of disk " + disk.disk + " of " + disk.domain,
                "nobody serves it",
                "the disk's backing must not be \"file\"");
}

}  // namespace

Result<LabNode> LabStorage::storage() const {
    auto all = nodes_();
    const auto found = std::ranges::find(all, NodeRole::storage, &LabNode::role);
    return found != all.end() ? Result<LabNode>(std::move(*found))
                              : fail(ErrorKind::missing,
                                     "share a disk",
                                     "the lab has no storage node",
                                     "ordeal lab down, then ordeal lab up");
}

Result<DiskPlace> LabStorage::prepare(const LabNode& host,
                                      const DiskName& disk,
                                      const DiskSpec& spec,
                                      const fs::path& image,
                                      const DiskDraw& draw) {
    if (spec.backing == "file") {
        return DiskPlace{.image = image, .file = image};
    }
    // What the host has to itself is shown as a file.
    const bool recorded = spec.backing == "recorded";
    const bool local = recorded || spec.backing == "local";
    const auto can = local ? can_serve_disks() : can_share(spec.backing);
    const auto node = local ? Result<LabNode>(host) : storage();
    if (!can || !node) {
        return can ? node.error() : can.error();
    }
    const auto inside = directory_of(disk);
    const auto outside = node->outside(inside);
    std::error_code error;
    for (const auto* part : {"orders", "met"}) {
        fs::create_directories(outside / part, error);
        if (error) {
            return system_failure("make " + (outside / part).string(), error);
        }
    }
    std::ofstream(outside / "start.sh") << disk_start_script();
    if (local) {
        auto written = write_command(
            outside / (recorded ? next_server : "server"),
            disk_server_command(
                {.image = image, .directory = inside, .lossy = !recorded, .seed = draw.seed}));
        if (written && recorded) {
            written = write_command(outside / "server",
                                    disk_recorder_command({.image = image,
                                                           .directory = inside,
                                                           .trace = recording(image, ".trace"),
                                                           .base = recording(image, ".base"),
                                                           .sector = spec.sector.count}));
        }
        written = written ? write_command(outside / "shown", disk_file_command(inside)) : written;
        return written ? Result<DiskPlace>(DiskPlace{.image = image, .file = inside / "file"})
                       : written.error();
    }
    const auto server = shared_server(spec.backing, image, inside, draw.slot);
    std::ofstream(outside / "server.sh") << shared_server_script();
    if (auto written = write_command(outside / "server", shared_server_command(server)); !written) {
        return written.error();
    }
    return DiskPlace{.image = image,
                     .protocol = spec.backing,
                     .name = shared_name(server),
                     .address = server.address};
}

Status LabStorage::start_servers(const std::string& domain) {
    for (const auto& place : places_of(domain)) {
        if (auto started = start(place); !started) {
            return started;
        }
    }
    return ok();
}

Status LabStorage::run_in(const Place& place, const Argv& argv) {
    RunOptions options{.deadline = start_deadline,
                       .inside = static_cast<pid_t>(place.node.init().pid)};
    options.cwd = "/";
    options.background = Background::kept;
    options.env = {{disk_marker, name_in(place.outside)}};
    if (options.inside == 0) {
        return fail(ErrorKind::unavailable,
                    "start the disk in " + place.outside.string(),
                    place.node.name() + " is down");
    }
    const auto started = run_or_fail(argv, options);
    return started ? ok() : Status(started.error());
}

Status LabStorage::start(const Place& place) {
    const auto tried = "start the disk in " + place.outside.string();
    const auto inside = disks_directory / name_in(place.outside);
    std::error_code error;
    if (!process_of(place, server_pid)) {
        const auto started = run_in(place, {"sh", (inside / "start.sh").string(), inside.string()});
        if (!started) {
            return started;
        }
        if (fs::exists(place.outside / next_server, error)) {
            // The recorder has its command: what starts after it serves plainly.
            fs::rename(place.outside / next_server, place.outside / "server", error);
        }
    }
    if (!fs::exists(place.outside / "shown", error)) {
        return ok();
    }
    if (!wait_until(start_deadline,
                    [&] { return disk_server_answers(place.outside / "socket"); })) {
        return fail(ErrorKind::timeout, tried, "nbdkit does not answer");
    }
    if (process_of(place, file_pid)) {
        return ok();
    }
    fs::remove(place.outside / file_pid, error);
    std::ofstream(place.outside / "file").close();
    if (auto started = run_in(place, read_command(place.outside / "shown")); !started) {
        return started;
    }
    const bool shown = wait_until(start_deadline, [&] { return process_of(place, file_pid); });
    return shown ? ok() : Status(fail(ErrorKind::timeout, tried, "nbdfuse does not answer"));
}

Status LabStorage::settle(const DiskName& disk) {
    const auto place = find(disk);
    if (!place) {
        return place.error().kind == ErrorKind::not_found ? ok() : Status(place.error());
    }
    stop_marking(*place);
    // Of a local disk SIGKILL would be a power cut; the others hold nothing back.
    std::error_code ignored;
    const bool local = fs::exists(place->outside / "shown", ignored);
    auto ended = end(*place, file_pid, Signal::term);
    return ended ? end(*place, server_pid, local ? Signal::term : Signal::kill) : ended;
}

/// Success when it does not run.
Status LabStorage::end(const Place& place, const char* pid_file, Signal signal) {
    const auto process = process_of(place, pid_file);
    if (!process) {
        return ok();
    }
    auto told = send_signal(*process, signal);
    if (!told) {
        return told.error().kind == ErrorKind::not_found ? ok() : told;
    }
    return wait_gone(*process, end_deadline);
}

Status LabStorage::remove(const std::string& domain) {
    Status removed = ok();
    for (const auto& place : places_of(domain)) {
        for (const auto* pid_file : {file_pid, server_pid}) {
            auto ended = end(place, pid_file, Signal::kill);
            removed = ended ? removed : ended;
        }
        // A dead nbdfuse leaves its mount, which is the node's own.
        if (place.node.alive() && fs::exists(place.outside / "shown")) {
            std::ignore =
                run({"umount",
                     "-l",
                     (disks_directory / domain / place.outside.filename() / "file").string()},
                    {.inside = static_cast<pid_t>(place.node.init().pid)});
        }
    }
    for (const auto& node : nodes_()) {
        std::error_code error;
        fs::remove_all(node.outside(disks_directory / domain), error);
        if (error && removed) {
            removed = system_failure("remove the disks of " + domain, error);
        }
    }
    return removed;
}

Result<LabStorage::Place> LabStorage::find(const DiskName& disk) const {
    for (auto& node : nodes_()) {
        auto outside = node.outside(directory_of(disk));
        std::error_code ignored;
        if (fs::exists(outside / "server", ignored)) {
            return Place{std::move(node), std::move(outside)};
        }
    }
    return nobody_serves(disk);
}

std::vector<LabStorage::Place> LabStorage::places_of(const std::string& domain) const {
    std::vector<Place> places;
    for (const auto& node : nodes_()) {
        std::error_code ignored;
        for (const auto& entry :
             fs::directory_iterator(node.outside(disks_directory / domain), ignored)) {
            places.push_back({node, entry.path()});
        }
    }
    return places;
}

std::optional<ProcessRef> LabStorage::process_of(const Place& place, const char* pid_file) {
    pid_t inner = 0;
    std::ifstream(place.outside / pid_file) >> inner;
    if (inner > 0 && place.node.alive()) {
        const auto info = process_inside(static_cast<pid_t>(place.node.init().pid), inner);
        if (info && is_part(*info, place.outside, pid_file)) {
            return info->ref;
        }
    }
    return std::nullopt;
}

Status LabStorage::impose(const DiskName& disk, const std::string& id, const DiskFault& fault) {
    const auto place = find(disk);
    if (!place) {
        return place.error();
    }
    return write_whole(place->outside / "orders" / order_file(id), to_order(fault));
}

Status LabStorage::lift(const DiskName& disk, const std::string& id) {
    const auto place = find(disk);
    if (!place) {
        return place.error().kind == ErrorKind::not_found ? ok() : Status(place.error());
    }
    std::error_code error;
    fs::remove(place->outside / "orders" / order_file(id), error);
    return error ? Status(system_failure("lift " + id, error)) : ok();
}

Result<DiskFaultState> LabStorage::fault_state(const DiskName& disk, const std::string& id) {
    const auto place = find(disk);
    if (!place) {
        return place.error().kind == ErrorKind::not_found ? Result<DiskFaultState>(DiskFaultState{})
                                                          : place.error();
    }
    DiskFaultState state;
    std::error_code error;
    state.imposed = fs::exists(place->outside / "orders" / order_file(id), error);
    if (error) {
        return system_failure("look for " + id, error);
    }
    std::ifstream(place->outside / "met" / order_file(id)) >> state.met;
    return state;
}

Result<std::optional<ProcessRef>> LabStorage::server(const DiskName& disk) {
    const auto place = find(disk);
    if (!place) {
        return place.error();
    }
    return process_of(*place, server_pid);
}

Status LabStorage::start_server(const DiskName& disk) {
    const auto place = find(disk);
    return place ? start(*place) : Status(place.error());
}

}  // namespace ordeal
