#include "cli/signals.hpp"

#include <array>
#include <csignal>
#include <cstring>
#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace ordeal::cli {
namespace {

sigset_t stopping_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        sigaddset(&set, signal);
    }
    return set;
}

}  // namespace

SignalStop::SignalStop(std::function<void(const std::string&)> say) : say_(std::move(say)) {
    const sigset_t set = stopping_signals();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    signals_ = Fd(::signalfd(-1, &set, SFD_CLOEXEC));
    ended_ = Fd(::eventfd(0, EFD_CLOEXEC));
    thread_ = std::thread([this] { watch(); });
}

SignalStop::~SignalStop() {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(ended_.get(), &one, sizeof one));
    thread_.join();
    const sigset_t set = stopping_signals();
    pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void SignalStop::watch() {
    while (true) {
        std::array<pollfd, 2> doors{pollfd{signals_.get(), POLLIN, 0},
                                    pollfd{ended_.get(), POLLIN, 0}};
        if (::poll(doors.data(), doors.size(), -1) < 0) {
            continue;
        }
        if ((doors[1].revents & POLLIN) != 0) {
            return;
        }
        signalfd_siginfo info{};
        if (::read(signals_.get(), &info, sizeof info) != sizeof info) {
            continue;
        }
        const int number = static_cast<int>(info.ssi_signo);
        int none = 0;
        if (signal_.compare_exchange_strong(none, number)) {
            say_("Stopping: faults are healed and domains removed; finished verdicts are kept.");
            stop_.request_stop();
        } else {
            say_("Still undoing; it has deadlines and will end. A kill leaves it to the guardian.");
        }
    }
}

}  // namespace ordeal::cli
