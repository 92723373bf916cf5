#include "tests/structure/rules.hpp"

#include <gtest/gtest.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace ordeal::structure {
namespace {

namespace fs = std::filesystem;

const fs::path& root() {
    static const fs::path path = ORDEAL_SOURCE_DIR;
    return path;
}

constexpr std::array folders{"core",
                             "testbed",
                             "injectors",
                             "probes",
                             "verifier",
                             "guest-agents",
                             "campaign",
                             "reports",
                             "cli",
                             "tests"};

std::vector<fs::path> sources() {
    std::vector<fs::path> found;
    for (const auto* folder : folders) {
        for (const auto& entry : fs::recursive_directory_iterator(root() / folder)) {
            const auto extension = entry.path().extension();
            if (extension == ".cpp" || extension == ".hpp") {
                found.push_back(fs::relative(entry.path(), root()));
            }
        }
    }
    return found;
}

std::string read(const fs::path& path) {
    std::ifstream file(root() / path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::string told(const std::vector<Violation>& violations) {
    std::string text;
    for (const auto& [path, line, message] : violations) {
        text += path + ":" + std::to_string(line) + " " + message + "\n";
    }
    return text;
}

TEST(Structure, IncludesPointOneWay) {
    ASSERT_GT(sources().size(), 20U);
    for (const auto& path : sources()) {
        const auto violations = check_includes(path.string(), read(path));
        EXPECT_TRUE(violations.empty()) << told(violations);
    }
}

TEST(Structure, FilesFunctionsAndLinesAreShort) {
    for (const auto& path : sources()) {
        const auto violations = check_lengths(path.string(), read(path));
        EXPECT_TRUE(violations.empty()) << told(violations);
    }
}

TEST(Structure, EveryCatalogueEntryHasSchemaSourceAndTest) {
    for (const auto* folder : {"injectors", "probes", "verifier"}) {
        for (const auto& entry : fs::recursive_directory_iterator(root() / folder)) {
            const auto path = fs::relative(entry.path(), root());
            const auto family = root() / folder / *std::next(path.begin());
            // A folder with its own CMakeLists.txt is no family.
            if (entry.is_directory() || path.parent_path() == folder ||
                fs::exists(family / "CMakeLists.txt")) {
                continue;
            }
            auto schema = path;
            schema.replace_extension(".toml");
            auto source = path;
            source.replace_extension(".cpp");
            const auto test =
                fs::path("tests") / path.parent_path() / (path.stem().string() + "_test.cpp");
            for (const auto& part : {schema, source, test}) {
                EXPECT_TRUE(fs::exists(root() / part)) << path << " belongs to an entry without "
                                                       << part << ": write it (see docs/extend.md)";
            }
        }
    }
}

TEST(StructureRules, FindAnIncludeAgainstTheDirection) {
    const auto found = check_includes("core/a.cpp", "#include \"campaign/plan.hpp\"\n");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_NE(found.front().message.find("may not know it"), std::string::npos);
    EXPECT_TRUE(check_includes("campaign/a.cpp", "#include \"core/units.hpp\"\n").empty());
    EXPECT_EQ(check_includes("testbed/sim/a.cpp", "#include \"testbed/process.hpp\"\n").size(), 1U);
    EXPECT_EQ(check_includes("guest-agents/a.cpp", "#include \"core/history.hpp\"\n").size(), 1U);
}

TEST(StructureRules, KeepLibrariesBehindTheirSeam) {
    EXPECT_EQ(check_includes("probes/libvirt/a.cpp", "#include <libvirt/libvirt.h>\n").size(), 1U);
    EXPECT_TRUE(check_includes("testbed/a.cpp", "#include <libvirt/libvirt.h>\n").empty());
}

TEST(StructureRules, FindLongFunctionsFilesAndLines) {
    std::string body;
    for (int line = 0; line < 69; ++line) {
        body += "    call();\n";
    }
    EXPECT_EQ(check_lengths("core/a.cpp", "void f() {\n" + body + "}\n").size(), 1U);
    EXPECT_TRUE(check_lengths("core/a.cpp", "void f() {\n    call();\n}\n").empty());
    EXPECT_EQ(check_lengths("core/a.cpp", std::string(101, 'x') + "\n").size(), 1U);
    std::string file;
    for (int line = 0; line < 401; ++line) {
        file += "int i;\n";
    }
    EXPECT_EQ(check_lengths("core/a.cpp", file).size(), 1U);
}

}  // namespace
}  // namespace ordeal::structure
