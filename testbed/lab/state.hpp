#pragma once

#include "core/fd.hpp"
#include "core/result.hpp"
#include "core/testbed.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

/// What of a lab is on disk: /run/ordeal/<lab>/lab.json. It is written before anything is started,
/// so that any process can take a half-started lab down.
namespace ordeal {

enum class NodeRole {
    host,    ///< runs domains
    storage  ///< has the disks that hosts share; no libvirt
};

struct NodeState {
    std::string name;
    int number = 1;  ///< the last part of its addresses, see planes.hpp
    NodeRole role = NodeRole::host;
};

struct LabState {
    std::string name;
    bool complete = false;           ///< up() came to its end
    std::optional<ProcessRef> rack;  ///< its PID 1; nothing else keeps the lab alive
    std::vector<NodeState> nodes;
};

/// /run/ordeal
[[nodiscard]] std::filesystem::path labs_directory();

/// /run/ordeal/<name>; `usage` unless the name is 1 to 32 of a-z, 0-9 and '-'.
[[nodiscard]] Result<std::filesystem::path> lab_directory(const std::string& name);

/// Replaces the file atomically.
[[nodiscard]] Status save(const LabState& state, const std::filesystem::path& directory);

/// `not_found` when there is no such lab, `corrupt` when the file makes no sense.
[[nodiscard]] Result<LabState> load_lab_state(const std::filesystem::path& directory);

/// Excludes other processes from starting or ending this lab; released with the descriptor.
/// `refused` when another process still has it after `deadline`.
[[nodiscard]] Result<Fd> lock_lab(const std::filesystem::path& directory, Duration deadline);

}  // namespace ordeal
