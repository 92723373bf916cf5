#include "tests/campaign/definition_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace ordeal::test {
namespace {

using testing::HasSubstr;

std::string with_service(const std::string& keys) {
    return with(sound, "[[load]]", "[service]\n" + keys + "\n[[load]]");
}

TEST(DefinitionService, IsReadWithItsDefaults) {
    const auto definition =
        parse_sound(with_service("address = \"10.77.9.1\"\nmembers = [\"vm\"]"));
    const auto& service = definition.cells.at(0).service;
    ASSERT_TRUE(service.has_value());
    EXPECT_EQ(service->address, "10.77.9.1");
    EXPECT_EQ(service->port, 80);
    EXPECT_EQ(service->members, std::vector<std::string>{"vm"});
    EXPECT_EQ(service->request, "/id");
}

TEST(DefinitionService, IsNotThereByItself) {
    EXPECT_FALSE(parse_sound(sound).cells.at(0).service.has_value());
}

struct ServiceMistake {
    std::string keys;
    std::string complaint;
};

void PrintTo(const ServiceMistake& mistake, std::ostream* out) {
    *out << mistake.complaint;
}

class DefinitionServiceMistake : public testing::TestWithParam<ServiceMistake> {};

TEST_P(DefinitionServiceMistake, IsReported) {
    EXPECT_THAT(complaints(with_service(GetParam().keys)), HasSubstr(GetParam().complaint));
}

INSTANTIATE_TEST_SUITE_P(
    All,
    DefinitionServiceMistake,
    testing::Values(
        ServiceMistake{"address = \"10.77.9\"\nmembers = [\"vm\"]",
                       "e.toml:17:11: error: \"10.77.9\" is not an IPv4 address"},
        ServiceMistake{"members = [\"vm\"]", "\"address\" is missing"},
        ServiceMistake{"address = \"10.77.9.1\"", "\"members\" is missing"},
        ServiceMistake{"address = \"10.77.9.1\"\nmembers = []",
                       "\"members\" is empty, so that nobody could serve"},
        ServiceMistake{"address = \"10.77.9.1\"\nmembers = [\"vn\"]",
                       "there is no domain \"vn\"\n   18 | members = [\"vn\"]\n"
                       "      |           ^^^^^^\n      = did you mean \"vm\"?"},
        ServiceMistake{"address = \"10.77.9.1\"\nmembers = [\"vm\", \"vm\"]",
                       "\"vm\" is a member twice"},
        ServiceMistake{"address = \"10.77.9.1\"\nmembers = [\"vm\"]\nrequest = \"id\"",
                       "a page begins with \"/\" and has no blanks"},
        ServiceMistake{"address = \"10.77.9.1\"\nmembers = [\"vm\"]\nrequest = \"/i d\"",
                       "a page begins with \"/\" and has no blanks"},
        ServiceMistake{"address = \"10.77.9.1\"\nmembers = [\"vm\"]\nport = 0",
                       "\"port\" must be an integer from 1 to 65535"},
        ServiceMistake{"address = \"10.77.9.1\"\nmember = [\"vm\"]", "did you mean \"members\"?"}));

TEST(DefinitionService, IsATable) {
    EXPECT_THAT(complaints(with(sound, "[[load]]", "[[service]]\naddress = \"1.2.3.4\"\n[[load]]")),
                HasSubstr("\"service\" must be a table"));
}

}  // namespace
}  // namespace ordeal::test
