#pragma once

#include "core/wire_epoch.hpp"

#include <chrono>
#include <string>
#include <thread>

namespace ordeal::agent {

/// Keeps the epoch block of a disk (core/wire_epoch.hpp) for as long as it lives, on a thread of
/// its own: a disk that hangs holds up nothing else. What fails is tried again at the next look.
class EpochKeeper {
  public:
    /// `device` is a block device, or an image.
    explicit EpochKeeper(std::string device);

  private:
    std::jthread thread_;
};

}  // namespace ordeal::agent
