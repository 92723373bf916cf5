#include "verifier/crash/image_view.hpp"

#include <gmock/gmock.h>

#include <array>
#include <cstring>
#include <string>

namespace ordeal::verifier::crash {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;
using Sector = std::array<std::byte, sector_size>;

Sector filled(char with) {
    Sector sector;
    sector.fill(static_cast<std::byte>(with));
    return sector;
}

std::vector<std::byte> image_of(const std::string& letters) {
    std::vector<std::byte> bytes;
    for (const char letter : letters) {
        bytes.insert(bytes.end(), sector_size, static_cast<std::byte>(letter));
    }
    return bytes;
}

/// Every sector asked for holds 'N' (new); remembers which were asked for.
class NewAlways : public InFlight {
  public:
    Possible decide(std::uint64_t sector) override {
        asked.push_back(sector);
        return {new_content.data(), 0};
    }

    std::span<const Possible> possible(std::uint64_t /*sector*/) const override { return both; }

    std::uint64_t atom(std::uint64_t sector) const override { return sector; }

    Sector new_content = filled('N');
    Sector old_content = filled('o');
    std::array<Possible, 2> both{{{old_content.data(), 0}, {new_content.data(), 0}}};
    std::vector<std::uint64_t> asked;
};

char letter(ImageView& view, std::uint64_t offset) {
    std::byte byte{};
    EXPECT_TRUE(view.read(offset, {&byte, 1}));
    return static_cast<char>(byte);
}

TEST(ImageView, ReadsAcrossSectorsAndNothingOutside) {
    const BaseImage base(image_of("abc"));
    ImageView view(base);
    std::array<std::byte, 1026> bytes{};
    ASSERT_TRUE(view.read(511, std::span(bytes).first(514)));
    EXPECT_EQ(bytes[0], std::byte{'a'});
    EXPECT_EQ(bytes[1], std::byte{'b'});
    EXPECT_EQ(bytes[513], std::byte{'c'});
    EXPECT_TRUE(view.read(1536, {}));
    EXPECT_FALSE(view.read(1537, {}));
    EXPECT_FALSE(view.read(511, bytes));
    EXPECT_FALSE(view.read(~std::uint64_t{0}, std::span(bytes).first(2)));
    EXPECT_FALSE(view.write(1535, std::span(bytes).first(2)));
}

TEST(ImageView, WritesToItsOverlayOnly) {
    const BaseImage base(image_of("abc"));
    ImageView view(base);
    const auto two = filled('x');
    ASSERT_TRUE(view.write(256, two));
    EXPECT_EQ(letter(view, 255), 'a');
    EXPECT_EQ(letter(view, 256), 'x');
    EXPECT_EQ(letter(view, 767), 'x');
    EXPECT_EQ(letter(view, 768), 'b');
    ASSERT_THAT(view.steps(), SizeIs(1));
    ASSERT_THAT(view.steps()[0].writes, SizeIs(2));
    EXPECT_EQ(view.steps()[0].writes[1].number, 1U);
    EXPECT_EQ(static_cast<char>(view.steps()[0].writes[1].before[0]), 'b');
    EXPECT_EQ(static_cast<char>(view.steps()[0].writes[1].after[0]), 'x');
    EXPECT_EQ(static_cast<char>(base.sector(0)[300]), 'a');
    view.reset();
    EXPECT_EQ(letter(view, 256), 'a');
    EXPECT_THAT(view.steps()[0].writes, SizeIs(0));
}

TEST(ImageView, KeepsWhatEachStepWrote) {
    const BaseImage base(image_of("abc"));
    ImageView view(base);
    ASSERT_TRUE(view.write(512, filled('x')));
    view.barrier(StepKind::whole);
    ASSERT_TRUE(view.write(512, filled('y')));
    ASSERT_TRUE(view.write(512, filled('z')));
    ASSERT_THAT(view.steps(), SizeIs(2));
    EXPECT_EQ(static_cast<char>(view.steps()[0].writes[0].after[0]), 'x');
    ASSERT_THAT(view.steps()[1].writes, SizeIs(1));
    EXPECT_EQ(view.steps()[1].kind, StepKind::whole);
    EXPECT_EQ(static_cast<char>(view.steps()[1].writes[0].before[0]), 'x');
    EXPECT_EQ(static_cast<char>(view.steps()[1].writes[0].after[0]), 'z');
}

TEST(ImageView, DecidesASectorInFlightWhenItIsFirstReadAndOnlyThen) {
    const BaseImage base(image_of("abcd"));
    NewAlways in_flight;
    ImageView view(base, &in_flight);
    view.mark_in_flight(1);
    view.mark_in_flight(2);
    EXPECT_EQ(letter(view, 0), 'a');
    EXPECT_THAT(in_flight.asked, SizeIs(0));
    EXPECT_THAT(view.possible(1), SizeIs(2));
    EXPECT_THAT(in_flight.asked, SizeIs(0));
    EXPECT_EQ(letter(view, 600), 'N');
    EXPECT_EQ(letter(view, 700), 'N');
    EXPECT_THAT(in_flight.asked, ElementsAre(1));
    EXPECT_THAT(view.possible(1), SizeIs(1));
    view.reset();
    EXPECT_EQ(letter(view, 600), 'N');
    EXPECT_THAT(in_flight.asked, ElementsAre(1, 1));
    view.clear();
    EXPECT_EQ(letter(view, 600), 'b');
}

TEST(ImageView, NeedNotDecideWhatIsOverwrittenWhole) {
    const BaseImage base(image_of("abcd"));
    NewAlways in_flight;
    ImageView view(base, &in_flight);
    view.mark_in_flight(1);
    view.mark_in_flight(2);
    ASSERT_TRUE(view.write(sector_size, filled('w')));
    EXPECT_EQ(letter(view, sector_size), 'w');
    EXPECT_THAT(in_flight.asked, SizeIs(0));
    const auto byte = std::byte{'w'};
    ASSERT_TRUE(view.write(2 * sector_size + 7, {&byte, 1}));
    EXPECT_THAT(in_flight.asked, ElementsAre(2));
    EXPECT_EQ(letter(view, 2 * sector_size), 'N');
    EXPECT_EQ(letter(view, 2 * sector_size + 7), 'w');
}

TEST(ImageView, StampsContentWhereverItComesFrom) {
    std::string letters(300, 'a');
    BaseImage base(image_of(letters));
    ImageView view(base);
    const auto before = view.stamp(0, 300);
    EXPECT_EQ(before, view.stamp(0, 150) + view.stamp(150, 150));
    ASSERT_TRUE(view.write(200 * sector_size, filled('b')));
    const auto after = view.stamp(0, 300);
    EXPECT_NE(after, before);
    EXPECT_EQ(view.stamp(0, 200) + view.stamp(200, 100), after);
    ASSERT_TRUE(view.write(200 * sector_size, filled('a')));
    EXPECT_EQ(view.stamp(0, 300), before);
    view.reset();
    base.put(200, filled('b').data());
    EXPECT_EQ(view.stamp(0, 300), after);
}

TEST(ImageView, StampsTellWhereContentIs) {
    const BaseImage one(image_of("ab"));
    const BaseImage other(image_of("ba"));
    EXPECT_NE(ImageView(one).stamp(0, 2), ImageView(other).stamp(0, 2));
}

TEST(ImageView, StampDecidesAsReadingDoes) {
    const BaseImage base(image_of(std::string(256, 'a')));
    NewAlways in_flight;
    ImageView view(base, &in_flight);
    view.mark_in_flight(140);
    (void)view.stamp(0, 128);
    EXPECT_THAT(in_flight.asked, SizeIs(0));
    (void)view.stamp(128, 128);
    EXPECT_THAT(in_flight.asked, ElementsAre(140));
}

}  // namespace
}  // namespace ordeal::verifier::crash
