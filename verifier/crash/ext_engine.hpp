#pragma once

#include "verifier/crash/engine.hpp"

namespace ordeal::verifier::crash {

/// The engine for ext3 and ext4: our own reader of them, in ext/.
[[nodiscard]] std::unique_ptr<Engine> ext_engine();

}  // namespace ordeal::verifier::crash
