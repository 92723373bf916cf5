#pragma once

#include "core/check.hpp"

#include <filesystem>
#include <string>

/// Throw-away copies of an ext3/ext4 specimen, shared by the checks of one trial: each is made once
/// in the examination's directory, whoever asks first. Thread-safe between checks.
namespace ordeal::verifier {

inline constexpr Duration tool_deadline = std::chrono::minutes(2);

struct PreparedCopy {
    std::filesystem::path image;
    int exit_code = 0;  ///< of e2fsck; see EXIT CODE in e2fsck(8)
    std::string words;  ///< what e2fsck said, shortened
};

/// The specimen after what a mount would do: `e2fsck -p` replays the journal, clears orphans and
/// settles the totals of the superblock, and leaves it at that (exit code 0) unless the superblock
/// says that the kernel met errors. `-E journal_only` is not enough: it leaves totals from before
/// the crash, which a full check then reports.
/// Errors: missing (no e2fsck), timeout, unavailable (no space; e2fsck itself failed).
[[nodiscard]] Result<PreparedCopy> replayed_copy(ExamineContext& context, const Specimen& specimen);

/// The specimen after `e2fsck -fy`: everything repaired that e2fsck can repair. Errors as above.
[[nodiscard]] Result<PreparedCopy> repaired_copy(ExamineContext& context, const Specimen& specimen);

/// Runs a checker and returns its output; exit codes that mean it could not work are Errors.
[[nodiscard]] Result<PreparedCopy> run_e2fsck(Tools& tools,
                                              const std::string& option,
                                              const std::filesystem::path& image);

/// At most 4 KiB of a tool's words: the beginning and the end, where the verdict is.
[[nodiscard]] std::string shortened(const std::string& words);

}  // namespace ordeal::verifier
