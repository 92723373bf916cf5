#pragma once

#include "core/check.hpp"
#include "verifier/crash/model.hpp"
#include "verifier/crash/states.hpp"

#include <cstdint>
#include <stop_token>
#include <string>
#include <vector>

/// A user's own judge of crash states: a program that is shown recovered disks.
namespace ordeal::verifier {

struct UserOracleOptions {
    std::vector<std::string> command;              ///< exit code 0: this state is as it may be
    std::uint64_t states = 200;                    ///< so many are shown, spread over all instants
    std::uint64_t seed = 1;                        ///< which
    Duration deadline = std::chrono::seconds(30);  ///< of each call
    Duration budget = std::chrono::minutes(10);
    std::stop_token stop;
};

struct UserOracleReport {
    struct Bad {
        crash::StateId id;
        std::uint64_t time = 0;  ///< ns into the recording
        std::string words;       ///< the program's, shortened
    };

    std::uint64_t shown = 0;
    std::uint64_t instants = 0;  ///< of the trace
    std::vector<Bad> bad;
};

/// Shows the program a *sample* of the states, since what it reads cannot be followed: of evenly
/// spread instants in turn the one with the oldest contents, with the newest, and drawn ones. Each
/// is recovered by e2fsck as by a mount, and its files are extracted. The program is told by its
/// environment: ORDEAL_TREE, the directory with the files; ORDEAL_IMAGE, the recovered image;
/// ORDEAL_MARKS, a file with the text of each mark before the instant, one a line (marks of the
/// ledger load are left out). A state that e2fsck cannot recover is bad without asking.
/// Errors: unavailable (scratch space), those of the tools (e2fsck, debugfs, the program missing).
[[nodiscard]] Result<UserOracleReport> consult(Tools& tools,
                                               const crash::Trace& trace,
                                               const std::vector<std::byte>& base,
                                               const crash::CrashRules& rules,
                                               const UserOracleOptions& options);

}  // namespace ordeal::verifier
