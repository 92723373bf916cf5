#include "testbed/cache.hpp"

#include <cstdlib>
#include <unistd.h>

namespace ordeal {

std::filesystem::path cache_directory() {
    const auto variable = [](const char* name) -> std::filesystem::path {
        // The environment is only written by main() before threads start.
        const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe)
        return value == nullptr ? "" : value;
    };
    if (auto own = variable("ORDEAL_CACHE"); !own.empty()) {
        return own;
    }
    if (auto user = variable("XDG_CACHE_HOME"); !user.empty()) {
        return user / "ordeal";
    }
    const auto home = variable("HOME");
    return (home.empty() ? "/root" : home) / ".cache/ordeal";
}

Result<std::filesystem::path> unpacked_program(const std::string& path) {
    for (const auto& root : {cache_directory() / "unpacked", std::filesystem::path("/")}) {
        auto candidate = root / path;
        if (::access(candidate.c_str(), X_OK) == 0) {
            return candidate;
        }
    }
    return fail(ErrorKind::missing,
                "find " + path + " in " + (cache_directory() / "unpacked").string(),
                "not there",
                "run ./bootstrap build");
}

std::filesystem::path unpacked_libraries() {
    return cache_directory() / "unpacked/usr/lib/x86_64-linux-gnu";
}

}  // namespace ordeal
