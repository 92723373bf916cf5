#pragma once

#include "verifier/crash/trace.hpp"

#include <set>
#include <vector>

namespace ordeal::testing {

/// The trace as a guest would have made it that flushes only every `group`-th time: what was
/// durable then may be lost, and acknowledgements come too early.
inline verifier::crash::Trace fewer_flushes(const verifier::crash::Trace& trace,
                                            std::uint64_t group) {
    std::vector<verifier::crash::TraceEvent> kept;
    std::set<std::uint64_t> dropped;
    std::uint64_t flushes = 0;
    for (const auto& event : trace.events) {
        if (event.type == verifier::crash::EventType::flush && ++flushes % group != 0) {
            dropped.insert(event.request);
        } else if (event.type != verifier::crash::EventType::completion ||
                   !dropped.contains(event.request)) {
            kept.push_back(event);
        }
    }
    auto edited = verifier::crash::parse_trace(encode_trace(trace.header, kept));
    return std::move(edited.value());
}

}  // namespace ordeal::testing
