#pragma once

#include "campaign/definition.hpp"
#include "cli/options.hpp"
#include "testbed/site/site_file.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace ordeal::cli {

/// What is to be run, and where.
struct Loaded {
    std::vector<Definition> definitions;
    std::optional<Site> site;  ///< none: the lab
    std::vector<std::string>
        notes;  ///< what of the definitions is different there; see fit_to_site
};

/// Loads all definitions and fits them to the site of the file `testbed` unless that is empty, or
/// prints everything that is wrong with any of them on standard error.
[[nodiscard]] std::optional<Loaded> load_or_tell(const CommonOptions& common,
                                                 const std::vector<std::filesystem::path>& files,
                                                 const std::filesystem::path& testbed);

/// The site of a testbed file, or prints everything that is wrong with it.
[[nodiscard]] std::optional<Site> load_site_or_tell(const CommonOptions& common,
                                                    const std::filesystem::path& testbed);

}  // namespace ordeal::cli
