#include "cli/command_line.hpp"

#include <gtest/gtest.h>

namespace ordeal::cli {
namespace {

Answer answer_to(const std::vector<std::string>& arguments) {
    const auto parsed = parse_command_line(arguments);
    const auto* answer = std::get_if<Answer>(&parsed);
    return answer == nullptr ? Answer{"(a verb was chosen)", -1} : *answer;
}

template <class Options>
Options options_of(const std::vector<std::string>& arguments) {
    const auto parsed = parse_command_line(arguments);
    const auto* invocation = std::get_if<Invocation>(&parsed);
    EXPECT_NE(invocation, nullptr) << std::get<Answer>(parsed).text;
    return std::get<Options>(invocation->verb);
}

TEST(CommandLine, ReadsARun) {
    const auto run = options_of<RunOptions>(
        {"run", "a.toml", "b.toml", "--seed", "7", "--trials", "3", "--only", "x", "--dry-run"});
    ASSERT_EQ(run.selection.files.size(), 2U);
    EXPECT_EQ(run.selection.files[0], "a.toml");
    EXPECT_EQ(run.selection.seed, 7U);
    EXPECT_EQ(run.selection.trials, 3);
    EXPECT_EQ(run.selection.only, std::vector<std::string>{"x"});
    EXPECT_TRUE(run.dry_run);
}

TEST(CommandLine, KeepsPlanApartFromRun) {
    EXPECT_EQ(options_of<SelectionOptions>({"plan", "a.toml"}).files.size(), 1U);
}

TEST(CommandLine, TakesCommonOptionsBeforeAndAfterTheVerb) {
    for (const auto& arguments : {std::vector<std::string>{"--json", "doctor"},
                                  std::vector<std::string>{"doctor", "--json"}}) {
        const auto parsed = parse_command_line(arguments);
        ASSERT_TRUE(std::holds_alternative<Invocation>(parsed));
        EXPECT_TRUE(std::get<Invocation>(parsed).common.json);
    }
}

TEST(CommandLine, PassesACommandToTheLabsShell) {
    const auto lab = options_of<LabOptions>({"lab", "shell", "--", "virsh", "list", "--all"});
    EXPECT_EQ(lab.action, "shell");
    EXPECT_EQ(lab.command, (std::vector<std::string>{"virsh", "list", "--all"}));
}

TEST(CommandLine, HelpsWithExamplesOnEachVerb) {
    for (const auto* verb : {"validate",
                             "plan",
                             "run",
                             "report",
                             "matrix",
                             "list",
                             "describe",
                             "lab",
                             "explore",
                             "doctor",
                             "rollback"}) {
        const auto help = answer_to({verb, "--help"});
        EXPECT_EQ(help.exit_code, 0) << verb;
        EXPECT_NE(help.text.find("Example"), std::string::npos) << verb;
        EXPECT_NE(help.text.find(std::string("ordeal ") + verb), std::string::npos) << verb;
        EXPECT_NE(answer_to({"--help"}).text.find(verb), std::string::npos);
    }
}

TEST(CommandLine, HidesTheGuardian) {
    EXPECT_EQ(answer_to({"--help"}).text.find("guardian"), std::string::npos);
}

struct Wrong {
    std::vector<std::string> arguments;
    std::string said;
};

class CommandLineErrors : public testing::TestWithParam<Wrong> {};

TEST_P(CommandLineErrors, AreSaidWithASuggestionAndExitCode2) {
    const auto answer = answer_to(GetParam().arguments);
    EXPECT_EQ(answer.exit_code, 2);
    EXPECT_NE(answer.text.find(GetParam().said), std::string::npos) << answer.text;
}

INSTANTIATE_TEST_SUITE_P(
    All,
    CommandLineErrors,
    testing::Values(Wrong{{"rum", "a.toml"}, "unknown verb \"rum\"; did you mean \"run\"?"},
                    Wrong{{"lab", "upp"}, "did you mean \"up\"?"},
                    Wrong{{"run", "a.toml", "--sed", "7"}, "did you mean \"--seed\"?"},
                    Wrong{{"run", "a.toml", "--trials", "0"}, "--trials"},
                    Wrong{{"run"}, "file is required"},
                    Wrong{{"report", "--format", "htlm"}, "htlm"},
                    Wrong{{}, "ordeal run"}));

}  // namespace
}  // namespace ordeal::cli
