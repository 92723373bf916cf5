#include "verifier/crash/referee.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ordeal::verifier::crash {
namespace {

constexpr Duration deadline = std::chrono::minutes(2);
constexpr std::size_t words_kept = 600;

std::vector<std::string> checker_of(const std::string& filesystem, std::string image) {
    if (filesystem == "xfs") {
        return {"xfs_repair", "-n", "-f", std::move(image)};
    }
    if (filesystem == "btrfs") {
        return {"btrfs", "check", std::move(image)};
    }
    return {"e2fsck", "-fn", std::move(image)};
}

}  // namespace

Referee::Referee(Tools& tools, std::filesystem::path directory, std::string name)
    : tools_(tools), image_(std::move(directory) / std::move(name)) {}

Referee::~Referee() {
    if (fd_ >= 0) {
        ::close(fd_);
        ::unlink(image_.c_str());
    }
}

Status Referee::failed() const {
    return fail(
        ErrorKind::unavailable, "write " + image_.string(), std::system_category().message(errno));
}

Status Referee::open(std::uint64_t size) {
    fd_ = ::open(image_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd_ < 0 || ::ftruncate(fd_, static_cast<off_t>(size)) != 0) {
        return failed();
    }
    written_.assign(size / sector_size, 0);
    chunks_.assign((written_.size() + BaseImage::chunk - 1) / BaseImage::chunk, 0);
    return see_what_is_there();
}

/// Takes stock of the file: e2fsck itself may have written to it.
Status Referee::see_what_is_there() {
    std::vector<std::byte> bytes(BaseImage::chunk * sector_size);
    const std::vector<std::byte> hole_bytes(bytes.size());
    const auto zero = stamp_of(hole_bytes.data());
    for (std::uint64_t index = 0; index < chunks_.size(); ++index) {
        const auto first = index * BaseImage::chunk;
        const auto end = std::min<std::uint64_t>(first + BaseImage::chunk, written_.size());
        const auto part = std::span(bytes).first((end - first) * sector_size);
        if (::pread(fd_, part.data(), part.size(), static_cast<off_t>(first * sector_size)) !=
            static_cast<ssize_t>(part.size())) {
            return failed();
        }
        const bool hole = std::memcmp(part.data(), hole_bytes.data(), part.size()) == 0;
        chunks_[index] = 0;
        for (auto number = first; number < end; ++number) {
            const auto* sector = part.data() + (number - first) * sector_size;
            written_[number] = hole ? zero : stamp_of(sector);
            chunks_[index] += placed(written_[number], number);
        }
    }
    return ok();
}

Status Referee::write(ImageView& view) {
    if (fd_ < 0) {
        if (auto opened = open(view.size()); !opened) {
            return opened;
        }
    }
    for (std::uint64_t index = 0; index < chunks_.size(); ++index) {
        const auto first = index * BaseImage::chunk;
        const auto count = std::min<std::uint64_t>(BaseImage::chunk, view.sectors() - first);
        const auto stamp = view.stamp(first, count);
        if (stamp == chunks_[index]) {
            continue;
        }
        if (auto done = write_chunk(view, index); !done) {
            return done;
        }
        chunks_[index] = stamp;
    }
    return ok();
}

Status Referee::write_chunk(ImageView& view, std::uint64_t index) {
    const auto first = index * BaseImage::chunk;
    const auto end = std::min(first + BaseImage::chunk, view.sectors());
    for (auto number = first; number < end; ++number) {
        const auto stamp = view.stamp_of_sector(number);
        if (stamp == written_[number]) {
            continue;
        }
        if (::pwrite(
                fd_, view.sector(number), sector_size, static_cast<off_t>(number * sector_size)) !=
            static_cast<ssize_t>(sector_size)) {
            return failed();
        }
        written_[number] = stamp;
    }
    return ok();
}

Result<Ruling> Referee::check() {
    if (!server_tried_) {
        server_tried_ = true;
        server_ = FsckServer::start(image_);
    }
    if (server_ != nullptr) {
        const auto code = server_->check(deadline);
        if (code == 0) {
            return Ruling{true, {}};
        }
        if (!code) {
            server_.reset();
        }
    }
    return check_with_words();
}

Result<Ruling> Referee::check_with_words() {
    auto done = tools_.run({"e2fsck", "-fn", image_.string()}, deadline);
    if (!done) {
        return done.error();
    }
    Ruling ruling{done->exit_code == 0, done->out};
    ruling.words.resize(std::min(ruling.words.size(), words_kept));
    return ruling;
}

Result<Ruling> Referee::rule_recovered(ImageView& view) {
    if (auto written = write(view); !written) {
        return written.error();
    }
    return check();
}

Result<Ruling> Referee::rule_by_kernel(ImageView& view, const std::string& filesystem) {
    if (auto written = write(view); !written) {
        return written.error();
    }
    const auto place = image_.string() + ".mount";
    std::error_code ignored;
    std::filesystem::create_directory(place, ignored);
    auto done = tools_.run({"unshare",
                            "--mount",
                            "sh",
                            "-c",
                            R"(mount -t "$0" -o loop "$1" "$2" && umount "$2")",
                            filesystem,
                            image_.string(),
                            place},
                           deadline);
    std::filesystem::remove(place, ignored);
    if (done && done->exit_code == 0) {
        done = tools_.run(checker_of(filesystem, image_.string()), deadline);
    }
    if (auto seen = see_what_is_there(); !seen) {
        return seen.error();
    }
    if (!done) {
        return done.error();
    }
    Ruling ruling{done->exit_code == 0, done->out + done->err};
    ruling.words.resize(std::min(ruling.words.size(), words_kept));
    return ruling;
}

Result<Ruling> Referee::rule_raw(ImageView& view) {
    if (auto written = write(view); !written) {
        return written.error();
    }
    const auto replayed =
        tools_.run({"e2fsck", "-p", "-E", "journal_only", image_.string()}, deadline);
    if (!replayed) {
        return replayed.error();
    }
    if (auto seen = see_what_is_there(); !seen) {
        return seen.error();
    }
    return check();
}

}  // namespace ordeal::verifier::crash
