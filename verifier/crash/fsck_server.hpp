#pragma once

#include "core/units.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <sys/types.h>

namespace ordeal::verifier::crash {

/// The stock `e2fsck -fn` on one file, again and again, without starting it each time: it is
/// stopped where it opens the file, and each run is a fork of it from there. What it finds is what
/// a fresh one would find. Not thread-safe.
class FsckServer {
  public:
    /// Nothing when it cannot be had here: the preloaded library or e2fsck is missing, or e2fsck
    /// never comes to open the file. `image` exists.
    [[nodiscard]] static std::unique_ptr<FsckServer> start(const std::filesystem::path& image);
    ~FsckServer();
    FsckServer(const FsckServer&) = delete;
    FsckServer& operator=(const FsckServer&) = delete;

    /// The exit code for the file as it is now. Nothing: the server is lost or too slow; it is of
    /// no further use.
    [[nodiscard]] std::optional<int> check(Duration deadline);

  private:
    FsckServer(int socket, pid_t pid) : socket_(socket), pid_(pid) {}

    int socket_;
    pid_t pid_;  ///< and its process group
};

}  // namespace ordeal::verifier::crash
