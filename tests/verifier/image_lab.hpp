#pragma once

#include "core/check.hpp"
#include "core/wire_ledger.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace ordeal::testing {

/// Real processes.
class RealTools : public Tools {
  public:
    Result<Output> run(const std::vector<std::string>& argv, Duration deadline) override;
};

/// Keeps what is recorded.
class KeepingRecorder : public Recorder {
  public:
    void record(Event event) override { events.push_back(std::move(event)); }

    std::vector<Event> events;
};

/// Makes disk images with a ledger on them, and damages them. All in one directory that goes away
/// with it; needs no privilege. Throws std::runtime_error when a tool fails.
class ImageLab {
  public:
    ImageLab();
    ~ImageLab();
    ImageLab(const ImageLab&) = delete;
    ImageLab& operator=(const ImageLab&) = delete;

    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

    /// A raw image whose /<ledger> holds exactly these records, written as the agent writes them.
    [[nodiscard]] std::filesystem::path image(const ledger::Plan& plan,
                                              const std::vector<std::uint64_t>& sequences,
                                              const std::string& filesystem = "ext3");

    /// Runs debugfs commands on an image, writing.
    void debugfs(const std::filesystem::path& image, const std::vector<std::string>& commands);
    /// The numbers of the blocks that a file or inode ("<8>") occupies.
    [[nodiscard]] std::vector<std::uint64_t> blocks(const std::filesystem::path& image,
                                                    const std::string& file);
    /// A field of dumpe2fs ("Block bitmap at" gives the first number after it).
    [[nodiscard]] std::uint64_t number(const std::filesystem::path& image,
                                       const std::string& label);

    void zero_block(const std::filesystem::path& image, std::uint64_t block);
    /// Moves a block's content into the journal as a committed transaction and zeroes its place: it
    /// is there after a replay only.
    void only_in_journal(const std::filesystem::path& image, std::uint64_t block);

    static constexpr std::uint64_t block_size = 1024;

  private:
    std::string run(const std::vector<std::string>& argv);

    std::filesystem::path directory_;
    int made_ = 0;
};

/// A file's bytes.
[[nodiscard]] std::string content(const std::filesystem::path& path);

[[nodiscard]] std::vector<std::uint64_t> up_to(std::uint64_t last);

/// The plan that the histories below speak of.
[[nodiscard]] ledger::Plan plan_for(ledger::Profile profile);

/// What an examination of `image` by `check` adds to `history`, judged.
struct Examined {
    Status status;
    History history;
    std::vector<Finding> findings;
};

/// A trial's history: load of `plan` started, records up to `acknowledged` acknowledged.
[[nodiscard]] std::vector<Event> acknowledged_history(const ledger::Plan& plan,
                                                      std::uint64_t acknowledged);

[[nodiscard]] Examined examine(const Check& check,
                               Tools& tools,
                               const std::filesystem::path& image,
                               std::vector<Event> events,
                               const std::string& filesystem = "ext3",
                               const Params& params = {});

}  // namespace ordeal::testing
