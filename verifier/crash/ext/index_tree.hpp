#pragma once

#include "verifier/crash/ext/directory_block.hpp"

#include <span>

namespace ordeal::verifier::crash::ext {

/// The hash tree of a directory, given all of its blocks in their order: every block but the root
/// is named once, leaves lie at one depth, and names lie where their hashes say.
[[nodiscard]] bool index_tree_holds(std::span<const DirectoryBlock* const> blocks);

}  // namespace ordeal::verifier::crash::ext
