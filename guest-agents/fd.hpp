#pragma once

#include "core/result.hpp"

#include <cerrno>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ordeal::agent {

/// Owns a file descriptor.
class Fd {
  public:
    Fd() = default;

    explicit Fd(int fd) : fd_(fd) {}

    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

    Fd& operator=(Fd&& other) noexcept {
        reset(std::exchange(other.fd_, -1));
        return *this;
    }

    ~Fd() { reset(); }

    [[nodiscard]] int get() const { return fd_; }

    explicit operator bool() const { return fd_ >= 0; }

    void reset(int fd = -1) {
        if (fd_ >= 0) {
            ::close(fd_);
        }
        fd_ = fd;
    }

  private:
    int fd_ = -1;
};

/// The Error of a system call that just failed, from errno.
[[nodiscard]] inline Error system_failure(std::string tried) {
    return fail(ErrorKind::unavailable,
                std::move(tried),
                std::error_code(errno, std::generic_category()).message());
}

}  // namespace ordeal::agent
