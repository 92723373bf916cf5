#include "testbed/agent_link.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <type_traits>

namespace ordeal {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr Duration connect_interval = 10ms;

std::string errno_text() {
    return std::error_code(errno, std::generic_category()).message();
}

/// Goes through a descriptor of the directory: run directories are longer than the 107 characters
/// that a socket address holds, see unix(7).
Fd try_connect(const std::filesystem::path& path) {
    const Fd directory(
        ::open((path.parent_path() / ".").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    const auto name =
        "/proc/self/fd/" + std::to_string(directory.get()) + "/" + path.filename().string();
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!directory || name.size() >= sizeof address.sun_path) {
        return {};
    }
    std::ranges::copy(name, std::begin(address.sun_path));
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    if (!fd || ::connect(fd.get(), to, sizeof address) != 0) {
        return {};
    }
    return fd;
}

/// The number of the question that a message answers; 0: none.
std::uint32_t answered_request(const wire::Message& message) {
    return std::visit(
        [](const auto& m) -> std::uint32_t {
            using M = std::decay_t<decltype(m)>;
            if constexpr (std::is_same_v<M, wire::Hello> || std::is_same_v<M, wire::LoadStatus> ||
                          std::is_same_v<M, wire::ClockReading> || std::is_same_v<M, wire::Reply> ||
                          std::is_same_v<M, wire::GuestFacts>) {
                return m.request;
            } else {
                return 0;
            }
        },
        message);
}

}  // namespace

Result<std::unique_ptr<AgentLink>> AgentLink::connect(const std::filesystem::path& socket,
                                                      AgentSink sink,
                                                      Duration deadline,
                                                      const std::stop_token& stop) {
    const auto tried = "connect to the agent port " + socket.string();
    const auto end = Clock::now() + deadline;
    auto fd = try_connect(socket);
    std::mutex mutex;
    std::condition_variable_any stopped;
    while (!fd && Clock::now() < end && !stop.stop_requested()) {
        std::unique_lock lock(mutex);
        stopped.wait_for(lock, stop, connect_interval, [] { return false; });
        fd = try_connect(socket);
    }
    if (!fd) {
        return stop.stop_requested()
                   ? fail(ErrorKind::unavailable, tried, "stopped")
                   : fail(ErrorKind::timeout, tried, "nobody listens after " + to_text(deadline));
    }
    return over(std::move(fd), std::move(sink), end - Clock::now());
}

Result<std::unique_ptr<AgentLink>> AgentLink::over(Fd stream, AgentSink sink, Duration deadline) {
    const std::string tried = "ask the agent for its hello";
    Fd wake(::eventfd(0, EFD_CLOEXEC));
    if (!wake || ::fcntl(stream.get(), F_SETFL, O_NONBLOCK) != 0) {
        return fail(ErrorKind::unavailable, tried, errno_text());
    }
    std::unique_ptr<AgentLink> link(
        new AgentLink(std::move(stream), std::move(wake), std::move(sink)));
    if (auto sent = link->send(wire::HelloRequest{}, tried, Clock::now() + deadline); !sent) {
        return sent.error();
    }
    return link;
}

AgentLink::AgentLink(Fd socket, Fd wake, AgentSink sink)
    : socket_(std::move(socket)), wake_(std::move(wake)), sink_(std::move(sink)) {
    reader_ = std::jthread([this](const std::stop_token& stop) { read_until_closed(stop); });
}

AgentLink::~AgentLink() {
    reader_.request_stop();
    ::eventfd_write(wake_.get(), 1);
}

Result<wire::Hello> AgentLink::wait_hello(Duration deadline, const std::stop_token& stop) {
    const std::string tried = "wait for the agent's hello";
    std::unique_lock lock(mutex_);
    arrived_.wait_for(lock, stop, deadline, [this] { return hello_ || closed_; });
    if (hello_) {
        return *hello_;
    }
    if (closed_ || stop.stop_requested()) {
        return fail(ErrorKind::unavailable, tried, closed_.value_or("stopped"));
    }
    return fail(ErrorKind::timeout,
                tried,
                "none after " + to_text(deadline),
                "the guest's console says how far it came");
}

Result<wire::Hello> AgentLink::ask_hello(Duration deadline) {
    return ask<wire::Hello>(wire::HelloRequest{}, "ask the agent for its hello", deadline);
}

Status AgentLink::start_load(wire::LoadStart order, Duration deadline) {
    auto tried = "start the load in " + order.directory;
    auto done = ask<wire::Reply>(std::move(order), std::move(tried), deadline);
    return done ? ok() : done.error();
}

Result<wire::LoadStatus> AgentLink::stop_load(Duration deadline) {
    return ask<wire::LoadStatus>(wire::LoadStop{}, "stop the load", deadline);
}

Result<wire::LoadStatus> AgentLink::load_status(Duration deadline) {
    return ask<wire::LoadStatus>(wire::LoadStatusRequest{}, "ask how the load goes", deadline);
}

Result<wire::ClockReading> AgentLink::read_clocks(Duration deadline) {
    return ask<wire::ClockReading>(wire::ClockRead{}, "read the guest's clocks", deadline);
}

Status AgentLink::set_heartbeat_interval(Duration interval, Duration deadline) {
    auto done = ask<wire::Reply>(wire::SetHeartbeatInterval{0, interval},
                                 "set the heartbeat interval to " + to_text(interval),
                                 deadline);
    return done ? ok() : done.error();
}

Status AgentLink::inject(wire::InjectFault fault, Duration deadline) {
    auto tried = "have the agent make the fault " + fault.kind;
    auto done = ask<wire::Reply>(std::move(fault), std::move(tried), deadline);
    return done ? ok() : done.error();
}

Status AgentLink::end_fault(const std::string& fault, Duration deadline) {
    auto done = ask<wire::Reply>(wire::EndFault{0, fault}, "end the fault " + fault, deadline);
    return done ? ok() : done.error();
}

Result<wire::GuestFacts> AgentLink::look(const std::string& path, Duration deadline) {
    return ask<wire::GuestFacts>(wire::LookRequest{0, path}, "look into the guest", deadline);
}

template <class Answer, class Request>
Result<Answer> AgentLink::ask(Request request, std::string tried, Duration deadline) {
    const auto end = Clock::now() + deadline;
    {
        const std::lock_guard lock(mutex_);
        request.request = last_request_ = wire::next_sequence(last_request_);
        answers_.emplace(request.request, std::nullopt);
    }
    auto sent = send(request, tried, end);
    std::unique_lock lock(mutex_);
    if (sent) {
        arrived_.wait_until(lock, end, [&] { return answers_.at(request.request) || closed_; });
    }
    const auto answer = std::move(answers_.extract(request.request).mapped());
    if (!sent) {
        return sent.error();
    }
    if (!answer) {
        return closed_ ? fail(ErrorKind::unavailable, tried, *closed_)
                       : fail(ErrorKind::timeout, tried, "no answer after " + to_text(deadline));
    }
    if (const auto* reply = std::get_if<wire::Reply>(&*answer); reply && !reply->error.empty()) {
        return fail(ErrorKind::refused, tried, reply->error);
    }
    if (const auto* expected = std::get_if<Answer>(&*answer)) {
        return *expected;
    }
    return fail(ErrorKind::corrupt, tried, "the agent answered something else");
}

Status AgentLink::send(const wire::Message& message,
                       const std::string& tried,
                       Clock::time_point deadline) {
    const std::lock_guard lock(sending_);
    const auto frame = wire::encode(message, sequence_);
    sequence_ = wire::next_sequence(sequence_);
    wire::ByteView rest(frame);
    while (!rest.empty()) {
        const auto count = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
        if (count >= 0) {
            rest = rest.subspan(static_cast<std::size_t>(count));
        } else if (errno != EAGAIN && errno != EINTR) {
            return fail(ErrorKind::unavailable, tried, errno_text());
        } else if (Clock::now() >= deadline) {
            return fail(ErrorKind::timeout, tried, "the agent takes no more");
        } else {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
            pollfd writable{socket_.get(), POLLOUT, 0};
            ::poll(&writable, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
        }
    }
    return ok();
}

void AgentLink::read_until_closed(const std::stop_token& stop) {
    wire::MessageDecoder decoder;
    std::array<std::byte, std::size_t{64} * 1024> bytes{};
    for (;;) {
        std::array polled{pollfd{socket_.get(), POLLIN, 0}, pollfd{wake_.get(), POLLIN, 0}};
        ::poll(polled.data(), polled.size(), -1);
        if (stop.stop_requested()) {
            return;
        }
        const auto count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
        const auto at = Clock::now();
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
            continue;
        }
        const std::string why = count < 0 ? errno_text() : "QEMU closed it";
        if (count <= 0) {
            if (auto problem = decoder.finish()) {
                deliver(at, *std::move(problem));
            }
            deliver(at, LinkClosed{why});
            return;
        }
        decoder.feed(std::span(bytes).first(static_cast<std::size_t>(count)));
        while (auto item = decoder.next()) {
            std::visit([&](auto& part) { deliver(at, std::move(part)); }, *item);
        }
    }
}

/// The sink first: whoever gets an answer finds everything before it recorded.
void AgentLink::deliver(Clock::time_point at, AgentEvent event) {
    sink_(at, event);
    const std::lock_guard lock(mutex_);
    if (const auto* closed = std::get_if<LinkClosed>(&event)) {
        closed_ = closed->why;
    } else if (auto* message = std::get_if<wire::Message>(&event)) {
        if (const auto* hello = std::get_if<wire::Hello>(message); hello && !hello_) {
            hello_ = *hello;
        }
        if (const auto asked = answers_.find(answered_request(*message)); asked != answers_.end()) {
            asked->second = std::move(*message);
        }
    }
    arrived_.notify_all();
}

}  // namespace ordeal
