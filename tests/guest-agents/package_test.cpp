#ifdef ORDEAL_AGENT_DEB

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <unistd.h>

namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

const std::string deb = ORDEAL_AGENT_DEB;

std::string said_by(const std::string& command) {
    const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
    std::string text;
    std::array<char, 4096> buffer{};
    while (const auto count = std::fread(buffer.data(), 1, buffer.size(), pipe.get())) {
        text.append(buffer.data(), count);
    }
    return text;
}

std::string read(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator(file), {}};
}

TEST(AgentPackage, SaysWhatItIs) {
    const auto said = said_by("dpkg-deb --field " + deb);
    EXPECT_THAT(said, HasSubstr("Package: ordeal-agent\n"));
    EXPECT_THAT(said, HasSubstr("Version: " + said_by(ORDEAL_AGENT " --version")));
    EXPECT_THAT(said, HasSubstr("Installed-Size: "));
    EXPECT_EQ(said.find("Depends:"), said.npos) << "it runs in any guest";
}

TEST(AgentPackage, UnpacksToAProgramThatRunsAndAUnitThatWaitsForThePort) {
    std::string pattern = fs::temp_directory_path() / "ordeal-deb-XXXXXX";
    const fs::path root = ::mkdtemp(pattern.data());
    ASSERT_EQ(std::system(("dpkg-deb --extract " + deb + " " + root.string()).c_str()), 0);
    EXPECT_EQ(said_by((root / "usr/sbin/ordeal-agent").string() + " --version"),
              said_by(ORDEAL_AGENT " --version"));
    const std::string device = R"(dev-virtio\x2dports-org.ordeal.agent.0.device)";
    const auto unit = read(root / "lib/systemd/system/ordeal-agent.service");
    EXPECT_THAT(unit, HasSubstr("BindsTo=" + device));
    EXPECT_THAT(unit, HasSubstr("ExecStart=/usr/sbin/ordeal-agent"));
    EXPECT_THAT(read(root / "lib/udev/rules.d/60-ordeal-agent.rules"),
                HasSubstr("ATTR{name}==\"org.ordeal.agent.0\""));
    EXPECT_THAT(read(root / "etc/default/ordeal-agent"), HasSubstr("ORDEAL_AGENT_OPTIONS=\"\""))
        << "no fault is permitted unless somebody says so";
    fs::remove_all(root);
}

TEST(AgentPackage, HasExactlyItsFilesAllOfRoot) {
    const auto list = said_by("dpkg-deb --contents " + deb + " | awk '$1 !~ /^d/ {print $2, $6}'");
    EXPECT_EQ(list,
              "root/root ./etc/default/ordeal-agent\n"
              "root/root ./lib/systemd/system/ordeal-agent.service\n"
              "root/root ./lib/udev/rules.d/60-ordeal-agent.rules\n"
              "root/root ./usr/sbin/ordeal-agent\n"
              "root/root ./usr/share/doc/ordeal-agent/README\n");
}

}  // namespace

#endif
