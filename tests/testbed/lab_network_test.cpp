#include "testbed/lab/impairment.hpp"
#include "testbed/lab/network.hpp"
#include "testbed/lab/planes.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace ordeal {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

TEST(LabPlanes, GiveEveryMachineAnAddressOfItsOwn) {
    std::set<std::string> seen;
    for (const auto plane : all_planes) {
        EXPECT_TRUE(seen.insert(rack_address(plane)).second);
        for (int number = 1; number <= storage_number; ++number) {
            EXPECT_TRUE(seen.insert(node_address(plane, number)).second);
        }
    }
    for (int number = 1; number <= storage_number; ++number) {
        EXPECT_TRUE(seen.insert(power_address(number)).second);
    }
    for (int slot = 0; slot < most_slots; ++slot) {
        EXPECT_TRUE(seen.insert(guest_address(slot)).second);
        EXPECT_TRUE(seen.insert(disk_address(slot)).second);
    }
    EXPECT_EQ(guest_address(0), "10.77.1.1");
    EXPECT_EQ(disk_address(most_slots - 1), "10.78.20.250");
}

TEST(LabPlanes, NamePortsThatTheKernelTakes) {
    constexpr std::size_t longest = 15;  // IFNAMSIZ - 1
    for (const auto plane : all_planes) {
        EXPECT_LE(port_of("n8", plane).size(), longest);
        EXPECT_LE(port_of(storage_node, plane).size(), longest);
        EXPECT_EQ(plane_named(name_of(plane)), plane);
    }
    EXPECT_FALSE(plane_named("astral"));
}

TEST(CutCommands, DropWhatComesGoesAndPasses) {
    const auto commands = cut_commands("f.1-n1",
                                       {{.plane = Plane::storage, .from = "n1", .to = ""},
                                        {.plane = Plane::storage, .from = "", .to = "n1"},
                                        {.plane = Plane::guest, .from = "n1", .to = "n2"}},
                                       2s);
    ASSERT_TRUE(commands);
    const auto& made = commands->make;
    EXPECT_THAT(made,
                HasSubstr("element bridge ordeal-f.1-n1 in { \"n1-storage\" timeout 2000ms }"));
    EXPECT_THAT(made, HasSubstr("out { \"n1-storage\" timeout 2000ms }"));
    EXPECT_THAT(made, HasSubstr("through { \"n1-guest\" . \"n2-guest\" timeout 2000ms }"));
    EXPECT_THAT(commands->renew, HasSubstr("delete element"));
    EXPECT_THAT(commands->renew, Not(HasSubstr("add table"))) << "a mended cut stays mended";
}

TEST(CutCommands, LoseAPartOrLimitTheRate) {
    const std::vector<Way> ways{{.plane = Plane::guest, .from = "n1", .to = ""}};
    EXPECT_THAT(cut_commands("f", ways, 1s)->make, HasSubstr("@in counter drop"));
    EXPECT_THAT(cut_commands("f", ways, 1s, {.loss = 0.125})->make,
                HasSubstr("@in numgen random mod 10000 < 1250 counter drop"));
    EXPECT_THAT(cut_commands("f", ways, 1s, {.rate = Bytes{1'000'000}})->make,
                HasSubstr("@in limit rate over 1000000 bytes/second burst 6056 bytes counter"));
}

TEST(DelayedPorts, AreThoseOfTheId) {
    const auto answer = [](const std::string& handle, const std::string& kind) {
        return R"([{"kind":"noqueue","handle":"0:","dev":"lo","root":true},{"kind":")" + kind +
               R"(","handle":")" + handle + R"(","dev":"n1-guest","root":true}])";
    };
    const auto mine = handle_of("slow-n1");
    EXPECT_THAT(*delayed_ports(answer(mine, "netem"), "slow-n1"), ElementsAre("n1-guest"));
    EXPECT_THAT(*delayed_ports(answer(mine, "netem"), "slow-n2"), IsEmpty());
    EXPECT_THAT(*delayed_ports(answer(mine, "tbf"), "slow-n1"), IsEmpty());
    EXPECT_FALSE(delayed_ports("tc: not found", "slow-n1"));
}

TEST(CutCommands, RefuseNamesThatNftWouldReadAsMore) {
    for (const std::string id : {"", "a b", "a;flush ruleset", "a\nb", "\"x\""}) {
        const auto commands = cut_commands(id, {{.from = "n1", .to = ""}}, 1s);
        ASSERT_FALSE(commands) << id;
        EXPECT_EQ(commands.error().kind, ErrorKind::usage);
    }
    EXPECT_FALSE(cut_commands("all", {{.from = "", .to = ""}}, 1s));
}

}  // namespace
}  // namespace ordeal
