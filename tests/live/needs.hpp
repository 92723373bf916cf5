#pragma once

#include "testbed/cache.hpp"

#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

namespace ordeal {

/// What a test that boots a guest in a lab lacks here, "needs …"; empty: nothing. `more`: what this
/// one needs besides.
inline std::string missing_need(const std::vector<std::filesystem::path>& more = {}) {
    if (::geteuid() != 0) {
        return "needs root";
    }
    std::vector<std::filesystem::path> files{"/usr/sbin/libvirtd",
                                             "/usr/bin/tini",
                                             "/usr/bin/qemu-system-x86_64",
                                             cache_directory() / "unpacked/usr/sbin/sshd",
                                             cache_directory() / "guest/current/vmlinuz"};
    files.insert(files.end(), more.begin(), more.end());
    for (const auto& file : files) {
        if (!std::filesystem::exists(file)) {
            return "needs " + file.string();
        }
    }
    return "";
}

}  // namespace ordeal
