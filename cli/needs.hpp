#pragma once

#include "testbed/site/site_file.hpp"

#include <string>
#include <vector>

namespace ordeal::cli {

/// One thing that runs need from this machine.
struct Need {
    std::string name;
    bool met = false;
    std::string found;      ///< what is there, or what is not
    std::string mend;       ///< the command that mends it; empty when met
    bool optional = false;  ///< only some experiments need it
};

/// Looks at everything without changing anything. Order: what blocks most comes first.
[[nodiscard]] std::vector<Need> look_at_needs();

/// The same for runs at a real site, which need less of this machine.
[[nodiscard]] std::vector<Need> look_at_site_needs(const Site& site);

}  // namespace ordeal::cli
