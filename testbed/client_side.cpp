#include "testbed/client_side.hpp"

#include "testbed/arp_ear.hpp"
#include "testbed/http_exchange.hpp"
#include "testbed/namespaces.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <list>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <system_error>
#include <thread>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

class HttpClient final : public ServiceClient {
  public:
    HttpClient(Fd wake,
               pid_t inside,
               const sockaddr_in& server,
               std::string question,
               const Scheduler& scheduler)
        : wake_(std::move(wake)),
          server_(server),
          question_(std::move(question)),
          scheduler_(scheduler) {
        thread_ = std::jthread([this, inside](const std::stop_token& stop) { run(inside, stop); });
    }

    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;

    ~HttpClient() override {
        thread_.request_stop();
        ::eventfd_write(wake_.get(), 1);
    }

    void send(Duration deadline) override {
        {
            const std::lock_guard lock(mutex_);
            wanted_.push_back(deadline);
        }
        ::eventfd_write(wake_.get(), 1);
    }

    std::vector<Request> ended() override {
        const std::lock_guard lock(mutex_);
        return std::exchange(ended_, {});
    }

  private:
    using Exchanges = std::list<HttpExchange>;

    void run(pid_t inside, const std::stop_token& stop) {
        if (inside != 0 && !enter_namespaces(inside, Namespaces::net)) {
            refuse_until(stop);
            return;
        }
        Exchanges open;
        while (!stop.stop_requested()) {
            wait(open);
            begin_wanted(open);
            collect(open);
        }
    }

    /// The network is gone, and all that is in it.
    void refuse_until(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            eventfd_t ignored = 0;
            ::eventfd_read(wake_.get(), &ignored);
            const auto now = scheduler_.now();
            const std::lock_guard lock(mutex_);
            for ([[maybe_unused]] const auto& deadline : std::exchange(wanted_, {})) {
                ended_.push_back(
                    {.sent = now, .ended = now, .server = {}, .failure = "no network"});
            }
        }
    }

    /// Until one of them can go on, the first deadline, or somebody wants something.
    void wait(Exchanges& open) {
        std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
        auto end = Instant::max();
        for (const auto& each : open) {
            polled.push_back({each.socket(), each.awaited(), 0});
            end = std::min(end, each.end());
        }
        const auto left = std::max(Duration{}, end - scheduler_.now());
        const auto patience =
            std::chrono::ceil<std::chrono::milliseconds>(std::min(left, Duration(1min)));
        ::poll(polled.data(), polled.size(), static_cast<int>(patience.count()));
        if (polled[0].revents != 0) {
            eventfd_t ignored = 0;
            ::eventfd_read(wake_.get(), &ignored);
        }
        std::size_t index = 1;
        for (auto& each : open) {
            each.go_on(polled[index++].revents != 0, scheduler_.now());
        }
    }

    void begin_wanted(Exchanges& open) {
        std::vector<Duration> wanted;
        {
            const std::lock_guard lock(mutex_);
            wanted.swap(wanted_);
        }
        for (const auto deadline : wanted) {
            const auto now = scheduler_.now();
            open.emplace_back(server_, question_, now, now + deadline);
        }
    }

    void collect(Exchanges& open) {
        const std::lock_guard lock(mutex_);
        for (auto each = open.begin(); each != open.end();) {
            if (each->done()) {
                ended_.push_back(each->request());
                each = open.erase(each);
            } else {
                ++each;
            }
        }
    }

    Fd wake_;
    const sockaddr_in server_;
    const std::string question_;
    const Scheduler& scheduler_;
    std::mutex mutex_;
    std::vector<Duration> wanted_;
    std::vector<Request> ended_;
    std::jthread thread_;  // last: it uses all of the above
};

}  // namespace

Result<std::unique_ptr<ServiceClient>> PlaneClients::client(const std::string& address,
                                                            std::int64_t port,
                                                            const std::string& request) {
    const auto tried = "make a client of " + address;
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::inet_pton(AF_INET, address.c_str(), &server.sin_addr) != 1) {
        return fail(ErrorKind::usage, tried, "not an IPv4 address");
    }
    Fd wake(::eventfd(0, EFD_CLOEXEC));
    if (!wake) {
        return fail(ErrorKind::unavailable, tried, std::system_category().message(errno));
    }
    auto question =
        "GET " + request + " HTTP/1.1\r\nHost: " + address + "\r\nConnection: close\r\n\r\n";
    return std::unique_ptr<ServiceClient>(std::make_unique<HttpClient>(
        std::move(wake), place_.inside, server, std::move(question), scheduler_));
}

Result<std::unique_ptr<ClaimEar>> PlaneClients::ear(const std::string& address) {
    return open_arp_ear(place_, address, scheduler_);
}

}  // namespace ordeal
