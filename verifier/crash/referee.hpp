#pragma once

#include "core/check.hpp"
#include "core/result.hpp"
#include "verifier/crash/engine.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace ordeal::verifier::crash {

/// What another program says of an image.
struct Ruling {
    bool sound = false;
    std::string words;  ///< the program's own, shortened
};

/// The stock e2fsck. An image is sound when a journal replay and then `e2fsck -fn` with exit code 0
/// say so: -fn alone skips the journal, and -fy reports repairs of what is only lazily written.
/// Keeps one image file and writes to it only what changed. Not thread-safe.
class Referee {
  public:
    /// `directory` is a scratch directory, best in memory; it and `tools` outlive the referee.
    Referee(Tools& tools, std::filesystem::path directory, std::string name);
    ~Referee();
    Referee(const Referee&) = delete;
    Referee& operator=(const Referee&) = delete;

    /// Of what the view holds now, which is already recovered. Decides what is in flight.
    [[nodiscard]] Result<Ruling> rule_recovered(ImageView& view);

    /// Of what the view holds now; e2fsck itself replays the journal.
    [[nodiscard]] Result<Ruling> rule_raw(ImageView& view);

  private:
    [[nodiscard]] Status write(ImageView& view);
    [[nodiscard]] Result<Ruling> check();

    Tools& tools_;
    std::filesystem::path image_;
    int fd_ = -1;
    std::vector<Stamp> written_;  ///< for each sector what the file holds; 0: not known
};

}  // namespace ordeal::verifier::crash
