#pragma once

#include "core/check.hpp"
#include "verifier/crash/exploration.hpp"
#include "verifier/user_oracle.hpp"

#include <filesystem>
#include <string_view>
#include <vector>

/// An exploration as users start it and as they are told of it: the check `every_crash_state` and
/// the verb `explore` say the same.
namespace ordeal::verifier {

/// The disk before a recording. Errors: not_found, unavailable (cut short, larger than 8 GiB).
[[nodiscard]] Result<std::vector<std::byte>> read_base(const std::filesystem::path& path);

/// "power-cut, cache=writeback, raw, …"
[[nodiscard]] std::string rules_text(const crash::CrashRules& rules);

enum class WithReferee { no, yes };

/// Explores with our engine for ext3 and ext4 and with e2fsck, whose images are in memory.
/// Errors: as of explore_trace().
[[nodiscard]] Result<crash::Exploration> explore_recording(Tools& tools,
                                                           const crash::Trace& trace,
                                                           const std::vector<std::byte>& base,
                                                           const crash::ExplorationOptions& options,
                                                           WithReferee referee);

/// All that reports tell of an exploration: the figures by name, `bad_states` (a list of texts
/// "kind | instant in ns | states | id | least id | words"), and `picture`, a list of texts "in
/// flight, flushes, mark" for each of equally long stretches of the recording from its first write
/// on (`first_write`), where the mark is "bad", "partial" or "sound", or "none" where no instant
/// falls into it. `complete` is also about crashes during recovery. Numbers of states are texts.
[[nodiscard]] Fields crash_facts(const crash::Trace& trace,
                                 const crash::CrashRules& rules,
                                 const crash::Exploration& found);

/// The verdict on such facts: pass only when every possible state was covered and is sound.
[[nodiscard]] Finding crash_finding(const Fields& facts, std::string subject);

/// The same where bad states are what should be found: pass when there are some.
[[nodiscard]] Finding crash_finding_expecting_bad(const Fields& facts, std::string subject);

/// Adds what a user's oracle said, which crash_finding() then counts: `oracle_shown`, `oracle_bad`,
/// and its bad states to `bad_states`.
void add_oracle(Fields& facts, const UserOracleReport& report);

/// Adds that the oracle could not be asked, `oracle_error`: what was explored stands, and a pass
/// becomes inconclusive.
void add_oracle_trouble(Fields& facts, const Error& error);

inline constexpr std::string_view crash_check = "every_crash_state";

}  // namespace ordeal::verifier
