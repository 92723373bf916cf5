#include "cli/describe_definition.hpp"

#include "core/read_file.hpp"

#include <gtest/gtest.h>

namespace ordeal::cli {
namespace {

TEST(DescribeDefinition, IsWhatThePageSays) {
    const auto page = read_file(std::filesystem::path(ORDEAL_SOURCE_DIR) / "docs/experiments.md");
    ASSERT_FALSE(page.empty());
    EXPECT_NE(page.find("```text\n" + describe_definition() + "```"), std::string::npos)
        << "docs/experiments.md is out of date: put the output of `ordeal describe definition` "
           "into it";
}

TEST(DescribeDefinition, NamesEveryTableOfTheQuickstart) {
    const auto text = describe_definition();
    for (const auto* table : {"[experiment]",
                              "[[domain]]",
                              "[[domain.disk]]",
                              "[service]",
                              "[[load]]",
                              "[[fault]]",
                              "[[probe]]",
                              "[[check]]"}) {
        EXPECT_NE(text.find(table), std::string::npos) << table;
    }
}

}  // namespace
}  // namespace ordeal::cli
