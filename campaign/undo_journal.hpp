#pragma once

#include "core/fd.hpp"
#include "core/injector.hpp"

#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <sys/types.h>
#include <variant>
#include <vector>

/// The write-ahead journal of a run: what must be undone, on disk before it is done. Plain data,
/// so that any later process can undo it. The file `undo.journal` has one line an entry:
/// `<xxh64 of the JSON, 16 hex digits> <JSON>`.
namespace ordeal {

/// Heal the fault.
struct HealFault {
    Fault fault;
};

/// Remove the domain and its disks.
struct RemoveDomain {
    std::string domain;
};

/// Take down a lab that the run brought up.
struct TakeDownLab {
    std::string lab;
};

using Undo = std::variant<HealFault, RemoveDomain, TakeDownLab>;

struct UndoEntry {
    std::int64_t id = 0;
    Undo undo;
};

/// Where the run acts; what a rollback opens.
struct JournalHead {
    std::string run;
    std::string testbed;  ///< the name by which a fresh process opens the testbed
};

/// What a journal says now.
struct JournalContents {
    JournalHead head;
    std::vector<UndoEntry> open;    ///< not yet undone, oldest first
    std::int64_t last_id = 0;       ///< of all entries, open or not
    int damaged = 0;                ///< lines that cannot be read: what they said is lost
    std::uintmax_t sound_size = 0;  ///< bytes without a torn last line
};

/// Reads a journal. A torn last line is as if it had never been: its entry was never acknowledged
/// to the writer, so what it announces was never done. Errors: not_found, corrupt (a newer format).
[[nodiscard]] Result<JournalContents> read_journal(const std::filesystem::path& file);

/// The one writer of a journal: the run, or after its end a rollback. Holds a lock on the file,
/// which the kernel releases when the process dies. Thread-safe.
class UndoJournal {
  public:
    /// A new journal. Errors: refused (there is one already), unavailable.
    [[nodiscard]] static Result<std::unique_ptr<UndoJournal>> create(
        const std::filesystem::path& file, const JournalHead& head);
    /// Goes on with an existing one, without its torn last line. Errors: refused (another process
    /// writes it), not_found, corrupt.
    [[nodiscard]] static Result<std::unique_ptr<UndoJournal>> resume(
        const std::filesystem::path& file);

    /// Announces what must be undone from now on; on stable storage when this returns. The id is
    /// for `done`.
    Result<std::int64_t> announce(const Undo& undo);
    /// It was undone, and that was seen.
    Status done(std::int64_t id);

    /// What was still open when the journal was opened.
    [[nodiscard]] const JournalContents& contents() const { return contents_; }

  private:
    enum class Durable { yes, no };

    UndoJournal(Fd file, JournalContents contents);
    Status append(const std::string& json, Durable durable);

    std::mutex mutex_;
    Fd file_;
    JournalContents contents_;
    std::int64_t next_;
    off_t size_;
};

}  // namespace ordeal
