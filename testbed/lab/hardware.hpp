#pragma once

#include "core/result.hpp"
#include "testbed/lab/state.hpp"

#include <filesystem>
#include <string>
#include <string_view>

/// A node's hardware: power controller (ipmi_sim), power and cables. It is run by a script in the
/// rack, so that it works whether a controller is there or not. See hardware.sh for its verbs.
namespace ordeal {

/// The text of hardware.sh.
[[nodiscard]] std::string_view hardware_script();

/// Where the script of a lab is.
[[nodiscard]] std::filesystem::path hardware_path(const std::filesystem::path& lab_directory);

/// The user and, in a file of mode 0600, the password of a lab's power controllers.
inline constexpr const char* power_user = "ordeal";
[[nodiscard]] std::filesystem::path power_password_path(const std::filesystem::path& lab_directory);

/// Writes the script and a new password for the power controllers.
[[nodiscard]] Status write_rack_files(const std::filesystem::path& lab_directory);

/// Writes what a node's hardware reads.
[[nodiscard]] Status write_hardware_files(const std::filesystem::path& lab_directory,
                                          const NodeState& node);

/// Connects the node and switches it on; returns when its PID 1 is there. Its services start by
/// themselves.
[[nodiscard]] Status plug(const std::filesystem::path& lab_directory,
                          const std::string& node,
                          const ProcessRef& rack,
                          Duration deadline);

}  // namespace ordeal
