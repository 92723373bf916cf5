#pragma once

#include <filesystem>

namespace ordeal::verifier {

/// A directory, in memory where there is such a place, that goes away with it.
class Scratch {
  public:
    Scratch();
    ~Scratch();
    Scratch(const Scratch&) = delete;
    Scratch& operator=(const Scratch&) = delete;

    /// Empty when it could not be made.
    [[nodiscard]] const std::filesystem::path& path() const { return path_; }

  private:
    std::filesystem::path path_;
};

}  // namespace ordeal::verifier
