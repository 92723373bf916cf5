#include "testbed/lab/files.hpp"

#include "core/fd.hpp"
#include "core/read_file.hpp"

#include <cerrno>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>

namespace ordeal {

Status write_file(const std::filesystem::path& path, std::string_view text, mode_t mode) {
    std::error_code ignored;
    std::filesystem::remove(path, ignored);
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!file ||
        ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        return fail(ErrorKind::unavailable,
                    "write " + path.string(),
                    std::system_category().message(errno));
    }
    return ok();
}

Status make_directory(const std::filesystem::path& path) {
    std::error_code error;
    std::filesystem::create_directories(path, error);
    return error ? Status(fail(ErrorKind::unavailable, "make " + path.string(), error.message()))
                 : ok();
}

Result<std::string> random_uuid() {
    const std::string text = read_file("/proc/sys/kernel/random/uuid");
    if (text.empty()) {
        return fail(ErrorKind::missing, "make a uuid", "no /proc", "mount -t proc proc /proc");
    }
    return text.substr(0, text.find('\n'));
}

}  // namespace ordeal
