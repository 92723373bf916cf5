// The only translation unit with toml11: it takes longer to compile than most folders.
#include "core/toml_reader.hpp"

#include "core/toml_guard.hpp"

#include <toml.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <set>
#include <sstream>
#include <system_error>

namespace ordeal {
namespace {

using Toml = toml::basic_value<toml::discard_comments, std::map, std::vector>;

/// Where toml11 found fault, in its own words.
struct Complaint {
    std::size_t line = 1;
    std::size_t column = 1;      ///< in bytes
    std::size_t first_line = 0;  ///< of what is given twice; 0 when nothing is
    std::string words;
};

/// toml11 says its best place only inside the message: " 3 | text" with "   |   ^--- comment"
/// below, perhaps twice ("already defined here", "defined twice").
Complaint read_complaint(const toml::exception& error) {
    Complaint result{.line = error.location().line(), .column = error.location().column()};
    std::istringstream message(error.what());
    std::string line;
    std::size_t number = 0;
    while (std::getline(message, line)) {
        const std::size_t bar = line.find('|');
        const bool digits =
            bar != std::string::npos && std::ranges::all_of(line.substr(0, bar), [](char letter) {
                return letter == ' ' || (letter >= '0' && letter <= '9');
            });
        const std::size_t mark = digits ? line.find_first_of("^~", bar) : std::string::npos;
        std::size_t parsed = 0;
        if (digits) {
            const auto* from = line.data() + std::min(line.find_first_not_of(' '), bar);
            std::from_chars(from, line.data() + bar, parsed);
        }
        if (parsed != 0) {
            result.first_line = number;
            number = parsed;
        } else if (mark != std::string::npos && number != 0) {
            result.line = number;
            result.column = mark - bar - 1;  // the bar is followed by one blank
        }
        result.words += line + "\n";
    }
    return result;
}

struct Translation {
    std::string_view theirs, message, hint;
};

/// The first line that matches, most special first.
constexpr std::array translations{
    Translation{"leading zero", "a number does not start with 0", ""},
    Translation{"expected value, but got nothing", "the value is missing", ""},
    Translation{"key expected before", "the key is missing before \"=\"", ""},
    Translation{"invalid character in key",
                "a key has letters, digits, \"_\" and \"-\" only",
                "other keys stand in quotes"},
    Translation{"should be `=`", "expected \"=\" after the key", ""},
    Translation{"not a valid multiline string", "the text is not closed, or has a wrong \\", ""},
    Translation{"not a valid string", "the text is not closed, or has a wrong \\", ""},
    Translation{"not a valid literal string", "the text is not closed", ""},
    Translation{"not a boolean", "expected true or false", "text stands in quotes"},
    Translation{"expected newline",
                "expected the end of the line",
                "text and quantities stand in quotes: \"5s\""},
    Translation{"array separator", "expected \",\" or \"]\" in the list", ""},
    Translation{"array did not closed", "the list is not closed", ""},
    Translation{"invalid format appeared in an array", "expected a value or \"]\"", ""},
    Translation{"date", "dates and times are not used here", "text stands in quotes"},
    Translation{"not a valid key", "expected a key, a [table] or a [[table]]", ""},
    Translation{"bad ", "this is no value", "text and quantities stand in quotes: \"5s\""},
};

/// Replaces a key that was given twice by one that nobody uses, so that parsing can go on with the
/// rest at unchanged places.
class Parser {
  public:
    Parser(std::string text, std::string name, Diagnostics& out)
        : out_(out), document_{std::move(name), std::move(text), {}}, tried_(document_.text) {}

    std::optional<Document> run() {
        constexpr int most_duplicates = 32;
        for (int round = 0; round < most_duplicates; ++round) {
            try {
                std::istringstream stream(tried_);
                const auto root = toml::parse<toml::discard_comments, std::map, std::vector>(
                    stream, document_.name);
                document_.root.value = convert_table(root, 0);
                return std::move(document_);
            } catch (const toml::exception& error) {
                if (!recover(read_complaint(error))) {
                    return std::nullopt;
                }
            } catch (const std::exception& error) {  // its own checks and the standard library's
                out_.push_back({.file = document_.name, .message = error.what()});
                return std::nullopt;
            }
        }
        return std::nullopt;
    }

  private:
    bool recover(const Complaint& complaint) {
        const std::size_t offset = offset_of(complaint);
        const bool twice = complaint.words.find("already exists") != std::string::npos;
        const Span key = twice ? key_at(offset) : Span{};
        if (twice && key.length > 0) {
            const auto name = document_.text.substr(key.offset, key.length);
            out_.push_back(document_.at(
                key, fmt::format("\"{}\" is given twice", name), first_place(complaint)));
            return rename(key);
        }
        for (const auto& [theirs, message, hint] : translations) {
            if (complaint.words.find(theirs) != std::string::npos) {
                out_.push_back(document_.at({offset, 1}, std::string(message), std::string(hint)));
                return false;
            }
        }
        auto words = complaint.words.substr(0, complaint.words.find('\n'));
        const std::size_t name_end = words.rfind(": ");
        words.erase(0, name_end == std::string::npos ? 0 : name_end + 2);
        out_.push_back(document_.at({offset, 1}, words.empty() ? "not TOML" : words));
        return false;
    }

    static std::string first_place(const Complaint& complaint) {
        return complaint.first_line == 0
                   ? ""
                   : fmt::format("the first is in line {}", complaint.first_line);
    }

    [[nodiscard]] std::size_t offset_of(const Complaint& complaint) const {
        std::size_t offset = 0;
        for (std::size_t line = 1; line < complaint.line; ++line) {
            offset = std::min(document_.text.find('\n', offset), document_.text.size() - 1) + 1;
        }
        return std::min(offset + complaint.column - 1, document_.text.size());
    }

    bool rename(Span key) {
        static constexpr std::string_view letters = "_-ZQXJKVW0123456789YUIOP";
        if (renamed_.size() >= letters.size()) {
            return false;
        }
        std::string unused(key.length, '_');
        unused.back() = letters[renamed_.size()];
        tried_.replace(key.offset, key.length, unused);
        renamed_.insert(key.offset);
        return true;
    }

    /// The key of the value at `value`, or the last key of the [header] at `value`, without quotes.
    [[nodiscard]] Span key_at(std::size_t value) const {
        const std::string_view text = document_.text;
        const auto blank = [&](std::size_t index) {
            return text[index] == ' ' || text[index] == '\t';
        };
        std::size_t end = value;
        while (end > 0 && blank(end - 1)) {
            --end;
        }
        if (end > 0 && text[end - 1] == '=') {
            --end;
        } else if (value < text.size() && text[value] == '[') {
            end = std::min(text.find(']', value), text.size());
        } else {  // toml11 gave the place of a dotted key itself
            end = std::min(text.find_first_of("=]\n", value), text.size());
        }
        while (end > 0 && blank(end - 1)) {
            --end;
        }
        if (end > 1 && (text[end - 1] == '"' || text[end - 1] == '\'')) {
            const std::size_t open = text.rfind(text[end - 1], end - 2);
            return open == std::string_view::npos ? Span{} : Span{open + 1, end - open - 2};
        }
        std::size_t begin = end;
        const auto part_of_key = [](char letter) {
            return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_' ||
                   letter == '-';
        };
        while (begin > 0 && part_of_key(text[begin - 1])) {
            --begin;
        }
        return {begin, end - begin};
    }

    static Span span_of(const Toml& value) {
        const auto* region = dynamic_cast<const toml::detail::region*>(
            static_cast<const toml::detail::region_base*>(toml::detail::get_region(value)));
        if (region == nullptr) {
            return {};
        }
        return {static_cast<std::size_t>(region->first() - region->begin()), region->size()};
    }

    Node::Table convert_table(const Toml& value, std::size_t depth) {
        Node::Table result;
        for (const auto& [key, child] : value.as_table()) {
            const Span span = span_of(child);
            const Span key_span = key_at(span.offset);
            if (renamed_.contains(key_span.offset)) {
                continue;
            }
            result.push_back({key, key_span, convert(child, depth + 1)});
        }
        std::ranges::sort(result, {}, [](const Entry& entry) { return entry.value.span.offset; });
        return result;
    }

    Node convert(const Toml& value, std::size_t depth) {
        Node node{.value = false, .span = span_of(value)};
        if (depth > toml_max_depth) {  // dotted keys nest without brackets
            complain(node, fmt::format("tables are nested more than {} deep", toml_max_depth));
            return node;
        }
        switch (value.type()) {
            case toml::value_t::boolean:
                node.value = value.as_boolean();
                break;
            case toml::value_t::integer:
                node.value = value.as_integer();
                check_integer(node);
                break;
            case toml::value_t::floating:
                node.value = value.as_floating();
                check_number(node);
                break;
            case toml::value_t::string:
                node.value = value.as_string().str;
                break;
            case toml::value_t::array: {
                Node::Array list;
                for (const auto& child : value.as_array()) {
                    list.push_back(convert(child, depth + 1));
                }
                node.value = std::move(list);
                break;
            }
            case toml::value_t::table:
                node.value = convert_table(value, depth);
                break;
            default:
                complain(node, "dates and times are not used here", "text stands in quotes");
                break;
        }
        return node;
    }

    void complain(const Node& node, std::string message, std::string hint = {}) {
        out_.push_back(document_.at(node.span, std::move(message), std::move(hint)));
    }

    /// toml11 silently gives the largest integer, or zero, for one that does not fit.
    void check_integer(const Node& node) {
        const std::int64_t value = *node.as<std::int64_t>();
        if (value != 0 && value != std::numeric_limits<std::int64_t>::max() &&
            value != std::numeric_limits<std::int64_t>::min()) {
            return;
        }
        const auto digits = document_.text.substr(node.span.offset, node.span.length);
        if (value != 0 || digits.find_first_of("123456789") != std::string::npos) {
            complain(node, "the integer is too large");
        }
    }

    void check_number(const Node& node) {
        const double value = *node.as<double>();
        if (!std::isfinite(value) || std::abs(value) == std::numeric_limits<double>::max()) {
            complain(node, "expected a finite number");
        }
    }

    Diagnostics& out_;
    Document document_;
    std::string tried_;              ///< the text with renamed duplicates; same offsets
    std::set<std::size_t> renamed_;  ///< offsets of keys that do not count
};

}  // namespace

std::optional<Document> parse_toml(std::string text, std::string name, Diagnostics& out) {
    if (!guard_toml(name, text, out)) {
        return std::nullopt;
    }
    return Parser(std::move(text), std::move(name), out).run();
}

std::optional<Document> read_toml(const std::filesystem::path& path, Diagnostics& out) {
    const auto refuse = [&](std::string message, std::string hint = {}) {
        out.push_back({.file = path.string(), .message = std::move(message), .hint = hint});
        return std::nullopt;
    };
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (status.type() == std::filesystem::file_type::not_found) {
        return refuse("there is no such file");
    }
    if (std::filesystem::is_directory(status)) {
        return refuse("this is a directory", "name a .toml file in it");
    }
    if (!std::filesystem::is_regular_file(status)) {
        return refuse(error ? error.message() : "this is not a regular file");
    }
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return refuse("the file cannot be read", "check its permissions");
    }
    std::string text(toml_max_bytes + 1, '\0');
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    if (file.bad()) {
        return refuse("reading the file failed");
    }
    text.resize(static_cast<std::size_t>(file.gcount()));
    return parse_toml(std::move(text), path.string(), out);
}

}  // namespace ordeal
