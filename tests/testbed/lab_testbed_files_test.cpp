#include "testbed/lab_testbed_files.hpp"

#include "core/fd.hpp"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <fstream>
#include <sys/stat.h>

namespace ordeal {
namespace {

namespace fs = std::filesystem;

class LabTestbedFiles : public testing::Test {
  protected:
    void SetUp() override {
        std::string path = (fs::temp_directory_path() / "files-XXXXXX").string();
        directory_ = ::mkdtemp(path.data());
    }

    void TearDown() override { fs::remove_all(directory_); }

    fs::path directory_;
};

std::uintmax_t allocated(const fs::path& path) {
    struct stat status {};

    EXPECT_EQ(::stat(path.c_str(), &status), 0);
    return static_cast<std::uintmax_t>(status.st_blocks) * 512U;
}

TEST_F(LabTestbedFiles, AreMadeForADomain) {
    DomainSpec spec{.name = "vm", .disks = {{.name = "data"}}};
    const DomainPlace place{.disks = {{.image = directory_ / "trial/vm-data.img"}},
                            .console = directory_ / "trial/vm.console",
                            .directory = directory_ / "trial"};
    const auto made = make_domain_files(spec, place, directory_ / "agents/vm.sock", "<domain/>");
    ASSERT_TRUE(made) << made.error().text();
    EXPECT_EQ(fs::file_size(place.disks[0].image), spec.disks[0].size.count);
    EXPECT_EQ(fs::file_size(place.console), 0U);
    EXPECT_TRUE(fs::is_directory(directory_ / "agents"));
    EXPECT_TRUE(fs::exists(directory_ / "trial/vm.xml"));

    spec.disks[0].filesystem = "ntfs";
    EXPECT_FALSE(make_domain_files(spec, place, directory_ / "agents/vm.sock", "<domain/>"));
}

TEST_F(LabTestbedFiles, AreCopiedWithTheirHoles) {
    const auto image = directory_ / "image";
    std::ofstream(image) << "content";
    fs::resize_file(image, 32U << 20U);
    const auto copied = copy_unused_image(image, directory_ / "copy");
    ASSERT_TRUE(copied) << copied.error().text();
    EXPECT_EQ(fs::file_size(directory_ / "copy"), 32U << 20U);
    EXPECT_LE(allocated(directory_ / "copy"), 1U << 20U);
    std::string content;
    std::ifstream(directory_ / "copy") >> std::setw(7) >> content;
    EXPECT_EQ(content, "content");
}

TEST_F(LabTestbedFiles, AreNotCopiedWhileSomebodyHasThemLocked) {
    const auto image = directory_ / "image";
    std::ofstream(image) << "content";
    // As QEMU locks: byte 100 and some more, shared.
    const Fd qemu(::open(image.c_str(), O_RDWR | O_CLOEXEC));

    struct flock lock {};

    lock.l_type = F_RDLCK;
    lock.l_start = 100;
    lock.l_len = 1;
    ASSERT_EQ(::fcntl(qemu.get(), F_OFD_SETLK, &lock), 0);
    const auto copied =
        copy_unused_image(image, directory_ / "copy", std::chrono::milliseconds(20));
    ASSERT_FALSE(copied);
    EXPECT_EQ(copied.error().kind, ErrorKind::refused);
    EXPECT_FALSE(fs::exists(directory_ / "copy"));
}

TEST_F(LabTestbedFiles, TellTheKernelsRelease) {
    const auto image = directory_ / "vmlinuz";
    std::ofstream file(image, std::ios::binary);
    file.seekp(0x202).write("HdrS", 4);
    file.seekp(0x20e).write("\x00\x01", 2);
    file.seekp(0x300) << "6.1.0-test (builder) #1";
    file.close();
    EXPECT_EQ(kernel_release(image), "6.1.0-test");
    std::ofstream(image, std::ios::trunc) << "something else";
    EXPECT_EQ(kernel_release(image), "unknown");
    EXPECT_EQ(kernel_release("/nonexistent"), "unknown");
}

}  // namespace
}  // namespace ordeal
