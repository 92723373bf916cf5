#pragma once

#include "core/check.hpp"
#include "core/result.hpp"
#include "verifier/crash/engine.hpp"
#include "verifier/crash/fsck_server.hpp"

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
/// Keeps one image file and writes to it only what changed, and one e2fsck that it forks, where
/// that works; else it starts one each time. Not thread-safe.
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

    /// Of what the view holds now: this machine's kernel mounts it, in a mount namespace of its
    /// own, which recovers its log; then the filesystem's own checker says whether anything is
    /// wrong. `filesystem`: ext3, ext4, xfs or btrfs. Needs root. Errors also: missing.
    [[nodiscard]] Result<Ruling> rule_by_kernel(ImageView& view, const std::string& filesystem);

  private:
    [[nodiscard]] Status open(std::uint64_t size);
    [[nodiscard]] Status write(ImageView& view);
    [[nodiscard]] Status write_chunk(ImageView& view, std::uint64_t index);
    [[nodiscard]] Status failed() const;
    [[nodiscard]] Status see_what_is_there();
    [[nodiscard]] Result<Ruling> check();
    [[nodiscard]] Result<Ruling> check_with_words();

    Tools& tools_;
    std::filesystem::path image_;
    int fd_ = -1;
    std::vector<Stamp> written_;  ///< for each sector what the file holds
    std::vector<Stamp> chunks_;   ///< for each chunk the sum of its placed() stamps
    std::unique_ptr<FsckServer> server_;
    bool server_tried_ = false;
};

}  // namespace ordeal::verifier::crash
