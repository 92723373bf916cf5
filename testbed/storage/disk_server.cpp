#include "testbed/storage/disk_server.hpp"

#include "core/fd.hpp"

#include <array>
#include <cerrno>
#include <string_view>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>

namespace ordeal {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

Argv disk_server_command(const DiskServerOptions& options) {
    return {"nbdkit",
            "--unix=" + (options.directory / "socket").string(),
            "--pidfile=" + (options.directory / "server.pid").string(),
            ORDEAL_DISK_PLUGIN,
            "image=" + options.image.string(),
            "directory=" + options.directory.string(),
            "seed=" + std::to_string(options.seed),
            std::string("cache=") + (options.lossy ? "lossy" : "write-through")};
}

Argv disk_recorder_command(const DiskRecorderOptions& options) {
    return {"nbdkit",
            "--unix=" + (options.directory / "socket").string(),
            "--pidfile=" + (options.directory / "server.pid").string(),
            ORDEAL_RECORD_PLUGIN,
            "file=" + options.image.string(),
            "trace=" + options.trace.string(),
            "base=" + options.base.string(),
            "atom=" + std::to_string(options.sector)};
}

Status can_serve_disks() {
    for (const auto* plugin : {ORDEAL_DISK_PLUGIN, ORDEAL_RECORD_PLUGIN}) {
        if (::access(plugin, R_OK) != 0) {
            return fail(ErrorKind::missing,
                        std::string("find ") + plugin,
                        std::system_category().message(errno),
                        "build it: ./bootstrap build");
        }
    }
    for (const auto* program : {"nbdkit", "nbdfuse"}) {
        if (auto asked = run_or_fail({program, "--version"}, {.deadline = 5s}); !asked) {
            return asked.error();
        }
    }
    return ok();
}

Argv disk_file_command(const fs::path& directory) {
    // nbdfuse stays in the foreground; a child of ours would keep the node's namespace from ending.
    return {"sh",
            "-c",
            "exec setsid --fork \"$@\" </dev/null >/dev/null 2>&1",
            "sh",
            "nbdfuse",
            "--pidfile",
            (directory / "file.pid").string(),
            (directory / "file").string(),
            "--unix",
            (directory / "socket").string()};
}

bool disk_server_answers(const fs::path& socket) {
    const Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (socket.native().size() >= sizeof address.sun_path) {
        return false;
    }
    socket.native().copy(address.sun_path, socket.native().size());
    const timeval patience{.tv_sec = 1};
    ::setsockopt(client.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    std::array<char, 8> greeting{};
    return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) ==
               0 &&
           ::recv(client.get(), greeting.data(), greeting.size(), MSG_WAITALL) == 8 &&
           std::string_view(greeting.data(), greeting.size()) == "NBDMAGIC";
}

std::string_view disk_start_script() {
    return R"sh(set -eu
cd "$1"
disk=${1%/}
exec flock --close . sh -c '
    if pid=$(cat server.pid 2>/dev/null) && [ -n "$pid" ] &&
        tr "\0" "\n" 2>/dev/null <"/proc/$pid/environ" | grep -qxF "ORDEAL_DISK=$0"; then
        # After a boot the old pid can be one of our own, with the same environment.
        case $(cat "/proc/$pid/comm") in
            sh | flock | xargs | env | cat | tr | grep) ;;
            *) exit 0 ;;
        esac
    fi
    rm -f socket server.pid
    # xargs waits, and must: nbdkit asks to be ended with its parent, and the thread that starts us
    # is gone before nbdkit is in the background.
    exec xargs -0 -a server env "ORDEAL_DISK=$0"
' "$(basename "${disk%/*}")/${disk##*/}"
)sh";
}

}  // namespace ordeal
