#include "campaign/undo_journal.hpp"

#include "tests/campaign/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

Fault example_fault() {
    return {.id = "qemu.stop",
            .kind = "qemu.stop",
            .target = {"n1", "o1-1-vm"},
            .params = {{"interval", Duration(100ms)}},
            .undo = {{"pid", std::int64_t{42}}, {"start_ticks", std::int64_t{4711}}}};
}

class UndoJournalTest : public testing::Test {
  protected:
    [[nodiscard]] std::unique_ptr<UndoJournal> create() const {
        auto journal = UndoJournal::create(file_, {"run-1", "lab:demo"});
        EXPECT_TRUE(journal) << journal.error().text();
        return std::move(*journal);
    }

    [[nodiscard]] std::string text() const {
        std::ifstream stream(file_);
        return {std::istreambuf_iterator<char>(stream), {}};
    }

    void write(const std::string& content) const {
        std::ofstream(file_, std::ios::trunc) << content;
    }

    TemporaryDirectory directory_;
    std::filesystem::path file_ = directory_.path() / "undo.journal";
};

TEST_F(UndoJournalTest, GivesBackWhatIsOpen) {
    {
        const auto journal = create();
        const auto lab = journal->announce(TakeDownLab{"demo"});
        const auto domain = journal->announce(RemoveDomain{"o1-1-vm"});
        const auto fault = journal->announce(HealFault{example_fault()});
        ASSERT_TRUE(lab && domain && fault);
        ASSERT_TRUE(journal->done(*domain));
    }
    const auto contents = read_journal(file_);
    ASSERT_TRUE(contents) << contents.error().text();
    EXPECT_EQ(contents->head.run, "run-1");
    EXPECT_EQ(contents->head.testbed, "lab:demo");
    EXPECT_EQ(contents->damaged, 0);
    ASSERT_EQ(contents->open.size(), 2U);
    EXPECT_EQ(std::get<TakeDownLab>(contents->open[0].undo).lab, "demo");
    const auto& fault = std::get<HealFault>(contents->open[1].undo).fault;
    EXPECT_EQ(fault.id, "qemu.stop");
    EXPECT_EQ(fault.kind, "qemu.stop");
    EXPECT_EQ(fault.target.host, "n1");
    EXPECT_EQ(fault.target.domain, "o1-1-vm");
    EXPECT_EQ(fault.params, example_fault().params);
    EXPECT_EQ(fault.undo, example_fault().undo);
}

TEST_F(UndoJournalTest, SurvivesATornLastLineWhereverItIsTorn) {
    {
        const auto journal = create();
        ASSERT_TRUE(journal->announce(RemoveDomain{"first"}));
    }
    const auto before = text();
    ASSERT_TRUE((*UndoJournal::resume(file_))->announce(RemoveDomain{"second"}));
    const auto after = text();
    for (auto size = before.size(); size < after.size(); ++size) {
        write(after.substr(0, size));
        const auto contents = read_journal(file_);
        ASSERT_TRUE(contents);
        EXPECT_EQ(contents->open.size(), 1U) << "torn after " << size << " bytes";
        EXPECT_EQ(contents->damaged, 0);
        const auto resumed = UndoJournal::resume(file_);
        ASSERT_TRUE(resumed);
        ASSERT_TRUE((*resumed)->done(1));
        const auto closed = read_journal(file_);
        EXPECT_TRUE(closed->open.empty());
        EXPECT_EQ(closed->damaged, 0);
    }
}

TEST_F(UndoJournalTest, CountsDamageBeforeTheEnd) {
    {
        const auto journal = create();
        ASSERT_TRUE(journal->announce(RemoveDomain{"first"}));
        ASSERT_TRUE(journal->announce(RemoveDomain{"second"}));
    }
    auto content = text();
    content[content.find("first")] = 'F';
    write(content);
    const auto contents = read_journal(file_);
    ASSERT_TRUE(contents);
    EXPECT_EQ(contents->damaged, 1);
    ASSERT_EQ(contents->open.size(), 1U);
    EXPECT_EQ(std::get<RemoveDomain>(contents->open[0].undo).domain, "second");
}

TEST_F(UndoJournalTest, HasOneWriter) {
    auto journal = create();
    const auto second = UndoJournal::resume(file_);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, ErrorKind::refused);
    journal.reset();
    EXPECT_TRUE(UndoJournal::resume(file_));
}

TEST_F(UndoJournalTest, GoesOnNumberingAfterResume) {
    ASSERT_TRUE(create()->announce(RemoveDomain{"first"}));
    const auto id = (*UndoJournal::resume(file_))->announce(RemoveDomain{"second"});
    ASSERT_TRUE(id);
    EXPECT_EQ(*id, 2);
}

TEST_F(UndoJournalTest, OverwritesNoneAndInventsNone) {
    static_cast<void>(create());
    EXPECT_FALSE(UndoJournal::create(file_, {}));
    EXPECT_EQ(read_journal(directory_.path() / "nothing").error().kind, ErrorKind::not_found);
}

}  // namespace
}  // namespace ordeal
