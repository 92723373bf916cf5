#include "campaign/definition.hpp"

#include "campaign/definition_cell.hpp"
#include "campaign/definition_exploration.hpp"
#include "campaign/definition_matrix.hpp"
#include "campaign/definition_rules.hpp"
#include "core/toml_reader.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <map>
#include <tuple>

namespace ordeal {
namespace {

/// Beyond this a reader learns nothing new.
constexpr std::size_t most_complaints = 200;

std::string cell_text(const Fields& cell) {
    std::string text;
    for (const auto& [name, value] : cell.all()) {
        text += fmt::format("{}{} = {}", text.empty() ? "" : ", ", name, to_text(value));
    }
    return text;
}

auto place_of(const Diagnostic& each) {
    return std::tie(each.file, each.line, each.column);
}

/// Complaints of all cells, each once, and with the cell when not every cell gave it.
class CellComplaints {
  public:
    void add(const Diagnostics& found, const Fields& cell) {
        for (const auto& each : found) {
            const auto [it, added] = seen_.try_emplace({each.line, each.column, each.message});
            auto& seen = it->second;
            if (added) {
                seen.first = each;
                seen.cell = cell_text(cell);
                seen.last_in = std::nullopt;
            }
            if (seen.last_in != cells_) {  // twice in one cell is one cell
                seen.last_in = cells_;
                ++seen.cells;
            }
        }
        ++cells_;
    }

    [[nodiscard]] bool full() const { return seen_.size() >= most_complaints; }

    void report(const std::set<std::size_t>& spoiled_lines, Diagnostics& out) const {
        for (const auto& [key, seen] : seen_) {
            if (spoiled_lines.contains(seen.first.line)) {
                continue;
            }
            out.push_back(seen.first);
            if (seen.cells < cells_) {
                out.back().message += fmt::format(" (in the cell {})", seen.cell);
            }
        }
    }

  private:
    struct Seen {
        Diagnostic first;
        std::string cell;
        std::size_t cells = 0;
        std::optional<std::size_t> last_in;
    };

    std::map<std::tuple<std::size_t, std::size_t, std::string>, Seen> seen_;
    std::size_t cells_ = 0;
};

/// Names of files and directories come from it, so that it cannot differ between cells.
void check_constant_name(const Document& document, Diagnostics& out) {
    const Entry* table = document.root.find("experiment");
    const Entry* name = table == nullptr ? nullptr : table->value.find("name");
    const auto* text = name == nullptr ? nullptr : name->value.as<std::string>();
    if (text != nullptr && text->find("${") != std::string::npos) {
        out.push_back(document.at(name->value.span, "the name cannot use a matrix variable"));
    }
}

std::optional<Definition> judge(const Document& document,
                                const KindLibrary& kinds,
                                Diagnostics& out) {
    check_constant_name(document, out);
    const auto matrix = read_matrix(document, out);
    Definition definition{
        .path = document.name, .text = document.text, .matrix = matrix.variables, .cells = {}};
    CellComplaints complaints;
    for (std::size_t index = 0; index < matrix.cell_count() && !complaints.full(); ++index) {
        const auto cell = matrix.cell(index);
        const auto root = substitute(document.root, cell);
        Diagnostics found;
        auto experiment = read_cell(document, root, kinds, found);
        check_rules(document, root, experiment, kinds, found);
        experiment.cell = cell;
        if (experiment.explore && found.empty()) {
            set_up_exploration(experiment, kinds);
        }
        complaints.add(found, cell);
        definition.cells.push_back(std::move(experiment));
    }
    complaints.report(matrix.spoiled_lines, out);
    if (!out.empty()) {
        return std::nullopt;
    }
    const auto& first = definition.cells.front();
    definition.name = first.name;
    definition.title = first.title;
    definition.question = first.question;
    return definition;
}

/// Runs `read` with an `out` of its own, and hands on what it says in the order of the text.
template <class Read>
std::optional<Definition> in_order(Diagnostics& out, const KindLibrary& kinds, Read read) {
    Diagnostics found;
    std::optional<Definition> definition;
    if (const auto document = read(found)) {
        definition = judge(*document, kinds, found);
    }
    std::ranges::stable_sort(
        found, [](const auto& a, const auto& b) { return place_of(a) < place_of(b); });
    out.insert(out.end(), found.begin(), found.end());
    return found.empty() ? std::move(definition) : std::nullopt;
}

}  // namespace

std::optional<Definition> parse_definition(std::string text,
                                           std::string name,
                                           const KindLibrary& kinds,
                                           Diagnostics& out) {
    return in_order(out, kinds, [&](Diagnostics& found) {
        return parse_toml(std::move(text), std::move(name), found);
    });
}

std::optional<Definition> load_definition(const std::filesystem::path& path,
                                          const KindLibrary& kinds,
                                          Diagnostics& out) {
    return in_order(out, kinds, [&](Diagnostics& found) { return read_toml(path, found); });
}

std::vector<Definition> load_definitions(std::span<const std::filesystem::path> paths,
                                         const KindLibrary& kinds,
                                         Diagnostics& out) {
    std::vector<Definition> definitions;
    for (const auto& path : paths) {
        auto definition = load_definition(path, kinds, out);
        if (!definition) {
            continue;
        }
        const auto twin = std::ranges::find(definitions, definition->name, &Definition::name);
        if (twin == definitions.end()) {
            definitions.push_back(std::move(*definition));
        } else {
            out.push_back({.file = definition->path,
                           .message = fmt::format(
                               "the experiment \"{}\" is in {}, too", definition->name, twin->path),
                           .hint = "experiments of one campaign need names of their own"});
        }
    }
    return definitions;
}

}  // namespace ordeal
