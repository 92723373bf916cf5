#include "testbed/process.hpp"

#include "testbed/launch.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <span>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <system_error>

namespace ordeal {
namespace {

using Clock = std::chrono::steady_clock;

std::string errno_text() {
    return std::system_category().message(errno);
}

/// A descriptor that becomes readable when stop is requested.
class StopEvent {
  public:
    explicit StopEvent(const std::stop_token& stop)
        : event_(::eventfd(0, EFD_CLOEXEC)), callback_(stop, Raise{event_.get()}) {}

    [[nodiscard]] int fd() const { return event_.get(); }

  private:
    struct Raise {
        int fd;

        void operator()() const { ::eventfd_write(fd, 1); }
    };

    Fd event_;
    std::stop_callback<Raise> callback_;
};

/// poll() until something is ready (true) or the deadline has passed (false).
bool ready(std::span<pollfd> watched, Clock::time_point deadline) {
    for (;;) {
        const auto left = deadline - Clock::now();
        const auto span = std::max<Duration>(left, Duration::zero());
        const timespec wait{static_cast<time_t>(span.count() / 1'000'000'000),
                            static_cast<long>(span.count() % 1'000'000'000)};
        const int count = ::ppoll(watched.data(), watched.size(), &wait, nullptr);
        if (count > 0) {
            return true;
        }
        if (count == 0) {
            return false;
        }
        // EINTR: look at the clock and go on.
    }
}

enum class Woken { ended, stopped, deadline };

Woken await_end(int pidfd, Clock::time_point deadline, const std::stop_token& stop) {
    const StopEvent stopping(stop);
    std::array<pollfd, 2> watched{pollfd{pidfd, POLLIN, 0}, pollfd{stopping.fd(), POLLIN, 0}};
    if (!ready(watched, deadline)) {
        return Woken::deadline;
    }
    return watched[0].revents != 0 ? Woken::ended : Woken::stopped;
}

Exit reap(pid_t pid) {
    int status = 0;
    while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFSIGNALED(status) ? Exit{0, WTERMSIG(status)} : Exit{WEXITSTATUS(status), 0};
}

/// What comes out of one stream of a program: the first `limit` bytes, and whether there was more.
struct Stream {
    Fd end;
    std::string text;
    std::size_t limit;
    bool truncated = false;

    /// Takes what is there now; closes at the end of the file.
    void drain() {
        std::array<char, 65536> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init)
        while (end) {
            const auto count = ::read(end.get(), buffer.data(), buffer.size());
            if (count < 0 && errno == EINTR) {
                continue;
            }
            if (count < 0 && errno == EAGAIN) {
                return;
            }
            if (count <= 0) {
                end.reset();
                return;
            }
            const auto kept = std::min(static_cast<std::size_t>(count), limit - text.size());
            text.append(buffer.data(), kept);
            truncated = truncated || kept < static_cast<std::size_t>(count);
        }
    }
};

/// Opens the pipe of one stream; the writing end goes to the program.
Result<Fd> open_pipe(Stream& stream) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(ErrorKind::unavailable, "open a pipe", errno_text());
    }
    stream.end = Fd(ends[0]);
    Fd writer(ends[1]);
    ::fcntl(stream.end.get(), F_SETFL, O_NONBLOCK);
    return writer;
}

/// Stdin from memory: no thread to feed it and no SIGPIPE when the program does not read it.
Result<Fd> open_input(const std::string& text) {
    if (text.empty()) {
        return Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    Fd memory(::memfd_create("stdin", MFD_CLOEXEC));
    std::size_t written = 0;
    while (memory && written < text.size()) {
        const auto count = ::write(memory.get(), text.data() + written, text.size() - written);
        if (count < 0 && errno != EINTR) {
            return fail(ErrorKind::unavailable, "keep the input of a program", errno_text());
        }
        written += count > 0 ? static_cast<std::size_t>(count) : 0;
    }
    if (!memory || ::lseek(memory.get(), 0, SEEK_SET) != 0) {
        return fail(ErrorKind::unavailable, "keep the input of a program", errno_text());
    }
    return memory;
}

/// Reads both streams until the program ends, stop is requested or the deadline passes.
Woken collect(int pidfd, Stream& out, Stream& err, Clock::time_point deadline, int stop) {
    for (;;) {
        std::array<pollfd, 4> watched{pollfd{pidfd, POLLIN, 0},
                                      pollfd{out.end.get(), POLLIN, 0},
                                      pollfd{err.end.get(), POLLIN, 0},
                                      pollfd{stop, POLLIN, 0}};
        if (!ready(watched, deadline)) {
            return Woken::deadline;
        }
        out.drain();
        err.drain();
        if (watched[0].revents != 0) {
            return Woken::ended;
        }
        if (watched[3].revents != 0) {
            return Woken::stopped;
        }
    }
}

std::string last_words(const std::string& text) {
    constexpr std::size_t enough = 500;
    const auto end = text.find_last_not_of(" \t\r\n");
    const auto trimmed = end == std::string::npos ? std::string() : text.substr(0, end + 1);
    return trimmed.size() > enough ? "…" + trimmed.substr(trimmed.size() - enough) : trimmed;
}

}  // namespace

std::string Exit::text() const {
    if (signal == 0) {
        return "exit code " + std::to_string(code);
    }
    const char* name = ::sigabbrev_np(signal);
    return "killed by signal " + std::to_string(signal) +
           (name == nullptr ? "" : " (" + std::string(name) + ")");
}

std::string to_text(const Argv& argv) {
    std::string line;
    for (const auto& word : argv) {
        const bool plain = !word.empty() &&
                           word.find_first_of(" \t\n\"'\\$`*?[]{}()<>|&;#~!") == std::string::npos;
        line += (line.empty() ? "" : " ") + (plain ? word : "'" + word + "'");
    }
    return line;
}

Result<Output> run(const Argv& argv, const RunOptions& options) {
    const auto start = Clock::now();
    const auto limit = static_cast<std::size_t>(options.output_limit.count);
    Stream out{{}, {}, limit};
    Stream err{{}, {}, limit};
    auto out_writer = open_pipe(out);
    auto err_writer = open_pipe(err);
    auto input = open_input(options.input);
    for (const auto* opened : {&out_writer, &err_writer, &input}) {
        if (!*opened) {
            return opened->error();
        }
    }
    auto launched = launch(argv,
                           {options.env,
                            options.cwd,
                            options.inside,
                            {input->get(), out_writer->get(), err_writer->get()}});
    if (!launched) {
        return launched.error();
    }
    out_writer->reset();
    err_writer->reset();
    const StopEvent stopping(options.stop);
    const auto woken =
        collect(launched->pidfd.get(), out, err, start + options.deadline, stopping.fd());
    if (woken != Woken::ended || options.background == Background::killed) {
        // Before reaping: as long as the leader is a zombie its group id cannot be anybody else's.
        ::kill(-launched->pid, SIGKILL);
    }
    const auto exit = reap(launched->pid);
    out.drain();
    err.drain();
    if (woken == Woken::deadline) {
        return fail(ErrorKind::timeout,
                    "run " + to_text(argv),
                    "not finished in " + to_text(options.deadline) +
                        (err.text.empty() ? "" : ": " + last_words(err.text)));
    }
    if (woken == Woken::stopped) {
        return fail(ErrorKind::unavailable, "run " + to_text(argv), "stopped on request");
    }
    return Output{exit,
                  std::move(out.text),
                  std::move(err.text),
                  out.truncated || err.truncated,
                  Clock::now() - start};
}

Result<std::string> run_or_fail(const Argv& argv, const RunOptions& options) {
    auto output = run(argv, options);
    if (!output) {
        return output.error();
    }
    if (!output->exit.success()) {
        const auto words = last_words(output->err.empty() ? output->out : output->err);
        return fail(ErrorKind::unavailable,
                    "run " + to_text(argv),
                    output->exit.text() + (words.empty() ? "" : ": " + words));
    }
    return std::move(output->out);
}

Result<Child> Child::spawn(const Argv& argv, ChildOptions options) {
    const auto log = options.log.empty() ? std::filesystem::path("/dev/null") : options.log;
    const Fd output(::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!output) {
        return fail(ErrorKind::unavailable, "open " + log.string(), errno_text());
    }
    if (!options.input) {
        options.input = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    }
    auto launched = launch(argv,
                           {options.env,
                            options.cwd,
                            options.inside,
                            {options.input.get(), output.get(), output.get()}});
    if (!launched) {
        return launched.error();
    }
    return Child(launched->pid, std::move(launched->pidfd));
}

Child::Child(Child&& other) noexcept
    : pid_(other.pid_), pidfd_(std::move(other.pidfd_)), exit_(other.exit_) {}

Child& Child::operator=(Child&& other) noexcept {
    if (this != &other) {
        kill_now();
        pid_ = other.pid_;
        pidfd_ = std::move(other.pidfd_);
        exit_ = other.exit_;
    }
    return *this;
}

Child::~Child() {
    kill_now();
}

void Child::kill_now() noexcept {
    if (pidfd_) {
        ::kill(-pid_, SIGKILL);
        exit_ = reap(pid_);
        pidfd_.reset();
    }
}

bool Child::alive() const {
    std::array<pollfd, 1> watched{pollfd{pidfd_.get(), POLLIN, 0}};
    return pidfd_ && !ready(watched, Clock::now());
}

Result<Exit> Child::wait(Duration deadline, const std::stop_token& stop) {
    if (exit_) {
        return *exit_;
    }
    const auto tried = "wait for process " + std::to_string(pid_);
    if (!pidfd_) {
        return fail(ErrorKind::internal, tried, "not ours any more");
    }
    switch (await_end(pidfd_.get(), Clock::now() + deadline, stop)) {
        case Woken::deadline:
            return fail(ErrorKind::timeout, tried, "still runs after " + to_text(deadline));
        case Woken::stopped:
            return fail(ErrorKind::unavailable, tried, "stopped on request");
        case Woken::ended:
            break;
    }
    kill_now();  // the rest of its group, then reap
    return *exit_;
}

Result<Exit> Child::stop(Duration patience) {
    if (pidfd_) {
        ::kill(-pid_, SIGTERM);
        if (auto ended = wait(patience); ended) {
            return ended;
        }
    }
    kill_now();
    return exit_ ? Result<Exit>(*exit_)
                 : fail(ErrorKind::internal, "stop a process", "not ours any more");
}

void Child::release() {
    pidfd_.reset();
}

}  // namespace ordeal
