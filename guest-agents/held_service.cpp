// Faults of a service of the guest: all processes of one name.
#include "guest-agents/held_fault.hpp"
#include "guest-agents/system_failure.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <system_error>
#include <utility>
#include <vector>

namespace ordeal::agent {
namespace {

namespace fs = std::filesystem;

/// The kernel keeps no more of a process's name, see proc(5).
constexpr std::size_t longest_name = 15;

std::vector<pid_t> processes_named(const std::string& name) {
    std::vector<pid_t> found;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
        const auto word = entry.path().filename().string();
        pid_t pid = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), pid);
        if (error != std::errc() || end != word.data() + word.size()) {
            continue;
        }
        std::ifstream file(entry.path() / "comm");
        std::string comm;
        if (std::getline(file, comm) && comm == name.substr(0, longest_name)) {
            found.push_back(pid);
        }
    }
    return found;
}

/// A signal for all of them, also for those that they start meanwhile.
class Signalled final : public HeldFault {
  public:
    Signalled(const Order& order, int signal) : name_(order.text("process")), signal_(signal) {}

    Status begin() override {
        constexpr int most_rounds = 100;
        for (int round = 0; round < most_rounds; ++round) {
            bool new_ones = false;
            for (const auto pid : processes_named(name_)) {
                if (std::ranges::find(signalled_, pid) != signalled_.end()) {
                    continue;
                }
                new_ones = true;
                if (::kill(pid, signal_) == 0) {
                    signalled_.push_back(pid);
                } else if (errno != ESRCH) {
                    return system_failure("signal " + name_);
                }
            }
            if (!new_ones) {
                break;
            }
        }
        if (signalled_.empty()) {
            return fail(ErrorKind::not_found, "signal " + name_, "no process has this name");
        }
        return ok();
    }

    void end() override {
        for (const auto pid : signal_ == SIGSTOP ? signalled_ : std::vector<pid_t>()) {
            ::kill(pid, SIGCONT);
        }
    }

  private:
    std::string name_;
    int signal_;
    std::vector<pid_t> signalled_;
};

}  // namespace

std::unique_ptr<HeldFault> make_service_fault(const Order& order) {
    if (order.kind == "service_hang") {
        return std::make_unique<Signalled>(order, SIGSTOP);
    }
    return order.kind == "service_kill" ? std::make_unique<Signalled>(order, SIGKILL) : nullptr;
}

}  // namespace ordeal::agent
