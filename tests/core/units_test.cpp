#include "core/units.hpp"

#include <gtest/gtest.h>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

TEST(Units, ReadsDurationsWithTheirUnits) {
    EXPECT_EQ(*parse_duration("250ms"), 250ms);
    EXPECT_EQ(*parse_duration("1.5min"), 90s);
    EXPECT_EQ(*parse_duration("10 us"), 10us);
    EXPECT_EQ(*parse_duration("0s"), 0s);
}

TEST(Units, RefusesDurationsWithoutOrWithUnknownUnits) {
    for (const auto* text : {"", "5", "ms", "5 sec", "-3s", "nan s", "1e300s", "infs"}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
    EXPECT_NE(parse_duration("5").error().text().find("unit is missing"), std::string::npos);
}

TEST(Units, SuggestsTheUnitThatWasMeant) {
    EXPECT_EQ(parse_duration("5sec").error().hint, "did you mean \"s\"?");
    EXPECT_EQ(parse_bytes("64mib").error().hint, "did you mean \"MiB\"?");
    EXPECT_EQ(parse_duration("5").error().hint, "units are ns, us, ms, s, min, h");
}

TEST(Units, ReadsSizes) {
    EXPECT_EQ(parse_bytes("64MiB")->count, 64U << 20U);
    EXPECT_EQ(parse_bytes("512B")->count, 512U);
    EXPECT_FALSE(parse_bytes("64"));
    EXPECT_FALSE(parse_bytes("64MIB"));
}

TEST(Units, SaysDurationsForPeople) {
    EXPECT_EQ(to_text(Duration(250ms)), "250 ms");
    EXPECT_EQ(to_text(Duration(1500ms)), "1.5 s");
    EXPECT_EQ(to_text(Duration(-12us)), "-12 µs");
    EXPECT_EQ(to_text(Bytes{64U << 20U}), "64 MiB");
}

TEST(Units, WritesWhatItReadsBackExactly) {
    for (const Duration duration :
         {Duration(0), Duration(1), Duration(1500ms), Duration(2h), Duration(61s)}) {
        EXPECT_EQ(*parse_duration(to_toml(duration)), duration) << to_toml(duration);
    }
    for (const std::uint64_t count : {0ULL, 1ULL, 512ULL, 65536ULL, 3ULL << 30U, 1000ULL}) {
        EXPECT_EQ(parse_bytes(to_toml(Bytes{count}))->count, count);
    }
}

}  // namespace
}  // namespace ordeal
