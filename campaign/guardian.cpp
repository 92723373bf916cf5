#include "campaign/guardian.hpp"

#include "core/read_file.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <poll.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace ordeal {
namespace {

constexpr char bye_byte = 'b';
constexpr Duration start_deadline = std::chrono::seconds(5);
constexpr Duration end_deadline = std::chrono::seconds(5);
constexpr Duration between_attempts = std::chrono::milliseconds(250);

bool says_ready(const std::filesystem::path& log) {
    return read_file(log).find(guardian_ready) != std::string::npos;
}

/// True: the controller said bye. False: it died.
bool wait_for_end_of(int alive_fd) {
    char byte = 0;
    while (true) {
        const auto got = ::read(alive_fd, &byte, 1);
        if (got == 1 && byte == bye_byte) {
            return true;
        }
        if (got == 0 || (got < 0 && errno != EINTR)) {
            return false;
        }
    }
}

void tell(const RollbackReport& report, const std::function<void(const std::string&)>& say) {
    for (const auto& item : report.items) {
        say(std::string(item.undone ? "undone: " : "LEFT: ") + item.what + ": " + item.answer);
    }
    if (report.damaged > 0) {
        say("LEFT: " + std::to_string(report.damaged) + " unreadable lines of the journal");
    }
}

}  // namespace

Result<Guardian> Guardian::start(const std::vector<std::string>& command,
                                 const std::filesystem::path& log) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        return fail(ErrorKind::unavailable,
                    "make the guardian's pipe",
                    std::system_category().message(errno));
    }
    Fd reading(ends[0]);
    Fd writing(ends[1]);
    auto child = Child::spawn(command, {.log = log, .input = std::move(reading)});
    if (!child) {
        return child.error();
    }
    const auto deadline = std::chrono::steady_clock::now() + start_deadline;
    while (!says_ready(log)) {
        if (!child->alive() || std::chrono::steady_clock::now() > deadline) {
            return fail(ErrorKind::unavailable,
                        "start the guardian",
                        "it does not watch; see " + log.string(),
                        "nothing was injected");
        }
        ::poll(nullptr, 0, 2);
    }
    return Guardian(std::move(*child), std::move(writing));
}

Guardian::~Guardian() {
    if (alive_) {
        child_.release();  // it has work to do now and must outlive us
    }
}

Status Guardian::bye() {
    if (::write(alive_.get(), &bye_byte, 1) != 1) {
        return fail(
            ErrorKind::unavailable, "dismiss the guardian", std::system_category().message(errno));
    }
    alive_ = Fd();
    auto exit = child_.wait(end_deadline);
    if (!exit) {
        return exit.error();
    }
    return exit->success()
               ? ok()
               : Status(fail(ErrorKind::internal, "dismiss the guardian", exit->text()));
}

// NOLINTNEXTLINE(readability-function-size): the process's whole world, given once
Watch guard(int alive_fd,
            const std::filesystem::path& journal,
            Scheduler& scheduler,
            const RollbackWorld& world,
            const std::function<void(const std::string&)>& say,
            int attempts) {
    say(guardian_ready);
    if (wait_for_end_of(alive_fd)) {
        return Watch::dismissed;
    }
    say("guardian: the controller is gone; rolling back " + journal.string());
    for (int attempt = 0; attempt < attempts; ++attempt) {
        const auto report = roll_back(journal, scheduler, world);
        if (!report) {
            say("rollback: " + report.error().text());
        } else {
            tell(*report, say);
            if (!report->residue()) {
                say("guardian: nothing is left");
                return Watch::rolled_back;
            }
        }
        scheduler.wait_for(between_attempts, never_stopped);
    }
    say("guardian: something is left; run `ordeal rollback`");
    return Watch::residue;
}

}  // namespace ordeal
