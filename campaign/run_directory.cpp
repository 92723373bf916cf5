#include "campaign/run_directory.hpp"

#include <ctime>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <system_error>
#include <unistd.h>

namespace ordeal {
namespace {

namespace fs = std::filesystem;

constexpr int most_in_one_second = 1000;

Error cannot(const fs::path& path, const std::error_code& error) {
    return fail(ErrorKind::unavailable,
                "make the run directory " + path.string(),
                error.message(),
                "name a directory that can be written with --out");
}

/// For people only: a run does not depend on it. Replaced in one step, so it never dangles.
void point_latest_to(const fs::path& directory) {
    std::error_code ignored;
    const auto fresh =
        directory.parent_path() / fmt::format("latest.{}", static_cast<int>(::getpid()));
    fs::create_directory_symlink(directory.filename(), fresh, ignored);
    fs::rename(fresh, directory.parent_path() / "latest", ignored);
}

}  // namespace

Result<fs::path> make_run_directory(const fs::path& root, const std::string& name, WallTime now) {
    std::error_code error;
    fs::create_directories(root, error);
    if (error) {
        return cannot(root, error);
    }
    const auto seconds = std::chrono::system_clock::to_time_t(now);
    const auto stem = fmt::format("{:%Y%m%d-%H%M%S}-{}", fmt::localtime(seconds), name);
    for (int number = 1; number <= most_in_one_second; ++number) {
        const auto directory = root / (number == 1 ? stem : fmt::format("{}-{}", stem, number));
        if (fs::create_directory(directory, error)) {
            point_latest_to(directory);
            return directory;
        }
        if (error) {
            return cannot(directory, error);
        }
    }
    return fail(ErrorKind::refused, "make a run directory in " + root.string(), "all are taken");
}

Result<fs::path> make_run_directory(const fs::path& out) {
    std::error_code error;
    fs::create_directories(out, error);
    if (error) {
        return cannot(out, error);
    }
    if (!fs::is_empty(out, error)) {
        return fail(ErrorKind::refused,
                    "make the run directory " + out.string(),
                    error ? error.message() : "it is not empty",
                    "name a new directory with --out");
    }
    return out;
}

}  // namespace ordeal
