#include "core/toml_reader.hpp"

#include "core/toml_guard.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace ordeal {
namespace {

/// All that is wrong with `text`, printed.
std::string complaints(const std::string& text) {
    Diagnostics out;
    static_cast<void>(parse_toml(text, "f.toml", out));
    return to_text(out);
}

Document read(const std::string& text) {
    Diagnostics out;
    auto document = parse_toml(text, "f.toml", out);
    EXPECT_EQ(to_text(out), "");
    return document.value_or(Document{"f.toml", text, {Node::Table{}, {}}});
}

std::string text_at(const Document& document, Span span) {
    return document.text.substr(span.offset, span.length);
}

TEST(TomlReader, KeepsValuesInTheirOrderWithTheirPlaces) {
    const auto document = read(
        "# first\nname = \"x\"\ncount= 3\nratio = 1.5\nyes = true\n"
        "list = [1, \"two\"]\n[sub]\n\"quoted key\" = 'q'\n");
    const auto& table = *document.root.as<Node::Table>();
    ASSERT_EQ(table.size(), 6U);
    EXPECT_EQ(table[0].key, "name");
    EXPECT_EQ(*table[0].value.as<std::string>(), "x");
    EXPECT_EQ(text_at(document, table[0].key_span), "name");
    EXPECT_EQ(text_at(document, table[0].value.span), "\"x\"");
    EXPECT_EQ(*table[1].value.as<std::int64_t>(), 3);
    EXPECT_EQ(*table[2].value.as<double>(), 1.5);
    EXPECT_TRUE(*table[3].value.as<bool>());
    EXPECT_EQ(*table[4].value.as<Node::Array>()->at(1).as<std::string>(), "two");
    EXPECT_EQ(text_at(document, table[5].value.span), "[sub]");
    const auto* quoted = table[5].value.find("quoted key");
    ASSERT_NE(quoted, nullptr);
    EXPECT_EQ(text_at(document, quoted->key_span), "quoted key");
}

TEST(TomlReader, ReadsTablesOfTables) {
    const auto document = read("[[d]]\nn=1\n[[d.k]]\na=1\n[[d.k]]\na=2\n[[d]]\nn=2\n");
    const auto domains = document.root.tables("d");
    ASSERT_EQ(domains.size(), 2U);
    EXPECT_EQ(domains[0]->tables("k").size(), 2U);
    EXPECT_TRUE(domains[1]->tables("k").empty());
    EXPECT_TRUE(document.root.tables("other").empty());
}

TEST(TomlReader, PointsAtTheKeyThatIsGivenTwice) {
    EXPECT_EQ(complaints("a = 1\nab.c = 2\na = 3\n"),
              "f.toml:3:1: error: \"a\" is given twice\n"
              "    3 | a = 3\n"
              "      | ^\n"
              "      = the first is in line 1\n");
    EXPECT_EQ(complaints("[one]\n[two]\n[one]\n"),
              "f.toml:3:2: error: \"one\" is given twice\n"
              "    3 | [one]\n"
              "      |  ^^^\n"
              "      = the first is in line 1\n");
}

TEST(TomlReader, GoesOnAfterADuplicateAndKeepsTheFirst) {
    Diagnostics out;
    const auto document = parse_toml("a = 1\na = 2\nb = 3\nb = 4\n'b' = 5\n", "f.toml", out);
    EXPECT_EQ(out.size(), 3U);
    ASSERT_TRUE(document);
    EXPECT_EQ(document->root.as<Node::Table>()->size(), 2U);
    EXPECT_EQ(*document->root.find("b")->value.as<std::int64_t>(), 3);
}

TEST(TomlReader, ExplainsBadSyntaxAtItsPlace) {
    EXPECT_EQ(complaints("hold = 5s\n"),
              "f.toml:1:9: error: expected the end of the line\n"
              "    1 | hold = 5s\n"
              "      |         ^\n"
              "      = text and quantities stand in quotes: \"5s\"\n");
    EXPECT_EQ(complaints("x = 1\nöl = 2\n"),
              "f.toml:2:1: error: expected a key, a [table] or a [[table]]\n"
              "    2 | öl = 2\n"
              "      | ^\n");
    EXPECT_EQ(complaints("a = [1, 2\nb = 3\n"),
              "f.toml:2:1: error: expected \",\" or \"]\" in the list\n"
              "    2 | b = 3\n"
              "      | ^\n");
    EXPECT_NE(complaints("a = \n").find("f.toml:1:5: error: the value is missing"),
              std::string::npos);
    EXPECT_NE(complaints("a = tru\n").find("1:5: error: expected true or false"),
              std::string::npos);
    EXPECT_NE(complaints("a = \"x\n").find("1:5: error: the text is not closed"),
              std::string::npos);
    EXPECT_NE(complaints("a = 01\n").find("a number does not start with 0"), std::string::npos);
    EXPECT_NE(complaints("just words\n").find("expected \"=\" after the key"), std::string::npos);
}

TEST(TomlReader, RefusesNumbersThatDoNotFit) {
    for (const auto* text : {"a = 9223372036854775808\n",
                             "a = -9223372036854775809\n",
                             "a = 0xfffffffffffffffff\n",
                             "a = 1e999\n",
                             "a = inf\n",
                             "a = nan\n"}) {
        EXPECT_NE(complaints(text), "") << text;
    }
    EXPECT_EQ(complaints("a = 0\nb = -0\nc = 0x0\nd = 1_000\n"), "");
}

TEST(TomlReader, RefusesDates) {
    EXPECT_NE(complaints("a = 2024-01-02\n").find("dates and times are not used"),
              std::string::npos);
    EXPECT_NE(complaints("a = 2024-13-02\n").find("dates and times are not used"),
              std::string::npos);
}

TEST(TomlReader, RefusesHostileTextBeforeParsing) {
    EXPECT_EQ(complaints(""), "f.toml: error: the file is empty\n");
    EXPECT_NE(complaints(std::string(2U << 20U, '#')).find("larger than 1 MiB"), std::string::npos);
    const std::string nul("a = 1\nb\0 = 2\n", 13);
    EXPECT_EQ(complaints(nul),
              "f.toml:2:2: error: a NUL byte\n    2 | b? = 2\n      |  ^\n"
              "      = is this really a text file?\n");
    for (const auto* broken : {"a = \"\xff\"", "\xc0\xaf", "\xed\xa0\x80", "# \xe2\x82", "\x80"}) {
        EXPECT_NE(complaints(broken).find("not UTF-8"), std::string::npos) << broken;
    }
    EXPECT_EQ(complaints("# é € 𝄞\na = 1\n"), "");
    EXPECT_NE(complaints("a = 1\n#" + std::string(5000, 'x')).find("line 2 is longer"),
              std::string::npos);
}

TEST(TomlReader, SurvivesDeepNesting) {
    for (const auto* bracket : {"[", "{a=", "[\n", "[{b=", "[\"\"\"x\"\"\"\"\", ["}) {
        std::string text = "a = ";
        for (int level = 0; level < 5000; ++level) {
            text += bracket;
        }
        EXPECT_NE(complaints(text), "") << bracket;
    }
    std::string lines = "a = ";
    for (int level = 0; level < 5000; ++level) {
        lines += "[\n";
    }
    EXPECT_NE(complaints(lines).find("f.toml:65:1: error: brackets are nested more than 64 deep"),
              std::string::npos);
    std::string dotted = "a";
    for (int level = 0; level < 300; ++level) {
        dotted += ".a";
    }
    EXPECT_NE(complaints(dotted + " = 1\n").find("nested more than 64 deep"), std::string::npos);
    EXPECT_EQ(complaints("# " + std::string(100, '[') + "\na = \"" + std::string(100, '[') + "\""),
              "");
}

TEST(TomlReader, SaysWhyAFileCannotBeRead) {
    const auto directory = std::filesystem::temp_directory_path();
    Diagnostics out;
    EXPECT_FALSE(read_toml(directory, out));
    EXPECT_FALSE(read_toml(directory / "no such file.toml", out));
    EXPECT_FALSE(read_toml("/dev/null", out));
    ASSERT_EQ(out.size(), 3U);
    EXPECT_EQ(out[0].message, "this is a directory");
    EXPECT_EQ(out[1].message, "there is no such file");
    EXPECT_EQ(out[2].message, "this is not a regular file");
    EXPECT_EQ(to_error(out).kind, ErrorKind::definition);
}

TEST(Diagnostic, LinesUpWithTabsAndWideText) {
    const std::string text = "\t\"ä\" = wrong";
    EXPECT_EQ(to_text(diagnose("f", text, {text.find("wrong"), 5}, "no")),
              "f:1:8: error: no\n    1 | \t\"ä\" = wrong\n      | \t      ^^^^^\n");
}

TEST(Diagnostic, NeverSendsControlCharactersToTheTerminal) {
    const auto text = to_text(diagnose("f", "a = \033[2J", {0, 1}, "no \033"));
    EXPECT_EQ(text.find('\033'), std::string::npos);
    EXPECT_NE(to_text(diagnose("f", "a", {0, 1}, "no"), Color::on).find("\033[1;31m"),
              std::string::npos);
}

}  // namespace
}  // namespace ordeal
