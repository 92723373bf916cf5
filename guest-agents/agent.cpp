#include "guest-agents/agent.hpp"

#include "guest-agents/guest.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <csignal>
#include <fcntl.h>
#include <mutex>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

namespace ordeal::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto port_name = "org.ordeal.agent.0";
constexpr std::size_t max_outbox = 64;  ///< messages; a few more for the answers in one read
constexpr Duration reconnect_interval = 20ms;
constexpr Duration flush_limit = 500ms;
constexpr Duration shortest_interval = 1ms;
constexpr Duration longest_interval = 1min;
constexpr Duration look_interval = 1s;

template <class... F>
struct Overloaded : F... {
    using F::operator()...;
};

Fd connect_socket(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return {};
    }
    std::ranges::copy(path, std::begin(address.sun_path));
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const auto* name = reinterpret_cast<const sockaddr*>(&address);
    if (!fd || ::connect(fd.get(), name, sizeof address) != 0) {
        return {};
    }
    ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
    return fd;
}

/// Without privilege bits for others: who may connect gives orders.
Fd listen_at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) {
        return {};
    }
    std::ranges::copy(path, std::begin(address.sun_path));
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* name = reinterpret_cast<const sockaddr*>(&address);
    ::unlink(path.c_str());
    const auto mask = ::umask(0077);
    const bool listens =
        fd && ::bind(fd.get(), name, sizeof address) == 0 && ::listen(fd.get(), 1) == 0;
    ::umask(mask);
    return listens ? std::move(fd) : Fd{};
}

bool is_socket(const std::string& path) {
    struct stat info {};

    return ::stat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode);
}

}  // namespace

Agent::Agent(Options options)
    : options_(std::move(options)),
      boot_id_(boot_id()),
      interval_(options_.interval.count()),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      next_beat_(Clock::now()),
      load_([this] { ::eventfd_write(wake_.get(), 1); }) {
    if (options_.udp) {
        network_ = std::jthread([this](const std::stop_token& stop) { beat_over_network(stop); });
    }
}

void Agent::run() {
    ::signal(SIGCHLD, SIG_IGN);  // helpers are not waited for
    for (;;) {
        if (!connected_) {
            connect();
        }
        if (!connected_) {
            wait(reconnect_interval, false);
            continue;
        }
        collect();
        beat_when_due();
        tell_write_caches();
        if (!transmit()) {
            disconnect();
            continue;
        }
        if (outbox_.empty()) {
            helpers_.let_go();
        }
        wait(std::max(Duration(next_beat_ - Clock::now()), Duration(0)), true);
        receive();
    }
}

/// A virtio-serial port stays open for good and says whether somebody listens at the other end.
void Agent::connect() {
    if (!options_.listen.empty()) {
        if (!listener_) {
            listener_ = listen_at(options_.listen);
        }
        is_socket_ = true;
        port_ = Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    }
    if (!port_ && options_.listen.empty()) {
        const auto path = options_.port.empty() ? find_port(port_name) : options_.port;
        is_socket_ = is_socket(path);
        port_ = is_socket_ ? connect_socket(path)
                           : Fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    }
    if (port_ && !hung_up()) {
        begin_session();
    }
}

void Agent::disconnect() {
    connected_ = false;
    if (is_socket_) {
        port_.reset();
    }
}

bool Agent::hung_up() const {
    pollfd poll_port{port_.get(), 0, 0};
    return ::poll(&poll_port, 1, 0) != 0;
}

/// What was being sent is sent again from its start: the other end never saw all of it.
void Agent::begin_session() {
    connected_ = true;
    decoder_ = {};
    frame_.clear();
    next_beat_ = Clock::now();
    write_caches_.clear();
    next_look_ = next_beat_;
    say_hello(0);
}

void Agent::wait(Duration limit, bool port_too) {
    // Who does not fetch answers gets to ask no more.
    const int events = (outbox_.size() < max_outbox ? POLLIN : 0) | (frame_.empty() ? 0 : POLLOUT);
    std::vector<pollfd> polled{{wake_.get(), POLLIN, 0}};
    if (port_too) {
        polled.push_back({port_.get(), static_cast<short>(events), 0});
        helpers_.add_to(polled);
    }
    const auto ns = limit.count();
    const timespec time{ns / 1'000'000'000, ns % 1'000'000'000};
    ::ppoll(polled.data(), polled.size(), &time, nullptr);
    eventfd_t ignored = 0;
    ::eventfd_read(wake_.get(), &ignored);
}

void Agent::receive() {
    if (outbox_.size() >= max_outbox) {
        return;
    }
    std::array<std::byte, 16 * 1024> bytes{};
    const auto count = ::read(port_.get(), bytes.data(), bytes.size());
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count <= 0) {
        disconnect();
        return;
    }
    decoder_.feed(std::span(bytes).first(static_cast<std::size_t>(count)));
    while (auto item = decoder_.next()) {
        if (const auto* problem = std::get_if<wire::Problem>(&*item)) {
            ++problems_;
            report(wire::LogLevel::warn, "received: " + problem->text());
        } else {
            dispatch(std::get<wire::Message>(*item));
        }
    }
}

/// Sends as much as the port takes. False when the other end went away.
bool Agent::transmit() {
    while (!outbox_.empty()) {
        if (frame_.empty()) {
            frame_ = wire::encode(outbox_.front(), sequence_);
            sequence_ = wire::next_sequence(sequence_);
            sent_ = 0;
        }
        const auto rest = wire::ByteView(frame_).subspan(sent_);
        const auto count = is_socket_ ? ::send(port_.get(), rest.data(), rest.size(), MSG_NOSIGNAL)
                                      : ::write(port_.get(), rest.data(), rest.size());
        if (count < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        sent_ += static_cast<std::size_t>(count);
        if (sent_ == frame_.size()) {
            frame_.clear();
            outbox_.pop_front();
            collect();
        }
    }
    return true;
}

void Agent::flush_until(Clock::time_point deadline) {
    while (transmit() && !frame_.empty() && Clock::now() < deadline) {
        pollfd port{port_.get(), POLLOUT, 0};
        ::poll(&port, 1, 10);
    }
}

void Agent::send(wire::Message message) {
    outbox_.push_back(std::move(message));
}

void Agent::report(wire::LogLevel level, const std::string& text) {
    if (outbox_.size() < max_outbox) {
        send(wire::LogLine{level, text});
    }
}

/// Acknowledgements are fetched only when nothing else waits: one batch while the last is sent.
void Agent::collect() {
    if (!outbox_.empty()) {
        return;
    }
    if (auto durable = load_.take_acknowledged(); !durable.sequences.empty()) {
        send(std::move(durable));
    }
    for (auto& message : load_.take_messages()) {
        send(std::move(message));
    }
    for (auto& message : helpers_.take_messages()) {
        send(std::move(message));
    }
}

void Agent::beat_when_due() {
    const auto now = Clock::now();
    if (now < next_beat_) {
        return;
    }
    // Stays on its grid unless it fell behind by a whole interval.
    const Duration interval(interval_.load());
    next_beat_ = std::max(next_beat_ + interval, now);
    // A heartbeat that would wait is worth nothing: it would tell of a time long gone.
    if (frame_.empty()) {
        send(heartbeat(beats_, skipped_));
    } else {
        ++skipped_;
    }
    ++beats_;
}

/// sysfs answers without touching the disk.
void Agent::tell_write_caches() {
    const auto now = Clock::now();
    if (now < next_look_ || outbox_.size() >= max_outbox) {
        return;
    }
    next_look_ = now + look_interval;
    for (auto& cache : write_caches()) {
        auto& told = write_caches_[cache.device];
        if (told != cache.mode) {
            told = cache.mode;
            send(std::move(cache));
        }
    }
}

wire::Heartbeat Agent::heartbeat(std::uint64_t number, std::uint64_t skipped) const {
    const auto load = load_.status(0);
    return {number,
            uptime(),
            Duration(interval_.load()),
            boot_id_,
            load.state,
            load.intended,
            load.acknowledged,
            skipped,
            problems_};
}

void Agent::say_hello(std::uint32_t request) {
    wire::Hello hello{request, ORDEAL_VERSION, kernel_release(), boot_id_, {"clock"}};
    for (const auto* profile : {"append_fsync", "rename_fsync", "overwrite_direct"}) {
        hello.capabilities.push_back(std::string("load.") + profile);
    }
    for (const auto& fault : faults()) {
        if (permitted_fault({0, std::string(fault.kind), {}}, options_.permitted)) {
            hello.capabilities.push_back("fault." + std::string(fault.kind));
        }
    }
    if (options_.udp) {
        hello.capabilities.emplace_back("udp");
    }
    // Hello opens the session, so it goes before all that waits; a frame half sent goes on first.
    sequence_ = 0;
    outbox_.insert(outbox_.begin() + (frame_.empty() ? 0 : 1), std::move(hello));
}

void Agent::dispatch(const wire::Message& message) {
    std::visit(Overloaded{[&](const wire::HelloRequest& m) { say_hello(m.request); },
                          [&](const wire::LoadStart& m) { load_.start(m); },
                          [&](const wire::LoadStop& m) { load_.stop(m.request); },
                          [&](const wire::LoadStatusRequest& m) { send(load_.status(m.request)); },
                          [&](const wire::ClockRead& m) { send(read_clocks(m)); },
                          [&](const wire::SetHeartbeatInterval& m) { set_interval(m); },
                          [&](const wire::InjectFault& m) { inject(m); },
                          [&](const wire::EndFault& m) {
                              end_fault(m.kind);
                              send(wire::Reply{m.request, {}});
                          },
                          [&](const wire::LookRequest& m) { send(look(m)); },
                          [&](const auto&) {
                              ++problems_;
                              report(wire::LogLevel::warn, "received a message for the controller");
                          }},
               message);
}

void Agent::set_interval(const wire::SetHeartbeatInterval& request) {
    if (request.interval < shortest_interval || request.interval > longest_interval) {
        send(wire::Reply{request.request, "the interval must be 1 ms to 1 min"});
        return;
    }
    interval_ = request.interval.count();
    next_beat_ = Clock::now();
    send(wire::Reply{request.request, {}});
}

void Agent::inject(const wire::InjectFault& request) {
    const auto fault = permitted_fault(request, options_.permitted);
    if (!fault) {
        send(wire::Reply{request.request, fault.error().text()});
        return;
    }
    if (fault->strike == nullptr) {
        helpers_.start(request);
        return;
    }
    send(wire::Reply{request.request, {}});
    flush_until(Clock::now() + flush_limit);
    if (const auto struck = fault->strike(); !struck) {
        report(wire::LogLevel::error, struck.error().text());
    }
}

void Agent::beat_over_network(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any stopped;
    std::uint64_t skipped = 0;
    std::uint32_t sequence = 0;
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    auto due = Clock::now();
    for (std::uint64_t number = 0; !stop.stop_requested(); ++number) {
        const auto frame = wire::encode(heartbeat(number, skipped), sequence);
        sequence = wire::next_sequence(sequence);
        const auto* to = reinterpret_cast<const sockaddr*>(&*options_.udp);
        if (::sendto(socket.get(), frame.data(), frame.size(), 0, to, sizeof *options_.udp) < 0) {
            ++skipped;
        }
        due = std::max(due + Duration(interval_.load()), Clock::now());
        std::unique_lock lock(mutex);
        stopped.wait_until(lock, stop, due, [] { return false; });
    }
}

}  // namespace ordeal::agent
