#include "testbed/data_disk.hpp"

#include "core/fd.hpp"
#include "testbed/process.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <optional>
#include <system_error>

namespace ordeal {
namespace {

/// The command that formats an image; nothing for an unknown filesystem.
std::optional<Argv> format_command(std::string_view filesystem,
                                   const std::string& image,
                                   Bytes size,
                                   Bytes sector) {
    Argv command;
    if (filesystem == "ext3" || filesystem == "ext4") {
        command = {"mke2fs",
                   "-q",
                   "-F",
                   "-t",
                   std::string(filesystem),
                   "-E",
                   "lazy_itable_init=0,lazy_journal_init=0"};
        if (sector.count > 1024) {
            command.insert(command.end(), {"-b", std::to_string(sector.count)});
        }
        command.insert(command.end(), {image, std::to_string(size.count / 1024) + "k"});
    } else if (filesystem == "xfs") {
        command = {"mkfs.xfs",
                   "-q",
                   "-s",
                   "size=" + std::to_string(sector.count),
                   "-d",
                   "size=" + std::to_string(size.count),
                   image};
    } else {
        return std::nullopt;
    }
    return command;
}

Status make_sparse_file(const std::filesystem::path& path, Bytes size) {
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (file && ::ftruncate(file.get(), static_cast<off_t>(size.count)) == 0) {
        return ok();
    }
    const std::error_code error(errno, std::generic_category());
    if (file) {
        std::filesystem::remove(path);
    }
    return fail(error == std::errc::file_exists ? ErrorKind::refused : ErrorKind::unavailable,
                "make the disk image " + path.string(),
                error.message());
}

}  // namespace

Status make_data_disk(const std::filesystem::path& image,
                      Bytes size,
                      std::string_view filesystem,
                      const DataDiskLayout& layout,
                      Duration deadline) {
    const auto command = format_command(filesystem,
                                        std::filesystem::absolute(image).string(),
                                        Bytes{size.count - layout.unused.count},
                                        layout.sector);
    if (!command) {
        return fail(ErrorKind::definition,
                    "make a disk with " + std::string(filesystem),
                    "unknown filesystem",
                    "known are ext3, ext4 and xfs");
    }
    if (auto made = make_sparse_file(image, size); !made) {
        return made;
    }
    RunOptions options;
    options.deadline = deadline;
    if (auto formatted = run_or_fail(*command, options); !formatted) {
        std::error_code ignored;
        std::filesystem::remove(image, ignored);
        return formatted.error();
    }
    return ok();
}

}  // namespace ordeal
