#pragma once

#include "core/history.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// A history's observations of one domain, turned into what each independent witness can swear to.
namespace ordeal::verifier {

enum class Sign {
    alive,     ///< a sign of life; of a process: it is there and not stopped
    silent,    ///< none, although asked or expected; of a load: it stalls
    stopped,   ///< process only: state T
    gone,      ///< process only
    panicked,  ///< console only
    expected   ///< load only: it was started and not stopped
};

/// One witness from `from` to `to`.
struct Statement {
    Sign sign = Sign::silent;
    Instant from{};  ///< of anything but `alive`: the last sign of life before
    Instant to{};
    Instant proven{};                    ///< when the observation was made
    std::optional<Instant> last_life{};  ///< none: never seen alive
    std::string words;                   ///< "agent.heartbeat: 3 beats missed at 1.402 s"
};

/// Statements of one witness: ascending, not overlapping, with gaps where it was blind.
using Track = std::vector<Statement>;

struct Witnesses {
    Track process;    ///< qemu.process
    Track agent;      ///< agent.heartbeat
    Track network;    ///< network.heartbeat
    Track echo;       ///< network.ping
    Track load;       ///< load.progress
    Track load_plan;  ///< load events: when it should move
    Track console;    ///< console.watch and console events
    /// Instants at which the guest itself showed life, ascending.
    std::vector<Instant> life;
};

[[nodiscard]] Witnesses gather(const History& history, std::string_view domain);

/// The statement that holds at `instant`, or nullptr.
[[nodiscard]] const Statement* at(const Track& track, Instant instant);

/// "1.402 s": an instant as evidence quotes it.
[[nodiscard]] std::string stamp(Instant instant);

}  // namespace ordeal::verifier
