#pragma once

#include "core/experiment.hpp"
#include "core/result.hpp"
#include "core/units.hpp"
#include "testbed/domain_xml.hpp"

#include <chrono>
#include <filesystem>
#include <string>

/// The files of a domain in the lab.
namespace ordeal {

/// Makes the trial's directory, the disks with their filesystems, an empty console, the directory
/// of the agent's socket (`socket` is its path outside the node) and, as evidence, the XML.
[[nodiscard]] Status make_domain_files(const DomainSpec& spec,
                                       const DomainPlace& place,
                                       const std::filesystem::path& socket,
                                       const std::string& xml);

/// Copies an image, holes as holes, once no QEMU has it open: QEMU locks its images (fcntl(2), open
/// file description locks) until its last thread has gone, which is after its process looks gone.
/// Errors: refused (still open after `patience`), not_found, unavailable.
[[nodiscard]] Status copy_unused_image(const std::filesystem::path& image,
                                       const std::filesystem::path& destination,
                                       Duration patience = std::chrono::seconds(5));

/// The release in a kernel image for x86 ("6.1.0-40-cloud-amd64"), "unknown" if it is none. See
/// "The Linux/x86 Boot Protocol", kernel_version.
[[nodiscard]] std::string kernel_release(const std::filesystem::path& image);

}  // namespace ordeal
