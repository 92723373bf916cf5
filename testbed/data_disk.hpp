#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <filesystem>
#include <string_view>

namespace ordeal {

/// What a disk has besides its filesystem.
struct DataDiskLayout {
    Bytes sector{512};  ///< a filesystem on 4 KiB sectors gets no smaller blocks
    Bytes unused = {};  ///< at the end, left out of the filesystem
};

/// Makes a sparse raw image with an empty filesystem ("ext3", "ext4" or "xfs"), without mounting
/// anything and without privileges. All metadata is written now, so that no kernel thread of the
/// guest writes it later while something is measured. Errors: refused when the file exists already;
/// definition for an unknown filesystem; missing when its tool is; otherwise the tool's own words.
/// Leaves no file behind on failure. Thread-safe.
[[nodiscard]] Status make_data_disk(const std::filesystem::path& image,
                                    Bytes size,
                                    std::string_view filesystem,
                                    const DataDiskLayout& layout = {},
                                    Duration deadline = std::chrono::seconds(60));

}  // namespace ordeal
