#include "guest-agents/agent.hpp"
#include "guest-agents/epoch.hpp"
#include "guest-agents/held_fault.hpp"
#include "guest-agents/helpers.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <charconv>
#include <cstdio>
#include <getopt.h>
#include <optional>
#include <string>
#include <string_view>
#include <sys/mman.h>

namespace {

using namespace std::chrono_literals;

constexpr auto usage =
    R"(usage: ordeal-agent [options]

Serves the controller over the virtio-serial port org.ordeal.agent.0.

  --port PATH      another character device, or a unix socket to connect to
  --listen PATH    make a unix socket there and serve who connects, one at a time
  --udp ADDR:PORT  send the heartbeat there as well (IPv4)
  --interval MS    milliseconds between heartbeats (1 to 60000; default 100)
  --permit LIST    faults that may be made here, with commas between: panic,agent_kill or all
  --epoch DEVICE   keep the epoch block at the end of this disk
  --version
)";

template <class T>
bool parse_number(std::string_view text, T least, T most, T& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size() && number >= least &&
           number <= most;
}

bool parse_address(std::string_view text, sockaddr_in& address) {
    const auto colon = text.rfind(':');
    std::uint16_t port = 0;
    if (colon == std::string_view::npos ||
        !parse_number<std::uint16_t>(text.substr(colon + 1), 1, UINT16_MAX, port)) {
        return false;
    }
    address = {};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    return ::inet_pton(AF_INET, std::string(text.substr(0, colon)).c_str(), &address.sin_addr) == 1;
}

std::vector<std::string> split(std::string_view list) {
    std::vector<std::string> parts;
    while (!list.empty()) {
        const auto end = std::min(list.find(','), list.size());
        parts.emplace_back(list.substr(0, end));
        list.remove_prefix(std::min(end + 1, list.size()));
    }
    return parts;
}

/// Reads one option; false when its value makes no sense.
bool accept(int option,
            std::string_view value,
            ordeal::agent::Options& options,
            std::string& epoch) {
    int milliseconds = 0;
    switch (option) {
        case 'p':
            options.port = value;
            return true;
        case 'l':
            options.listen = value;
            return !value.empty();
        case 'u':
            return parse_address(value, options.udp.emplace());
        case 'i':
            if (!parse_number(value, 1, 60000, milliseconds)) {
                return false;
            }
            options.interval = std::chrono::milliseconds(milliseconds);
            return true;
        case 'f':
            options.permitted = split(value);
            return true;
        case 'e':
            epoch = value;
            return true;
        default:
            return false;
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1 && argv[1] == ordeal::agent::helper_option) {
        return ordeal::agent::run_helper(std::vector<std::string>(argv + 2, argv + argc));
    }
    ordeal::agent::Options options{{}, {}, {}, 100ms, {}};
    const option names[] = {{"port", required_argument, nullptr, 'p'},
                            {"listen", required_argument, nullptr, 'l'},
                            {"udp", required_argument, nullptr, 'u'},
                            {"interval", required_argument, nullptr, 'i'},
                            {"permit", required_argument, nullptr, 'f'},
                            {"epoch", required_argument, nullptr, 'e'},
                            {"version", no_argument, nullptr, 'v'},
                            {"help", no_argument, nullptr, 'h'},
                            {nullptr, 0, nullptr, 0}};
    std::string epoch;
    for (int choice = 0; (choice = ::getopt_long(argc, argv, "", names, nullptr)) != -1;) {
        if (choice == 'v' || choice == 'h') {
            std::puts(choice == 'v' ? ORDEAL_VERSION : usage);
            return 0;
        }
        if (!accept(choice, optarg == nullptr ? "" : optarg, options, epoch)) {
            std::fputs(usage, stderr);
            return 2;
        }
    }
    if (optind != argc) {
        std::fputs(usage, stderr);
        return 2;
    }
    // A heartbeat must not wait for a page of the program while the disk hangs. Without the right
    // to lock memory the agent works all the same.
    (void)::mlockall(MCL_CURRENT);
    (void)::mlockall(MCL_FUTURE | MCL_ONFAULT);
    std::optional<ordeal::agent::EpochKeeper> keeper;
    if (!epoch.empty()) {
        keeper.emplace(epoch);
    }
    ordeal::agent::Agent(std::move(options)).run();
}
