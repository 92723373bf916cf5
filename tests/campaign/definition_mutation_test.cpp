#include "campaign/definition.hpp"
#include "core/random.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace ordeal {
namespace {

/// Changes one place of `text`: takes out, doubles, moves or replaces a piece.
void mutate(std::string& text, Random& random) {
    static const std::vector<std::string> pieces{
        "[",          "]",     "{",    "}",  "\"",
        "\"\"\"",     "'",     "=",    "\n", "#",
        "${",         "${v}",  ",",    ".",  "..",
        "5s",         "-",     "true", "99", "[[",
        "\\",         "\\u00", "\xff", "é",  "[matrix]\nv = [1, 2]\n",
        "1979-05-27", "inf",   "0x"};
    const auto any = [&](std::size_t bound) {
        return static_cast<std::size_t>(random.below(bound + 1));
    };
    const std::size_t at = any(text.size());
    const std::size_t length = std::min(any(30), text.size() - at);
    const std::string piece = text.substr(at, length);
    switch (random.below(4)) {
        case 0:
            text.erase(at, length);
            break;
        case 1:
            text.insert(any(text.size()), piece);
            break;
        case 2:
            text.erase(at, length);
            text.insert(any(text.size()), piece);
            break;
        default:
            text.insert(at, pieces[any(pieces.size() - 1)]);
            break;
    }
}

std::vector<std::string> quickstart_texts() {
    std::vector<std::string> texts;
    for (const auto* name : {"kill-qemu", "frozen-vm", "panic"}) {
        std::ifstream file(std::string(ORDEAL_SOURCE_DIR "/experiments/quickstart/") + name +
                           ".toml");
        texts.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
    }
    return texts;
}

TEST(DefinitionMutation, NeverCrashesAndNeverAcceptsSilently) {
    const auto kinds = builtin_kinds();
    ASSERT_TRUE(kinds);
    const auto seeds = quickstart_texts();
    ASSERT_FALSE(seeds.empty());
    Random random(20'10);
    int refused = 0;
    constexpr int rounds = 250;
    for (int round = 0; round < rounds; ++round) {
        std::string text = seeds[random.below(seeds.size())];
        for (auto changes = random.below(4) + 1; changes > 0; --changes) {
            mutate(text, random);
        }
        Diagnostics out;
        const auto definition = parse_definition(text, "m.toml", *kinds, out);
        ASSERT_EQ(definition.has_value(), out.empty()) << text;
        const auto lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
        for (const auto& each : out) {
            ASSERT_LE(each.line, lines) << text;
            ASSERT_FALSE(each.message.empty()) << text;
            ASSERT_EQ(to_text(each).find("m.toml"), 0U);
        }
        refused += out.empty() ? 0 : 1;
    }
    EXPECT_GT(refused, rounds / 2);  // else the mutations do nothing
    EXPECT_LT(refused, rounds);      // changes in comments and texts stay sound
}

}  // namespace
}  // namespace ordeal
