#include "testbed/cache.hpp"

#include <cstdlib>

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

}  // namespace ordeal
