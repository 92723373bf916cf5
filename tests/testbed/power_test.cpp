#include "testbed/power.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

// What a power controller can say, by a program that stands in for ipmitool. The real one, against
// a real controller, is asked in tests/live.

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

class IpmiWords : public ::testing::Test {
  protected:
    void SetUp() override {
        std::string pattern = fs::temp_directory_path() / "ordeal-power-XXXXXX";
        folder_ = ::mkdtemp(pattern.data());
        path_ = std::getenv("PATH");
        ::setenv("PATH", (folder_.string() + ":" + path_).c_str(), 1);
        ::setenv("ORDEAL_TEST_BMC", "s3cret", 1);
    }

    void TearDown() override {
        ::setenv("PATH", path_.c_str(), 1);
        ::unsetenv("ORDEAL_TEST_BMC");
        fs::remove_all(folder_);
    }

    IpmiPower controller_that(const std::string& script) {
        const auto program = folder_ / "ipmitool";
        std::ofstream(program) << "#!/bin/sh\n" << script << "\n";
        fs::permissions(program, fs::perms::owner_all);
        return IpmiPower({.host = "n1",
                          .address = "192.0.2.9",
                          .user = "ordeal",
                          .password = {.variable = "ORDEAL_TEST_BMC"}});
    }

    Error failure_of(const std::string& script, Duration deadline = 20s) {
        auto controller = controller_that(script);
        const auto state = controller.state(deadline);
        EXPECT_FALSE(state) << script;
        const auto error = state ? Error{} : state.error();
        EXPECT_THAT(error.text(), AllOf(HasSubstr("n1"), HasSubstr("192.0.2.9")))
            << "host and door";
        EXPECT_THAT(error.text(), Not(HasSubstr("s3cret")));
        return error;
    }

    fs::path folder_;
    std::string path_;
};

const std::string no_session =
    "echo 'Error: Unable to establish IPMI v2 / RMCP+ session' >&2;exit 1";

TEST_F(IpmiWords, TellTheStateAndTakeThePasswordByEnvironmentAlone) {
    auto on = controller_that("[ \"$IPMI_PASSWORD\" = s3cret ] && echo 'Chassis Power is on'");
    EXPECT_EQ(on.state(20s).value(), PowerState::on);
    auto off =
        controller_that("case \"$*\" in *s3cret*) exit 1;; esac; echo 'Chassis Power is off'");
    EXPECT_EQ(off.state(20s).value(), PowerState::off);
}

TEST_F(IpmiWords, TellAWrongPasswordFromAControllerThatDoesNotAnswer) {
    const auto password = failure_of("echo '> RAKP 2 HMAC is invalid';" + no_session);
    EXPECT_EQ(password.kind, ErrorKind::refused);
    EXPECT_THAT(password.answer, HasSubstr("password"));
    const auto user = failure_of(
        "echo 'RAKP 2 message indicates an error : unauthorized name' >&2;" + no_session);
    EXPECT_EQ(user.kind, ErrorKind::refused);
    EXPECT_THAT(user.answer, HasSubstr("does not know the user"));
    const auto silent = failure_of("echo 'Get Auth Capabilities error' >&2;" + no_session);
    EXPECT_EQ(silent.kind, ErrorKind::unavailable);
    EXPECT_THAT(silent.answer, HasSubstr("does not answer"));
    const auto no_way = failure_of("echo 'Could not open socket!' >&2;" + no_session);
    EXPECT_EQ(no_way.kind, ErrorKind::unavailable);
    EXPECT_THAT(no_way.answer, HasSubstr("no way"));
    EXPECT_EQ(failure_of(no_session).kind, ErrorKind::unavailable);
}

TEST_F(IpmiWords, TellAControllerThatIsLateOrRefusesOrTalksNonsense) {
    const auto late = failure_of("exec sleep 60", 300ms);
    EXPECT_EQ(late.kind, ErrorKind::timeout);
    EXPECT_THAT(late.answer, HasSubstr("did not answer within"));
    const auto refused = failure_of("echo 'Set Chassis Power Control failed' >&2; exit 1");
    EXPECT_EQ(refused.kind, ErrorKind::refused);
    EXPECT_THAT(refused.answer, HasSubstr("Chassis Power Control failed"));
    auto nonsense = controller_that("echo 'Chassis Power is maybe'");
    EXPECT_EQ(nonsense.state(20s).error().kind, ErrorKind::corrupt);
}

TEST_F(IpmiWords, SayWhichSecretIsMissing) {
    ::unsetenv("ORDEAL_TEST_BMC");
    auto controller = controller_that("echo 'Chassis Power is on'");
    const auto state = controller.state(20s);
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().kind, ErrorKind::missing);
    EXPECT_THAT(state.error().text(), HasSubstr("ORDEAL_TEST_BMC"));
}

}  // namespace
}  // namespace ordeal
