#include "core/suggest.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace ordeal {
namespace {

const std::vector<std::string> kinds{"qemu.kill", "qemu.stop", "domain.destroy", "guest.panic"};
const std::vector<std::string> units{"ns", "us", "ms", "s", "min", "h"};

TEST(Suggest, FindsTypingMistakes) {
    EXPECT_EQ(suggest("qemu.kil", kinds), "qemu.kill");
    EXPECT_EQ(suggest("qemu_stop", kinds), "qemu.stop");
    EXPECT_EQ(suggest("guest.pnaic", kinds), "guest.panic");
    EXPECT_EQ(suggest("Domain.Destroy", kinds), "domain.destroy");
}

TEST(Suggest, FindsPartsOfAKind) {
    EXPECT_EQ(suggest("panic", kinds), "guest.panic");
    EXPECT_EQ(suggest("dom", kinds), "domain.destroy");
}

TEST(Suggest, FindsTheUnitThatWasMeant) {
    EXPECT_EQ(suggest("sec", units), "s");
    EXPECT_EQ(suggest("seconds", units), "s");
    EXPECT_EQ(suggest("minutes", units), "min");
    EXPECT_EQ(suggest("hours", units), "h");
    EXPECT_EQ(suggest("MS", units), "ms");
}

TEST(Suggest, SaysNothingWhenNothingIsNear) {
    EXPECT_EQ(suggest("storage.cut", kinds), std::nullopt);
    EXPECT_EQ(suggest("", kinds), std::nullopt);
    EXPECT_EQ(suggest(std::string(1000, 'q'), kinds), std::nullopt);
    EXPECT_EQ(suggest("x", std::vector<std::string>{""}), std::nullopt);
}

TEST(Suggest, HintsListWhatIsKnownWhenNothingIsNear) {
    EXPECT_EQ(suggestion_hint("kill", kinds), "did you mean \"qemu.kill\"?");
    EXPECT_EQ(suggestion_hint("xyz", units), "known: ns, us, ms, s, min, h");
    EXPECT_EQ(suggestion_hint("xyz", {}), "");
}

}  // namespace
}  // namespace ordeal
