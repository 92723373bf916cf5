#include "verifier/crash/referee.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

namespace ordeal::verifier::crash {
namespace {

constexpr Duration deadline = std::chrono::minutes(2);
constexpr std::size_t words_kept = 600;

}  // namespace

Referee::Referee(Tools& tools, std::filesystem::path directory, std::string name)
    : tools_(tools), image_(std::move(directory) / std::move(name)) {}

Referee::~Referee() {
    if (fd_ >= 0) {
        ::close(fd_);
        ::unlink(image_.c_str());
    }
}

Status Referee::write(ImageView& view) {
    const auto failed = [&] {
        return fail(ErrorKind::unavailable,
                    "write " + image_.string(),
                    std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
    };
    if (fd_ < 0) {
        fd_ = ::open(image_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
        static const std::array<std::byte, sector_size> zeroes{};
        if (fd_ < 0 || ::ftruncate(fd_, static_cast<off_t>(view.size())) != 0) {
            return failed();
        }
        written_.assign(view.sectors(), stamp_of(zeroes.data()));
    }
    for (std::uint64_t number = 0; number < view.sectors(); ++number) {
        const auto stamp = view.stamp_of_sector(number);
        if (stamp != written_[number]) {
            const auto at = static_cast<off_t>(number * sector_size);
            if (::pwrite(fd_, view.sector(number), sector_size, at) !=
                static_cast<ssize_t>(sector_size)) {
                return failed();
            }
            written_[number] = stamp;
        }
    }
    return ok();
}

Result<Ruling> Referee::check() {
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

Result<Ruling> Referee::rule_raw(ImageView& view) {
    if (auto written = write(view); !written) {
        return written.error();
    }
    std::ranges::fill(written_, Stamp{0});  // e2fsck writes to it
    const auto replayed =
        tools_.run({"e2fsck", "-p", "-E", "journal_only", image_.string()}, deadline);
    if (!replayed) {
        return replayed.error();
    }
    return check();
}

}  // namespace ordeal::verifier::crash
