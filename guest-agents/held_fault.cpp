#include "guest-agents/held_fault.hpp"

#include "core/fd.hpp"
#include "guest-agents/system_failure.hpp"

#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace ordeal::agent {
namespace {

using namespace std::chrono_literals;

constexpr Duration default_hold = 60s;
constexpr int let_go_limit_ms = 2000;

void set_oom_score(std::string_view score) {
    const Fd file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    if (file && ::write(file.get(), score.data(), score.size()) < 0) {
        return;  // the kernel then chooses as it likes
    }
}

std::unique_ptr<HeldFault> make_fault(const Order& order) {
    for (const auto make : {make_agent_fault,
                            make_clock_fault,
                            make_disk_fault,
                            make_load_fault,
                            make_service_fault}) {
        if (auto made = make(order)) {
            return made;
        }
    }
    return nullptr;
}

void answer(const Status& status) {
    const auto line = (status ? "" : status.error().text()) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) {
        return;  // nobody listens
    }
}

/// The agent closes its end once its own answer is on its way.
void wait_until_let_go() {
    pollfd output{STDOUT_FILENO, 0, 0};
    ::poll(&output, 1, let_go_limit_ms);
}

void hold(Duration at_most) {
    sigset_t ending;
    ::sigemptyset(&ending);
    ::sigaddset(&ending, SIGTERM);
    const auto ns = at_most.count();
    const timespec limit{ns / 1'000'000'000, ns % 1'000'000'000};
    while (::sigtimedwait(&ending, nullptr, &limit) < 0 && errno == EINTR) {
    }
}

}  // namespace

std::string Order::text(std::string_view name, std::string fallback) const {
    const auto found = params.find(name);
    return found == params.end() ? std::move(fallback) : found->second;
}

std::int64_t Order::number(std::string_view name, std::int64_t fallback) const {
    const auto word = text(name);
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    const bool sound = error == std::errc() && end == word.data() + word.size();
    return sound ? value : fallback;
}

Result<Order> parse_order(std::span<const std::string> words) {
    if (words.empty()) {
        return fail(ErrorKind::usage, "read a helper's order", "it names no fault");
    }
    Order order{.kind = words[0]};
    for (const auto& word : words.subspan(1)) {
        const auto equals = word.find('=');
        if (equals == std::string::npos || equals == 0) {
            return fail(ErrorKind::usage, "read a helper's order", "not NAME=VALUE: " + word);
        }
        order.params.emplace(word.substr(0, equals), word.substr(equals + 1));
    }
    return order;
}

Workers::~Workers() {
    kill();
}

Status Workers::add(void (*work)(const Order&), const Order& order) {
    const auto pid = ::fork();
    if (pid < 0) {
        return system_failure("start a worker");
    }
    if (pid == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        set_oom_score("1000");
        work(order);
        ::_exit(1);
    }
    pids_.push_back(pid);
    return ok();
}

void Workers::kill() {
    for (const auto pid : pids_) {
        ::kill(pid, SIGKILL);
    }
    for (const auto pid : pids_) {
        ::waitpid(pid, nullptr, 0);
    }
    pids_.clear();
}

int run_helper(std::span<const std::string> words) {
    const auto order = parse_order(words);
    const auto fault = order ? make_fault(*order) : nullptr;
    if (!fault) {
        answer(order ? fail(ErrorKind::usage, "make the fault " + order->kind, "no such fault")
                     : order.error());
        return 2;
    }
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::sigprocmask(SIG_BLOCK, &blocked, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    set_oom_score("-1000");
    (void)::mlockall(MCL_CURRENT);
    if (fault->silences()) {
        answer(ok());
        wait_until_let_go();
    }
    const auto begun = fault->begin();
    if (!fault->silences()) {
        answer(begun);
    }
    if (!begun) {
        return 1;
    }
    hold(Duration(order->number("at_most", default_hold.count())));
    fault->end();
    return 0;
}

}  // namespace ordeal::agent
