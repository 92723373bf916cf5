#pragma once

#include <unistd.h>
#include <utility>

namespace ordeal {

/// Owns one file descriptor; closes it when it goes. Movable, -1 means "none".
class Fd {
  public:
    Fd() = default;

    explicit Fd(int value) : value_(value) {}

    Fd(Fd&& other) noexcept : value_(std::exchange(other.value_, -1)) {}

    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) {
            reset(std::exchange(other.value_, -1));
        }
        return *this;
    }

    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;

    ~Fd() { reset(); }

    [[nodiscard]] int get() const { return value_; }

    [[nodiscard]] explicit operator bool() const { return value_ >= 0; }

    /// Gives the descriptor away: the caller closes it.
    [[nodiscard]] int release() { return std::exchange(value_, -1); }

    void reset(int value = -1) {
        if (value_ >= 0) {
            ::close(value_);
        }
        value_ = value;
    }

  private:
    int value_ = -1;
};

}  // namespace ordeal
