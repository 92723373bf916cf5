#include "reports/service_lanes.hpp"

#include "reports/timeline.hpp"
#include "tests/verifier/service_stories.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace ordeal::reports {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::lost_until;
using ::testing::Not;
using testing::owned_twice;
using ms = std::chrono::milliseconds;

std::vector<ServiceLane> lanes_of(const ordeal::testing::ServiceStory& story) {
    return service_lanes(story.history(), {ms(1000), ms(8000), {}, {}});
}

const ServiceLane* lane(const std::vector<ServiceLane>& lanes, const std::string& name) {
    const auto found = std::ranges::find(lanes, name, &ServiceLane::name);
    return found == lanes.end() ? nullptr : &*found;
}

TEST(ServiceLanes, ShowWhoAnsweredAndWhenNobodyDid) {
    const auto lanes = lanes_of(lost_until(ms(4000)));
    ASSERT_EQ(lanes.size(), 3U);
    const auto* first = lane(lanes, "answers of a");
    ASSERT_TRUE(first);
    ASSERT_EQ(first->spans.size(), 1U);
    EXPECT_EQ(first->spans[0].from, Instant{});
    EXPECT_EQ(first->spans[0].to, ms(1984));
    EXPECT_EQ(first->outcome, "50 answers") << "of the time that is judged";
    const auto* nobody = lane(lanes, "no answer");
    ASSERT_TRUE(nobody);
    ASSERT_EQ(nobody->spans.size(), 1U);
    EXPECT_EQ(nobody->spans[0].from, ms(2000));
    EXPECT_EQ(nobody->spans[0].to, ms(4004));
    EXPECT_EQ(nobody->spans[0].state, "dead");
    EXPECT_EQ(nobody->outcome, "2 s");
    ASSERT_TRUE(lane(lanes, "answers of b"));
}

TEST(ServiceLanes, ShowTwoOwnersAtOnce) {
    const auto lanes = lanes_of(owned_twice(ms(400)));
    const auto* first = lane(lanes, "address at a");
    const auto* second = lane(lanes, "address at b");
    ASSERT_TRUE(first && second);
    ASSERT_EQ(first->spans.size(), 1U);
    EXPECT_EQ(first->spans[0].to, ms(3400));
    ASSERT_FALSE(second->spans.empty());
    EXPECT_EQ(second->spans[0].from, ms(3000));
}

TEST(ServiceLanes, AreNotThereWithoutAService) {
    EXPECT_THAT(service_lanes(History(std::vector<Event>{}), {}), IsEmpty());
}

TEST(ServiceLanes, AreInThePicture) {
    const auto history = lost_until(ms(4000)).history();
    auto story = tell(history);
    story.health.push_back({.domain = "a", .spans = {{Instant{}, ms(8000), "serving", ""}}});
    const auto picture = timeline_svg(story, {}, "trial");
    EXPECT_THAT(picture, HasSubstr(">answers of a<"));
    EXPECT_THAT(picture, HasSubstr(">no answer<"));
    EXPECT_THAT(picture, Not(HasSubstr("address at")));
}

}  // namespace
}  // namespace ordeal::reports
