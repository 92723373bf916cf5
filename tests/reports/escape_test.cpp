#include "reports/escape.hpp"

#include <gtest/gtest.h>

namespace ordeal::reports {
namespace {

TEST(Escape, ShowsControlCharactersAsPictures) {
    EXPECT_EQ(one_line("a\x1b[31mb"), "a␛[31mb");
    EXPECT_EQ(one_line("a\nb\tc\r"), "a␊b␉c␍");
    EXPECT_EQ(readable("a\nb\tc\x7f"), "a\nb\tc␡");
    EXPECT_EQ(readable(std::string_view("\0", 1)), "␀");
}

TEST(Escape, ReplacesWhatIsNoCharacter) {
    EXPECT_EQ(readable("\xff"), "\uFFFD");
    EXPECT_EQ(readable("\xc3"), "\uFFFD");                      // cut off
    EXPECT_EQ(readable("\xc0\x80"), "\uFFFD\uFFFD");            // overlong NUL
    EXPECT_EQ(readable("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");  // half of a surrogate pair
    EXPECT_EQ(readable("\xf4\x90\x80\x80").size(), 4 * 3U);     // beyond U+10FFFF
    EXPECT_EQ(readable("\xef\xbf\xbf"), "\uFFFD");              // U+FFFF: not in XML
    EXPECT_EQ(readable("\xc2\x9b"), "\uFFFD");                  // CSI of eight-bit terminals
    EXPECT_EQ(readable("\u202Eevil"), "\uFFFDevil");            // right to left
}

TEST(Escape, KeepsOrdinaryTextOfAllLanguages) {
    EXPECT_EQ(readable("Grüße, 世界, 🙂 µs"), "Grüße, 世界, 🙂 µs");
}

TEST(Escape, HtmlCannotBeLeft) {
    EXPECT_EQ(html("<script>\"'&"), "&lt;script&gt;&quot;&#39;&amp;");
}

TEST(Escape, LinksStayInTheDirectory) {
    EXPECT_EQ(link_target("trials/3/console.log"), "./trials/3/console.log");
    EXPECT_EQ(link_target("javascript:alert(1)"), "./javascript%3Aalert%281%29");
    EXPECT_EQ(link_target("a\"b c"), "./a%22b%20c");
}

TEST(Escape, MarkdownMeansNothing) {
    EXPECT_EQ(markdown("a|b`c\n@all <b>"), "a\\|b\\`c␊&#64;all &lt;b\\>");
}

}  // namespace
}  // namespace ordeal::reports
