#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <filesystem>
#include <string_view>

namespace ordeal {

/// Makes a sparse raw image with an empty filesystem on all but the last `unused` bytes ("ext3",
/// "ext4" or "xfs"), without mounting anything and without privileges. All metadata is written now,
/// so that no kernel thread of the guest writes it later while something is measured. Errors:
/// refused when the file exists already; definition for an unknown filesystem; missing when its
/// tool is; otherwise the tool's own words. Leaves no file behind on failure. Thread-safe.
[[nodiscard]] Status make_data_disk(const std::filesystem::path& image,
                                    Bytes size,
                                    std::string_view filesystem,
                                    Bytes unused = {},
                                    Duration deadline = std::chrono::seconds(60));

}  // namespace ordeal
