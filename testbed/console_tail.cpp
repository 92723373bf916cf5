#include "testbed/console_tail.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace ordeal {
namespace {

constexpr std::size_t longest_line = 4096;

Error system_failure(const std::string& tried) {
    return fail(errno == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable,
                tried,
                std::system_category().message(errno));
}

}  // namespace

Result<std::unique_ptr<ConsoleTail>> ConsoleTail::follow(const std::filesystem::path& file,
                                                         Sink sink) {
    const auto tried = "follow the console " + file.string();
    Fd opened(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
    if (!opened) {
        return system_failure(tried);
    }
    Fd changes(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    Fd wake(::eventfd(0, EFD_CLOEXEC));
    if (!changes || !wake || ::inotify_add_watch(changes.get(), file.c_str(), IN_MODIFY) < 0) {
        return system_failure(tried);
    }
    return std::unique_ptr<ConsoleTail>(
        new ConsoleTail(std::move(opened), std::move(changes), std::move(wake), std::move(sink)));
}

ConsoleTail::ConsoleTail(Fd file, Fd changes, Fd wake, Sink sink)
    : file_(std::move(file)),
      changes_(std::move(changes)),
      wake_(std::move(wake)),
      sink_(std::move(sink)) {
    thread_ = std::jthread([this](const std::stop_token& stop) { read_until_stopped(stop); });
}

ConsoleTail::~ConsoleTail() {
    thread_.request_stop();
    ::eventfd_write(wake_.get(), 1);
}

void ConsoleTail::read_until_stopped(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        read_new();
        std::array polled{pollfd{changes_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
        ::poll(polled.data(), polled.size(), -1);
        // What changed does not matter, only that something did.
        std::array<char, 4096> events{};
        while (::read(changes_.get(), events.data(), events.size()) > 0) {
        }
    }
}

void ConsoleTail::read_new() {
    struct stat status {};

    const auto offset = ::lseek(file_.get(), 0, SEEK_CUR);
    if (::fstat(file_.get(), &status) == 0 && status.st_size < offset) {
        ::lseek(file_.get(), 0, SEEK_SET);
        line_.clear();
    }
    std::array<char, 16384> bytes{};
    for (;;) {
        const auto count = ::read(file_.get(), bytes.data(), bytes.size());
        if (count <= 0) {
            return;
        }
        for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) {
            take(bytes[i]);
        }
    }
}

void ConsoleTail::take(char character) {
    const bool printable = static_cast<unsigned char>(character) >= ' ' || character == '\t';
    if (printable) {
        line_ += character;
    }
    if ((character == '\n' && !line_.empty()) || line_.size() == longest_line) {
        sink_(std::chrono::steady_clock::now(), line_);
        line_.clear();
    }
}

}  // namespace ordeal
