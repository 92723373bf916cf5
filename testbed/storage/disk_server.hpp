#pragma once

#include "core/result.hpp"
#include "testbed/process.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

/// The server of one disk: nbdkit with our plugin, and nbdfuse, which shows the disk as a file.
namespace ordeal {

struct DiskServerOptions {
    std::filesystem::path image;
    std::filesystem::path directory;  ///< for "socket", "server.pid", "orders" and "met"
    bool lossy = false;               ///< with a volatile write cache
    std::uint64_t seed = 0;           ///< decides what a power cut loses
};

/// What a recorder needs to know.
struct DiskRecorderOptions {
    std::filesystem::path image;
    std::filesystem::path directory;  ///< for "socket" and "server.pid"
    std::filesystem::path trace;      ///< neither may exist
    std::filesystem::path base;
    std::uint64_t sector = 512;
};

/// The command line that serves a disk and records all that is done to it, once: a second start
/// would find the trace. It goes to the background.
[[nodiscard]] Argv disk_recorder_command(const DiskRecorderOptions& options);

/// The command line that serves a disk. It goes to the background.
[[nodiscard]] Argv disk_server_command(const DiskServerOptions& options);

/// The command line that shows a served disk as the file "file" in its directory, once that is
/// there. It goes to the background and writes "file.pid" when it is ready.
[[nodiscard]] Argv disk_file_command(const std::filesystem::path& directory);

/// Whether this machine can serve disks: nbdkit and our plugin for it. Errors: missing.
[[nodiscard]] Status can_serve_disks();

/// Whether a server answers at its unix socket. It listens before it has opened its image: only its
/// greeting says that it serves.
[[nodiscard]] bool disk_server_answers(const std::filesystem::path& socket);

/// What "start.sh" of a directory of disks must be: `sh start.sh DIRECTORY` starts the server whose
/// command line is in the file "server" of a disk's directory (words that end with a zero byte),
/// unless it runs. Whoever starts it, there is one; its environment says whose it is.
[[nodiscard]] std::string_view disk_start_script();

/// The environment variable in which a server has "<domain>/<disk>".
inline constexpr const char* disk_marker = "ORDEAL_DISK";

}  // namespace ordeal
