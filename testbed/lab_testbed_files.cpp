#include "testbed/lab_testbed_files.hpp"

#include "core/fd.hpp"
#include "core/wire_epoch.hpp"
#include "testbed/data_disk.hpp"
#include "testbed/lab/files.hpp"
#include "testbed/process.hpp"
#include "testbed/wait.hpp"

#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <system_error>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr auto copy_deadline = 120s;

bool locked(int file) {
    struct flock lock {};

    lock.l_type = F_WRLCK;
    lock.l_whence = SEEK_SET;
    return ::fcntl(file, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace

Status make_domain_files(const DomainSpec& spec,
                         const DomainPlace& place,
                         const fs::path& socket,
                         const std::string& xml) {
    Status made = make_directory(place.directory);
    made = made ? make_directory(socket.parent_path()) : made;
    made = made ? write_file(place.directory / (spec.name + ".xml"), xml) : made;
    made = made ? write_file(place.console, "") : made;
    for (std::size_t i = 0; made && i < spec.disks.size(); ++i) {
        const auto& disk = spec.disks[i];
        made = make_data_disk(
            place.disks.at(i).image,
            disk.size,
            disk.filesystem,
            {.sector = disk.sector, .unused = disk.epoch ? Bytes{epoch::reserved} : Bytes{}});
    }
    return made;
}

Status copy_unused_image(const fs::path& image, const fs::path& destination, Duration patience) {
    const auto tried = "copy " + image.string();
    const Fd file(::open(image.c_str(), O_RDWR | O_CLOEXEC));
    if (!file) {
        return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable,
                    tried,
                    std::system_category().message(errno));
    }
    if (!wait_until(patience, [&] { return !locked(file.get()); })) {
        return fail(ErrorKind::refused, tried, "a QEMU has it open");
    }
    const auto copied =
        run_or_fail({"cp", "--sparse=auto", "--reflink=auto", image.string(), destination.string()},
                    {.deadline = copy_deadline});
    return copied ? ok() : Status(copied.error());
}

std::string kernel_release(const fs::path& image) {
    constexpr std::uint64_t magic_at = 0x202;  // "HdrS"
    constexpr std::uint64_t pointer_at = 0x20e;
    constexpr std::uint64_t pointer_base = 0x200;
    std::ifstream file(image, std::ios::binary);
    std::array<char, 4> magic{};
    std::array<char, 2> pointer{};
    file.seekg(magic_at).read(magic.data(), magic.size());
    file.seekg(pointer_at).read(pointer.data(), pointer.size());
    std::uint16_t offset = 0;
    std::memcpy(&offset, pointer.data(), sizeof offset);
    std::string release;
    file.seekg(static_cast<std::streamoff>(pointer_base + offset));
    if (std::string_view(magic.data(), magic.size()) != "HdrS" || !(file >> release)) {
        return "unknown";
    }
    return release;
}

}  // namespace ordeal
