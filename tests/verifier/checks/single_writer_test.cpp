#include "core/wire_epoch.hpp"
#include "tests/verifier/stories.hpp"
#include "verifier/catalogue.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <unistd.h>

namespace ordeal::verifier {

std::unique_ptr<Check> checks_single_writer();

namespace {

using namespace ordeal::testing;
using ::testing::HasSubstr;

class NoTools final : public Tools {
  public:
    Result<Output> run(const std::vector<std::string>& argv, Duration /*deadline*/) override {
        return fail(ErrorKind::missing, "run " + argv.front(), "no tools here");
    }
};

class Kept final : public Recorder {
  public:
    void record(Event event) override { events.push_back(std::move(event)); }

    std::vector<Event> events;
};

class SingleWriter : public ::testing::Test {
  protected:
    ~SingleWriter() override { std::filesystem::remove(image_); }

    void put(const epoch::Block& block) {
        std::ofstream(image_).close();
        std::filesystem::resize_file(image_, 1U << 20U);
        std::fstream file(image_, std::ios::in | std::ios::out | std::ios::binary);
        file.seekp(-static_cast<std::streamoff>(epoch::reserved), std::ios::end);
        const auto sector = epoch::to_sector(block);
        file.write(sector.data(), sector.size());
    }

    Finding judged(bool wanted = true) {
        NoTools tools;
        Kept kept;
        const History before{std::vector<Event>{}};
        ExamineContext context{
            .tools = tools, .recorder = kept, .at = {}, .directory = {}, .history = before};
        const Specimen specimen{
            .domain = "vm", .disk = {.name = "data", .epoch = wanted}, .image = image_};
        const auto check = checks_single_writer();
        EXPECT_TRUE(check->examine(context, specimen, {}));
        const auto findings = check->judge(History(kept.events), Experiment{}, {});
        EXPECT_EQ(findings.size(), 1U);
        return findings.at(0);
    }

    const std::filesystem::path image_ =
        std::filesystem::temp_directory_path() / ("single-writer-" + std::to_string(::getpid()));
};

TEST_F(SingleWriter, PassesInstancesThatFollowedEachOther) {
    put({.epoch = 2, .owner = 7, .count = 30});
    const auto finding = judged();
    EXPECT_EQ(finding.verdict, Verdict::pass) << finding.summary;
    EXPECT_EQ(finding.figures.get<std::int64_t>("instances"), 2);
}

TEST_F(SingleWriter, FailsInstancesThatMet) {
    put({.epoch = 2, .owner = 7, .count = 30, .intrusions = 4});
    const auto finding = judged();
    EXPECT_EQ(finding.verdict, Verdict::fail);
    EXPECT_THAT(finding.summary, HasSubstr("4 times"));
    EXPECT_EQ(finding.subject, "vm/data");
}

TEST_F(SingleWriter, SaysNothingWithoutABlock) {
    put({.epoch = 1});
    EXPECT_EQ(judged(false).verdict, Verdict::inconclusive);
    std::filesystem::resize_file(image_, 0);
    std::filesystem::resize_file(image_, 1U << 20U);
    EXPECT_EQ(judged().verdict, Verdict::inconclusive);
    std::filesystem::resize_file(image_, 100);
    EXPECT_EQ(judged().verdict, Verdict::inconclusive);
}

}  // namespace
}  // namespace ordeal::verifier
