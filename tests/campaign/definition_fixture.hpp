#pragma once

#include "campaign/definition.hpp"
#include "core/schema.hpp"

#include <gtest/gtest.h>

#include <string>

namespace ordeal::test {

/// A small library of kinds of its own, so that tests of definitions do not depend on the entries.
inline KindLibrary small_library() {
    Diagnostics out;
    const std::string fault_head = "summary = \"s\"\nblast = \"domain\"\nundo = \"none\"\n";
    KindLibrary kinds;
    kinds.faults = {
        *parse_schema(EntryRole::fault,
                      "guest.panic",
                      fault_head + R"(
            target = "domain"
            needs = ["agent", "pvpanic"])",
                      out),
        *parse_schema(EntryRole::fault, "libvirtd.kill", fault_head + "target = \"host\"", out),
        *parse_schema(EntryRole::fault, "qemu.kill", fault_head + "target = \"domain\"", out),
        *parse_schema(EntryRole::fault,
                      "qemu.slow",
                      fault_head + R"(
            target = "domain"
            [param.share]
            type = "integer"
            min = 1
            max = 99
            help = "percent")",
                      out)};
    kinds.probes = {*parse_schema(EntryRole::probe, "agent.heartbeat", "summary = \"s\"", out),
                    *parse_schema(EntryRole::probe,
                                  "libvirt.state",
                                  R"(
                        summary = "s"
                        [param.interval]
                        type = "duration"
                        default = "1s"
                        help = "h")",
                                  out)};
    kinds.checks = {*parse_schema(EntryRole::check,
                                  "no_acked_write_lost",
                                  R"(
                        summary = "s"
                        needs = ["load"])",
                                  out),
                    *parse_schema(EntryRole::check,
                                  "recovers_within",
                                  R"(
                        summary = "s"
                        needs = ["recover"])",
                                  out),
                    *parse_schema(EntryRole::check,
                                  "state_agrees",
                                  R"(
                        summary = "s"
                        [param.observers]
                        type = "list"
                        help = "h"
                        [param.within]
                        type = "duration"
                        default = "2s"
                        help = "h")",
                                  out)};
    EXPECT_EQ(to_text(out), "");
    return kinds;
}

/// A definition without mistakes, to put mistakes into.
inline const std::string sound = R"([experiment]
name = "kill"
title = "QEMU is killed"
question = "Who notices?"
trials = 3
settle = "300ms"
duration = "3s"
deadline = "90s"

[[domain]]
name = "vm"

[[domain.disk]]
name = "data"

[[load]]
domain = "vm"
profile = "append_fsync"

[[fault]]
kind = "qemu.kill"
target = "vm"
at = "1s..3s"

[[probe]]
kind = "agent.heartbeat"

[[check]]
kind = "state_agrees"
observers = ["agent.heartbeat"]

[[check]]
kind = "no_acked_write_lost"
)";

/// `text` with the first `from` replaced by `to`; `from` must be there.
inline std::string with(std::string text, const std::string& from, const std::string& to) {
    const auto at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at == std::string::npos ? 0 : at, from.size(), to);
}

/// All that is wrong with `text`, printed; empty when it is sound.
inline std::string complaints(const std::string& text) {
    Diagnostics out;
    const auto definition = parse_definition(text, "e.toml", small_library(), out);
    EXPECT_EQ(definition.has_value(), out.empty());
    return to_text(out);
}

inline Definition parse_sound(const std::string& text) {
    Diagnostics out;
    auto definition = parse_definition(text, "e.toml", small_library(), out);
    EXPECT_EQ(to_text(out), "");
    return definition.value_or(Definition{});
}

}  // namespace ordeal::test
