#include "campaign/definition.hpp"

#include "tests/campaign/definition_fixture.hpp"
#include "tests/campaign/temporary_directory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace ordeal::test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(Definition, ReadsASoundFileWithItsDefaults) {
    const auto definition = parse_sound(sound);
    EXPECT_EQ(definition.name, "kill");
    EXPECT_EQ(definition.path, "e.toml");
    EXPECT_EQ(definition.text, sound);
    ASSERT_EQ(definition.cells.size(), 1U);
    const auto& each = definition.cells[0];
    EXPECT_EQ(each.trials, 3);
    EXPECT_EQ(each.settle, 300ms);
    EXPECT_TRUE(each.recover);
    ASSERT_EQ(each.domains.size(), 1U);
    EXPECT_EQ(each.domains[0].memory, DomainSpec{}.memory);
    EXPECT_EQ(each.domains[0].disks.at(0).filesystem, "ext3");
    EXPECT_EQ(each.loads.at(0).record, Bytes{4096});
    const auto& fault = each.faults.at(0);
    EXPECT_EQ(fault.id, "qemu.kill");
    EXPECT_EQ(fault.at.from, 1s);
    EXPECT_EQ(fault.at.to, 3s);
    EXPECT_EQ(fault.hold.to, 0s);
    EXPECT_EQ(each.probes.at(0).params, (Params{{"interval", Duration(100ms)}}));
    EXPECT_EQ(each.checks.at(0).params.get<Duration>("within"), 2s);
    EXPECT_TRUE(each.cell.empty());
}

TEST(Definition, TakesAnEntrysOwnDefaultOfAGeneralKey) {
    const auto definition = parse_sound(with(sound, "\"agent.heartbeat\"\n\n", R"("libvirt.state"

[[probe]]
kind = "agent.heartbeat"
interval = "20ms"

)"));
    EXPECT_EQ(definition.cells[0].probes.at(0).params.get<Duration>("interval"), 1s);
    EXPECT_EQ(definition.cells[0].probes.at(1).params.get<Duration>("interval"), 20ms);
}

TEST(Definition, ReportsEverythingAtOnceInTheOrderOfTheText) {
    auto text = with(sound, "trials = 3", "trails = 3\ntrials = 0");
    text = with(text, "duration = \"3s\"", "duration = \"3sec\"\nduration = \"4s\"");
    text = with(text, "profile = \"append_fsync\"", "profile = \"append_fsnc\"");
    text = with(text, "domain = \"vm\"", "domain = \"vn\"");
    EXPECT_EQ(complaints(text),
              "e.toml:5:1: error: unknown key \"trails\"\n"
              "    5 | trails = 3\n"
              "      | ^^^^^^\n"
              "      = did you mean \"trials\"?\n"
              "e.toml:6:10: error: \"trials\" must be an integer from 1 to 100000, not 0\n"
              "    6 | trials = 0\n"
              "      |          ^\n"
              "e.toml:8:12: error: \"duration\": unknown unit \"sec\"\n"
              "    8 | duration = \"3sec\"\n"
              "      |            ^^^^^^\n"
              "      = did you mean \"s\"?\n"
              "e.toml:9:1: error: \"duration\" is given twice\n"
              "    9 | duration = \"4s\"\n"
              "      | ^^^^^^^^\n"
              "      = the first is in line 8\n"
              "e.toml:19:10: error: there is no domain \"vn\"\n"
              "   19 | domain = \"vn\"\n"
              "      |          ^^^^\n"
              "      = did you mean \"vm\"?\n"
              "e.toml:20:11: error: \"profile\" must be one of append_fsync, rename_fsync, "
              "overwrite_direct\n"
              "   20 | profile = \"append_fsnc\"\n"
              "      |           ^^^^^^^^^^^^^\n"
              "      = did you mean \"append_fsync\"?\n");
}

struct Mistake {
    std::string from, to;
    std::string complaint;  ///< the whole print
};

void PrintTo(const Mistake& mistake, std::ostream* out) {
    *out << mistake.complaint.substr(0, mistake.complaint.find('\n'));
}

class DefinitionMistake : public testing::TestWithParam<Mistake> {};

TEST_P(DefinitionMistake, IsReportedAtItsPlace) {
    EXPECT_EQ(complaints(with(sound, GetParam().from, GetParam().to)), GetParam().complaint);
}

INSTANTIATE_TEST_SUITE_P(
    All,
    DefinitionMistake,
    testing::Values(
        Mistake{"at = \"1s..3s\"",
                "at = \"3s..1s\"",
                "e.toml:23:6: error: \"at\": the window ends before it starts\n"
                "   23 | at = \"3s..1s\"\n"
                "      |      ^^^^^^^^\n"},
        Mistake{"at = \"1s..3s\"",
                "at = 1",
                "e.toml:23:6: error: \"at\" must be text in quotes, not an integer\n"
                "   23 | at = 1\n"
                "      |      ^\n"},
        Mistake{"at = \"1s..3s\"\n",
                "",
                "e.toml:20:1: error: \"at\" is missing\n"
                "   20 | [[fault]]\n"
                "      | ^^^^^^^^^\n"
                "      = at: when, since the load started or since `on`: \"2s\", \"2s..5s\" or "
                "\"log 2s..5s\"\n"},
        Mistake{"at = \"1s..3s\"",
                "at = \"1s..4s\"",
                "e.toml:23:6: error: the fault may come at 4 s, when the load has ended (duration "
                "3 s)\n"
                "   23 | at = \"1s..4s\"\n"
                "      |      ^^^^^^^^\n"},
        Mistake{"at = \"1s..3s\"",
                "at = \"1s\"\nhold = \"2min\"",
                "e.toml:24:8: error: the fault may be healed 2.02 min after the start, past the "
                "deadline of 90 s\n"
                "   24 | hold = \"2min\"\n"
                "      |        ^^^^^^\n"},
        Mistake{"deadline = \"90s\"",
                "deadline = \"2s\"",
                "e.toml:8:12: error: the deadline comes before the load ends, 3.3 s after the "
                "start\n"
                "    8 | deadline = \"2s\"\n"
                "      |            ^^^^\n"
                "e.toml:23:6: error: the fault may be healed 3.3 s after the start, past the "
                "deadline of 2 s\n"
                "   23 | at = \"1s..3s\"\n"
                "      |      ^^^^^^^^\n"},
        Mistake{"kind = \"qemu.kill\"",
                "kind = \"qemu.kil\"",
                "e.toml:21:8: error: there is no fault \"qemu.kil\"\n"
                "   21 | kind = \"qemu.kil\"\n"
                "      |        ^^^^^^^^^^\n"
                "      = did you mean \"qemu.kill\"?\n"},
        Mistake{"kind = \"qemu.kill\"\ntarget = \"vm\"",
                "kind = \"qemu.kil\"\ntarget = \"web\"",
                "e.toml:21:8: error: there is no fault \"qemu.kil\"\n"
                "   21 | kind = \"qemu.kil\"\n"
                "      |        ^^^^^^^^^^\n"
                "      = did you mean \"qemu.kill\"?\n"
                "e.toml:22:10: error: there is no domain \"web\"\n"
                "   22 | target = \"web\"\n"
                "      |          ^^^^^\n"
                "      = known: vm\n"},
        Mistake{"kind = \"qemu.kill\"",
                "kind = \"qemu.slow\"\nshare = 100",
                "e.toml:22:9: error: \"share\" must be an integer from 1 to 99, not 100\n"
                "   22 | share = 100\n"
                "      |         ^^^\n"},
        Mistake{"target = \"vm\"",
                "target = \"web\"",
                "e.toml:22:10: error: there is no domain \"web\"\n"
                "   22 | target = \"web\"\n"
                "      |          ^^^^^\n"
                "      = known: vm\n"},
        Mistake{"target = \"vm\"\n",
                "",
                "e.toml:20:1: error: \"target\" is missing\n"
                "   20 | [[fault]]\n"
                "      | ^^^^^^^^^\n"
                "      = target: a domain, a host for faults of hosts, or a group of these\n"},
        Mistake{"[[probe]]",
                "[[fault]]\nkind = \"qemu.kill\"\ntarget = \"vm\"\nat = \"2s\"\n\n[[probe]]",
                "e.toml:26:8: error: there are two faults \"qemu.kill\"\n"
                "   26 | kind = \"qemu.kill\"\n"
                "      |        ^^^^^^^^^^^\n"
                "      = give one of them an id of its own\n"},
        Mistake{"profile = \"append_fsync\"",
                "profile = \"append_fsync\"\ndisk = \"dat\"",
                "e.toml:19:8: error: domain \"vm\" has no disk \"dat\"\n"
                "   19 | disk = \"dat\"\n"
                "      |        ^^^^^\n"
                "      = did you mean \"data\"?\n"},
        Mistake{"profile = \"append_fsync\"",
                "profile = \"append_fsync\"\nrecord = \"1000B\"",
                "e.toml:19:10: error: \"record\" must be a multiple of 512 B\n"
                "   19 | record = \"1000B\"\n"
                "      |          ^^^^^^^\n"},
        Mistake{"[[load]]",
                "[[domain.disk]]\nname = \"data\"\n\n[[domain]]\nname = \"vm\"\n\n[[load]]",
                "e.toml:17:8: error: there are two disks \"data\"\n"
                "   17 | name = \"data\"\n"
                "      |        ^^^^^^\n"
                "e.toml:20:8: error: there are two domains \"vm\"\n"
                "   20 | name = \"vm\"\n"
                "      |        ^^^^\n"},
        Mistake{"[[load]]",
                "[[load]]\ndomain = \"vm\"\nprofile = \"rename_fsync\"\n\n[[load]]",
                "e.toml:21:10: error: domain \"vm\" has a load already\n"
                "   21 | domain = \"vm\"\n"
                "      |          ^^^^\n"
                "      = use writers = … for more than one writer\n"},
        Mistake{"[[domain.disk]]\nname = \"data\"\n",
                "",
                "e.toml:14:1: error: domain \"vm\" has no disk \"data\"\n"
                "   14 | [[load]]\n"
                "      | ^^^^^^^^\n"
                "      = add [[domain.disk]] below the domain\n"},
        Mistake{"[[domain]]\nname = \"vm\"\n",
                "[[domain]]\nname = \"vm\"\nhost = \"n1\"\nfailover = \"n1\"\n",
                "e.toml:13:12: error: a domain cannot fail over to its own host\n"
                "   13 | failover = \"n1\"\n"
                "      |            ^^^^\n"
                "e.toml:13:12: error: disk \"data\" stays on its host: its backing is \"file\"\n"
                "   13 | failover = \"n1\"\n"
                "      |            ^^^^\n"
                "      = set its backing to one of nbd, iscsi, nfs\n"},
        Mistake{"name = \"kill\"",
                "name = \"Kill it\"",
                "e.toml:2:8: error: a name has a-z, 0-9 and \"-\", at most 32 of them, and no "
                "\"-\" in front\n"
                "    2 | name = \"Kill it\"\n"
                "      |        ^^^^^^^^^\n"},
        Mistake{"observers = [\"agent.heartbeat\"]",
                "observers = [\"agent.heartbeat\", \"libvirt.state\", \"agent.heart\"]",
                "e.toml:30:33: error: the experiment has no probe \"libvirt.state\"\n"
                "   30 | observers = [\"agent.heartbeat\", \"libvirt.state\", \"agent.heart\"]\n"
                "      |                                 ^^^^^^^^^^^^^^^\n"
                "      = add [[probe]] with kind = \"libvirt.state\"\n"
                "e.toml:30:50: error: the experiment has no probe \"agent.heart\"\n"
                "   30 | observers = [\"agent.heartbeat\", \"libvirt.state\", \"agent.heart\"]\n"
                "      |                                                  ^^^^^^^^^^^^^\n"
                "      = did you mean \"agent.heartbeat\"?\n"},
        Mistake{"[[check]]",
                "[[probe]]\nkind = \"agent.heartbeat\"\ndomain = \"vm\"\n\n[[check]]",
                "e.toml:29:8: error: the probe \"agent.heartbeat\" is there already\n"
                "   29 | kind = \"agent.heartbeat\"\n"
                "      |        ^^^^^^^^^^^^^^^^^\n"},
        Mistake{"[[load]]\ndomain = \"vm\"\nprofile = \"append_fsync\"\n",
                "",
                "e.toml:30:8: error: \"no_acked_write_lost\" needs a load\n"
                "   30 | kind = \"no_acked_write_lost\"\n"
                "      |        ^^^^^^^^^^^^^^^^^^^^^\n"
                "      = add [[load]] with domain and profile\n"},
        Mistake{"[[load]]",
                "[load]",
                "e.toml:16:2: error: \"load\" must be a list of tables\n"
                "   16 | [load]\n"
                "      |  ^^^^\n"
                "      = write [[load]]\n"},
        Mistake{"[[probe]]",
                "[[prob]]",
                "e.toml:25:3: error: unknown key \"prob\"\n"
                "   25 | [[prob]]\n"
                "      |   ^^^^\n"
                "      = did you mean \"probe\"?\n"
                "e.toml:30:14: error: the experiment has no probe \"agent.heartbeat\"\n"
                "   30 | observers = [\"agent.heartbeat\"]\n"
                "      |              ^^^^^^^^^^^^^^^^^\n"
                "      = add [[probe]] with kind = \"agent.heartbeat\"\n"}));

TEST(Definition, JudgesTheNeedsOfFaultsAndChecks) {
    const auto panic = with(sound, "\"qemu.kill\"", "\"guest.panic\"");
    EXPECT_EQ(complaints(panic), "");
    EXPECT_THAT(complaints(with(panic, "name = \"vm\"", "name = \"vm\"\npvpanic = false")),
                HasSubstr("22:8: error: \"guest.panic\" needs a domain with pvpanic = true"));
    const auto recovers = with(sound, "\"no_acked_write_lost\"", "\"recovers_within\"");
    EXPECT_EQ(complaints(recovers), "");
    EXPECT_THAT(complaints(with(recovers, "trials = 3", "recover = false")),
                HasSubstr("\"recovers_within\" needs recover = true"));
}

TEST(Definition, LetsFaultsOfHostsNameAnyHost) {
    const auto text =
        with(with(sound, "\"qemu.kill\"", "\"libvirtd.kill\""), "\"vm\"\nat", "\"n1\"\nat");
    EXPECT_EQ(complaints(text), "");
    EXPECT_THAT(complaints(with(text, "\"n1\"", "\"\"")), HasSubstr("\"target\" names nothing"));
}

TEST(Definition, WantsDomainsAndChecks) {
    EXPECT_EQ(complaints("[experiment]\nname = \"x\"\ntitle = \"t\"\nquestion = \"q\"\n"
                         "duration = \"1s\"\ndeadline = \"9s\"\n"),
              "e.toml:1:1: error: there is no check, so that no trial could ever pass\n"
              "    1 | [experiment]\n"
              "      | ^\n"
              "      = add [[check]] with a kind\n"
              "e.toml:1:1: error: there is no domain\n"
              "    1 | [experiment]\n"
              "      | ^\n"
              "      = add [[domain]] with a name\n");
    EXPECT_THAT(complaints("# nothing\n"), HasSubstr("there is no table [experiment]"));
    EXPECT_THAT(complaints("experiment = 3\ndomain = [1]\ncheck = \"x\"\n"),
                HasSubstr("\"domain\" must be a list of tables"));
}

TEST(Definition, ReportsFilesThatCannotBeRead) {
    Diagnostics out;
    EXPECT_FALSE(load_definition("/", small_library(), out));
    EXPECT_FALSE(load_definition("/no/such/file.toml", small_library(), out));
    EXPECT_EQ(to_text(out),
              "/: error: this is a directory\n      = name a .toml file in it\n"
              "/no/such/file.toml: error: there is no such file\n");
}

TEST(Definition, RefusesTwoFilesWithOneName) {
    const TemporaryDirectory directory;
    const std::vector<std::filesystem::path> paths{directory.path() / "a.toml",
                                                   directory.path() / "b.toml"};
    for (const auto& path : paths) {
        std::ofstream(path) << sound;
    }
    Diagnostics out;
    EXPECT_EQ(load_definitions(paths, small_library(), out).size(), 1U);
    EXPECT_THAT(to_text(out), HasSubstr("b.toml: error: the experiment \"kill\" is in "));
}

}  // namespace
}  // namespace ordeal::test
