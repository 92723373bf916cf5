#pragma once

#include "campaign/definition.hpp"
#include "core/document.hpp"

#include <set>
#include <string>
#include <vector>

/// The `[matrix]` of a definition: its variables, where they are used, and its cells.
namespace ordeal {

struct Matrix {
    std::vector<MatrixVariable> variables;
    /// Lines on which a variable stands that has no value; more complaints about them would only
    /// be echoes.
    std::set<std::size_t> spoiled_lines;

    /// Product of all numbers of values; 1 without variables.
    [[nodiscard]] std::size_t cell_count() const;
    /// The values of the cell `index`; the last variable changes fastest.
    [[nodiscard]] Fields cell(std::size_t index) const;
};

/// Reads the matrix and looks at every use: undefined and unused variables, `when` and `unless`
/// that name no boolean, too many cells. With too many cells or without sound values it keeps the
/// first ones only, so that the rest of the file can be judged.
[[nodiscard]] Matrix read_matrix(const Document& document, Diagnostics& out);

/// The document's tree with a cell's values in the place of `${name}` (a text that is nothing but
/// `${name}` takes the value's type), and without the checks that `when` and `unless` exclude.
/// Places stay those of the text.
[[nodiscard]] Node substitute(const Node& root, const Fields& cell);

}  // namespace ordeal
