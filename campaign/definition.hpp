#pragma once

#include "campaign/kind_library.hpp"
#include "core/diagnostic.hpp"
#include "core/experiment.hpp"

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace ordeal {

/// One `[matrix]` variable and the values it takes.
struct MatrixVariable {
    std::string name;
    std::vector<Value> values;  ///< bool, integer, number or text; never empty
};

/// An experiment's file, validated as a whole: every cell of it can be run.
struct Definition {
    std::string name;
    std::string title;
    std::string question;
    std::string path;                    ///< as it was named by the caller
    std::string text;                    ///< the file itself
    std::vector<MatrixVariable> matrix;  ///< in the order of the file
    std::vector<Experiment> cells;       ///< one per combination, the last variable fastest; ≥ 1
};

/// The largest number of cells of one matrix.
inline constexpr std::size_t max_matrix_cells = 10'000;

/// Reads and validates a definition in its every cell. Nothing when anything is wrong; then `out`
/// has all of it in the order of the text. `name` stands for the file in messages.
/// Nothing but the text decides: no testbed is looked at.
[[nodiscard]] std::optional<Definition> parse_definition(std::string text,
                                                         std::string name,
                                                         const KindLibrary& kinds,
                                                         Diagnostics& out);

/// The same from a file.
[[nodiscard]] std::optional<Definition> load_definition(const std::filesystem::path& path,
                                                        const KindLibrary& kinds,
                                                        Diagnostics& out);

/// Several files that form one campaign; their experiments' names must differ. Only those that are
/// right are returned: use them only when `out` stayed empty.
[[nodiscard]] std::vector<Definition> load_definitions(std::span<const std::filesystem::path> paths,
                                                       const KindLibrary& kinds,
                                                       Diagnostics& out);

}  // namespace ordeal
