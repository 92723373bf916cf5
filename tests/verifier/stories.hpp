#pragma once

#include "tests/verifier/story.hpp"

/// Whole trials as the quickstart experiments produce them: load from 0.5 s, the fault at 2.05 s.
namespace ordeal::testing {

/// The judged span of every story ends here.
inline constexpr milliseconds load_end{6000};

inline Story ended(Story story) {
    story.phase(load_end, phase::capture);
    story.phase(load_end + milliseconds(200), phase::tear_down);
    return story;
}

/// QEMU is killed.
inline Story killed_story() {
    Story story = healthy(milliseconds(2000));
    story.event(milliseconds(2050), event::fault_injecting, "qemu.kill");
    process(story, milliseconds(2120), milliseconds(2020), load_end, "gone");
    silent(story, milliseconds(2040), load_end);
    return story;
}

/// QEMU is stopped, and goes on at 6 s.
inline Story frozen_story() {
    Story story = healthy(milliseconds(2000));
    story.event(milliseconds(2050), event::fault_injecting, "qemu.stop");
    process(story, milliseconds(2120), milliseconds(2020), load_end, "T");
    silent(story, milliseconds(2040), load_end);
    return story;
}

}  // namespace ordeal::testing
