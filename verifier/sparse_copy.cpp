#include "verifier/sparse_copy.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace ordeal::verifier {
namespace {

class OpenFile {
  public:
    OpenFile(const std::filesystem::path& path, int flags)
        : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}

    ~OpenFile() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    OpenFile(const OpenFile&) = delete;
    OpenFile& operator=(const OpenFile&) = delete;

    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
};

Error error_now(const std::string& tried) {
    const int code = errno;
    const auto kind = code == ENOENT                      ? ErrorKind::not_found
                      : (code == EACCES || code == EPERM) ? ErrorKind::refused
                                                          : ErrorKind::unavailable;
    return fail(kind, tried, std::system_category().message(code));
}

/// Copies through user space where the kernel cannot between these two filesystems.
bool copy_by_hand(int from, int to, off_t at, off_t end) {
    std::array<char, 1U << 16U> buffer{};
    while (at < end) {
        const auto wanted = std::min<off_t>(end - at, static_cast<off_t>(buffer.size()));
        const auto got = ::pread(from, buffer.data(), static_cast<std::size_t>(wanted), at);
        if (got <= 0 || ::pwrite(to, buffer.data(), static_cast<std::size_t>(got), at) != got) {
            errno = got == 0 ? EIO : errno;
            return false;
        }
        at += got;
    }
    return true;
}

bool copy_stretch(int from, int to, off_t at, off_t end) {
    while (at < end) {
        off_t in = at;
        off_t out = at;
        const auto done =
            ::copy_file_range(from, &in, to, &out, static_cast<std::size_t>(end - at), 0);
        if (done <= 0) {
            return copy_by_hand(from, to, at, end);
        }
        at += done;
    }
    return true;
}

bool copy_data(int from, int to, off_t size) {
    for (off_t at = 0; at < size;) {
        const off_t data = ::lseek(from, at, SEEK_DATA);
        if (data < 0) {
            return errno == ENXIO;  // only a hole is left
        }
        const off_t hole = ::lseek(from, data, SEEK_HOLE);
        if (hole < 0 || !copy_stretch(from, to, data, hole)) {
            return false;
        }
        at = hole;
    }
    return true;
}

}  // namespace

Status copy_sparse(const std::filesystem::path& from, const std::filesystem::path& to) {
    const auto tried = "copy " + from.string() + " to " + to.string();
    const OpenFile source(from, O_RDONLY);
    if (source.fd() < 0) {
        return error_now(tried);
    }
    const OpenFile target(to, O_RDWR | O_CREAT | O_TRUNC);

    struct stat facts {};

    if (target.fd() < 0 || ::fstat(source.fd(), &facts) != 0) {
        return error_now(tried);
    }
    if (::ioctl(target.fd(), FICLONE, source.fd()) == 0) {
        return ok();
    }
    if (::ftruncate(target.fd(), facts.st_size) != 0 ||
        !copy_data(source.fd(), target.fd(), facts.st_size)) {
        return error_now(tried);
    }
    return ok();
}

}  // namespace ordeal::verifier
