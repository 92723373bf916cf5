// Faults of the agent itself and of the guest's network card.
#include "core/fd.hpp"
#include "guest-agents/held_fault.hpp"
#include "guest-agents/system_failure.hpp"

#include <algorithm>
#include <csignal>
#include <cstring>
#include <fstream>
#include <iterator>
#include <net/if.h>
#include <net/route.h>
#include <netinet/in.h>
#include <sstream>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <utility>
#include <vector>

namespace ordeal::agent {
namespace {

class AgentStop final : public HeldFault {
  public:
    explicit AgentStop(const Order& order) : agent_(static_cast<pid_t>(order.number("agent", 0))) {}

    Status begin() override {
        return agent_ > 1 && ::kill(agent_, SIGSTOP) == 0
                   ? ok()
                   : Status(system_failure("stop the agent"));
    }

    void end() override { ::kill(agent_, SIGCONT); }

    [[nodiscard]] bool silences() const override { return true; }

  private:
    pid_t agent_;
};

/// Ends the agent, and becomes the next one when it is told to end.
class AgentKill final : public HeldFault {
  public:
    explicit AgentKill(const Order& order)
        : agent_(static_cast<pid_t>(order.number("agent", 0))),
          again_(order.number("at_most", 0) > 0) {}

    Status begin() override {
        std::ifstream file("/proc/" + std::to_string(agent_) + "/cmdline", std::ios::binary);
        std::string word;
        while (std::getline(file, word, '\0')) {
            words_.push_back(word);
        }
        if (agent_ <= 1 || words_.empty() || ::kill(agent_, SIGKILL) != 0) {
            return system_failure("kill the agent");
        }
        return ok();
    }

    void end() override {
        if (!again_) {
            return;
        }
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::dup2(STDERR_FILENO, STDOUT_FILENO);
        std::vector<char*> argv;
        for (auto& word : words_) {
            argv.push_back(word.data());
        }
        argv.push_back(nullptr);
        ::execv("/proc/self/exe", argv.data());
    }

    [[nodiscard]] bool silences() const override { return true; }

  private:
    pid_t agent_;
    bool again_;
    std::vector<std::string> words_;
};

/// The card goes down by the guest's own order; what it was reached by beyond its own network is
/// forgotten by the kernel then, and put back at the end.
class LinkDown final : public HeldFault {
  public:
    explicit LinkDown(const Order& order)
        : card_(order.text("card", "eth0")),
          socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {}

    Status begin() override {
        remember_routes();
        return set(false);
    }

    void end() override {
        static_cast<void>(set(true));
        for (auto& route : routes_) {
            route.rt_dev = card_.data();
            ::ioctl(socket_.get(), SIOCADDRT, &route);
        }
    }

  private:
    Status set(bool up) {
        ifreq request{};
        std::ranges::copy(card_.substr(0, IFNAMSIZ - 1), std::begin(request.ifr_name));
        if (::ioctl(socket_.get(), SIOCGIFFLAGS, &request) != 0) {
            return system_failure("find " + card_);
        }
        const int flags = up ? request.ifr_flags | IFF_UP : request.ifr_flags & ~IFF_UP;
        request.ifr_flags = static_cast<short>(flags);
        return ::ioctl(socket_.get(), SIOCSIFFLAGS, &request) == 0
                   ? ok()
                   : Status(system_failure("set " + card_));
    }

    static sockaddr address(std::uint32_t number) {
        sockaddr_in internet{};
        internet.sin_family = AF_INET;
        internet.sin_addr.s_addr = number;
        sockaddr general{};
        std::memcpy(&general, &internet, sizeof general);
        return general;
    }

    /// /proc/net/route: name, destination, gateway, flags, three more, mask; in hexadecimal.
    void remember_routes() {
        std::ifstream file("/proc/net/route");
        std::string line;
        std::getline(file, line);
        while (std::getline(file, line)) {
            std::istringstream words(line);
            std::string name;
            std::uint32_t destination = 0;
            std::uint32_t gateway = 0;
            std::uint16_t flags = 0;
            std::uint32_t mask = 0;
            std::string skipped;
            words >> name >> std::hex >> destination >> gateway >> flags;
            words >> skipped >> skipped >> skipped >> std::hex >> mask;
            if (name == card_ && gateway != 0) {
                rtentry route{};
                route.rt_dst = address(destination);
                route.rt_gateway = address(gateway);
                route.rt_genmask = address(mask);
                route.rt_flags = flags;
                routes_.push_back(route);
            }
        }
    }

    std::string card_;
    Fd socket_;
    std::vector<rtentry> routes_;
};

}  // namespace

std::unique_ptr<HeldFault> make_agent_fault(const Order& order) {
    if (order.kind == "agent_stop") {
        return std::make_unique<AgentStop>(order);
    }
    if (order.kind == "agent_kill") {
        return std::make_unique<AgentKill>(order);
    }
    return order.kind == "link_down" ? std::make_unique<LinkDown>(order) : nullptr;
}

}  // namespace ordeal::agent
