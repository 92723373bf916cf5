#include "tests/structure/rules.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <sstream>

namespace ordeal::structure {
namespace {

constexpr std::size_t longest_file = 400;
constexpr std::size_t longest_function = 70;
constexpr std::size_t longest_line = 100;

/// What each folder may include. A longer prefix wins: testbed/sim/ is not testbed/.
const std::map<std::string, std::vector<std::string>, std::less<>>& allowed_includes() {
    static const std::map<std::string, std::vector<std::string>, std::less<>> table{
        {"core/", {"core/"}},
        {"guest-agents/",
         {"core/fd", "core/read_file", "core/result", "core/units", "core/wire", "guest-agents/"}},
        {"testbed/", {"core/", "testbed/"}},
        {"testbed/sim/", {"core/", "testbed/sim/"}},
        {"injectors/", {"core/", "injectors/"}},
        {"probes/", {"core/", "probes/"}},
        {"verifier/", {"core/", "verifier/"}},
        {"reports/", {"core/", "reports/"}},
        {"campaign/",
         {"core/", "testbed/", "injectors/", "probes/", "verifier/", "reports/", "campaign/"}},
    };
    return table;
}

struct Confined {
    std::string_view header;
    std::string_view folder;
};

/// Libraries that only one place may know.
constexpr std::array confined{Confined{"libvirt/", "testbed/"},
                              Confined{"libssh/", "testbed/"},
                              Confined{"boost/process", "testbed/"},
                              Confined{"toml.hpp", "core/toml_reader.cpp"},
                              Confined{"CLI/", "cli/"},
                              Confined{"sqlite3.h", "campaign/"}};

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    std::istringstream stream{std::string(text)};
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

bool is_test(std::string_view path) {
    return path.starts_with("tests/");
}

std::optional<std::pair<char, std::string>> include_in(const std::string& line) {
    constexpr std::string_view word = "#include ";
    if (!line.starts_with(word) || line.size() <= word.size() + 2) {
        return {};
    }
    const char open = line[word.size()];
    const auto close = line.find(open == '<' ? '>' : '"', word.size() + 1);
    return std::pair{open, line.substr(word.size() + 1, close - word.size() - 1)};
}

const std::vector<std::string>* rule_for(std::string_view path, std::string& folder) {
    const std::vector<std::string>* rule = nullptr;
    for (const auto& [prefix, allowed] : allowed_includes()) {
        if (path.starts_with(prefix) && prefix.size() > folder.size()) {
            folder = prefix;
            rule = &allowed;
        }
    }
    return rule;
}

std::size_t columns(std::string_view line) {
    // UTF-8 continuation bytes take no column of their own.
    return static_cast<std::size_t>(std::ranges::count_if(
        line, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0U) != 0x80U; }));
}

std::size_t indentation(std::string_view line) {
    return std::min(line.find_first_not_of(' '), line.size());
}

bool opens_function(std::string_view line) {
    const std::string_view code = line.substr(indentation(line));
    constexpr std::array other{"namespace",
                               "class ",
                               "struct ",
                               "enum ",
                               "if ",
                               "for ",
                               "while ",
                               "switch ",
                               "else",
                               "do ",
                               "try",
                               "}",
                               "union ",
                               "extern ",
                               "return ",
                               "//"};
    const bool is_other =
        std::ranges::any_of(other, [&](std::string_view word) { return code.starts_with(word); });
    return line.ends_with("{") && !is_other && code.find('(') != std::string_view::npos;
}

}  // namespace

std::vector<Violation> check_includes(std::string_view path, std::string_view text) {
    std::vector<Violation> found;
    std::string folder;
    const auto* rule = rule_for(path, folder);
    const auto lines = lines_of(text);
    for (std::size_t number = 0; number < lines.size(); ++number) {
        const auto include = include_in(lines[number]);
        if (!include) {
            continue;
        }
        const auto& [open, header] = *include;
        for (const auto& [library, home] : confined) {
            if (header.starts_with(library) && !path.starts_with(home) && !is_test(path)) {
                found.push_back({std::string(path),
                                 number + 1,
                                 "includes <" + header + ">: move the use behind a header of " +
                                     std::string(home)});
            }
        }
        const bool may = rule == nullptr || open == '<' ||
                         std::ranges::any_of(*rule, [&header = header](const std::string& prefix) {
                             return header.starts_with(prefix);
                         });
        if (!may) {
            found.push_back({std::string(path),
                             number + 1,
                             "includes \"" + header + "\", but " + folder +
                                 " may not know it: put what both need into core/, or turn the "
                                 "dependency round"});
        }
    }
    return found;
}

std::vector<Violation> check_lengths(std::string_view path, std::string_view text) {
    std::vector<Violation> found;
    const auto lines = lines_of(text);
    if (lines.size() > longest_file) {
        found.push_back(
            {std::string(path),
             lines.size(),
             "has " + std::to_string(lines.size()) + " lines: split it by idea, at most 400 each"});
    }
    for (std::size_t number = 0; number < lines.size(); ++number) {
        const bool raw_text = lines[number].find("R\"(") != std::string::npos;
        if (columns(lines[number]) > longest_line && !raw_text) {
            found.push_back(
                {std::string(path), number + 1, "is wider than 100 columns: break the line"});
        }
        if (!opens_function(lines[number]) || is_test(path)) {
            continue;
        }
        // Behind a constructor's initialisers the body ends further left than it began.
        const auto ends = [begin = indentation(lines[number])](const std::string& line) {
            const auto column = indentation(line);
            return column <= begin && line.substr(column).starts_with("}");
        };
        std::size_t last = number + 1;
        while (last < lines.size() && !ends(lines[last])) {
            ++last;
        }
        if (last - number + 1 > longest_function) {
            found.push_back(
                {std::string(path),
                 number + 1,
                 "starts a function of " + std::to_string(last - number + 1) +
                     " lines: give its steps names of their own, at most 70 lines each"});
        }
    }
    return found;
}

}  // namespace ordeal::structure
