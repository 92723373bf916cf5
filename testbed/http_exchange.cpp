#include "testbed/http_exchange.hpp"

#include <array>
#include <cerrno>
#include <poll.h>
#include <string_view>
#include <sys/socket.h>
#include <utility>

namespace ordeal {
namespace {

/// Headers and the first line of the page: more than that is no answer to us.
constexpr std::size_t longest_answer = 4096;

std::string word_for(int error) {
    switch (error) {
        case ECONNREFUSED:
            return "refused";
        case EHOSTUNREACH:
        case ENETUNREACH:
        case EHOSTDOWN:
            return "unreachable";
        case ETIMEDOUT:
            return "timeout";
        case ECONNRESET:
        case EPIPE:
            return "reset";
        default:
            return "error " + std::to_string(error);
    }
}

}  // namespace

HttpExchange::HttpExchange(const sockaddr_in& server,
                           const std::string& question,
                           Instant now,
                           Instant end)
    : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)),
      question_(&question),
      end_(end),
      request_{.sent = now, .ended = now, .server = {}} {
    if (!socket_) {
        finish({}, word_for(errno), now);
        return;
    }
    // No end of a connection stays with us: there are thousands, and ports are few.
    const linger reset{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    const auto* raw = reinterpret_cast<const sockaddr*>(&server);
    if (::connect(socket_.get(), raw, sizeof server) != 0 && errno != EINPROGRESS) {
        finish({}, word_for(errno), now);
    }
}

short HttpExchange::awaited() const {
    return asked_ ? POLLIN : POLLOUT;
}

void HttpExchange::go_on(bool ready, Instant now) {
    if (!done_ && ready && !asked_) {
        ask(now);
    } else if (!done_ && ready) {
        read(now);
    }
    if (!done_ && now >= end_) {
        finish({}, "timeout", now);
    }
}

void HttpExchange::ask(Instant now) {
    int problem = 0;
    socklen_t size = sizeof problem;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &problem, &size);
    if (problem != 0) {
        finish({}, word_for(problem), now);
        return;
    }
    // A question is shorter than any socket's buffer: sent whole, or the connection is broken.
    const auto sent = ::send(socket_.get(), question_->data(), question_->size(), MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(question_->size())) {
        finish({}, sent < 0 ? word_for(errno) : "broken", now);
        return;
    }
    asked_ = true;
}

void HttpExchange::read(Instant now) {
    std::array<char, longest_answer> bytes{};
    const auto count = ::recv(socket_.get(), bytes.data(), bytes.size() - answer_.size(), 0);
    if (count < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (count < 0) {
        finish({}, word_for(errno), now);
        return;
    }
    answer_.append(bytes.data(), static_cast<std::size_t>(count));
    understand(count == 0 || answer_.size() >= longest_answer, now);
}

void HttpExchange::understand(bool closed, Instant now) {
    const std::string_view answer = answer_;
    const auto body = answer.find("\r\n\r\n");
    const auto line = body == answer.npos ? std::string_view{} : answer.substr(body + 4);
    const auto end = line.find('\n');
    if (end == line.npos && !closed) {
        return;
    }
    // "HTTP/1.1 200 OK", RFC 9112
    const auto blank = answer.find(' ');
    if (!answer.starts_with("HTTP/") || blank == answer.npos || body == answer.npos) {
        finish({}, "broken", now);
    } else if (const auto status = answer.substr(blank + 1, 3); !status.starts_with('2')) {
        finish({}, "status " + std::string(status), now);
    } else {
        auto server = std::string(line.substr(0, line.find_first_of("\r\n")));
        const bool named = !server.empty();
        finish(std::move(server), named ? "" : "no name", now);
    }
}

void HttpExchange::finish(std::string server, std::string failure, Instant now) {
    done_ = true;
    request_.ended = now;
    request_.server = std::move(server);
    request_.failure = std::move(failure);
    socket_.reset();
}

}  // namespace ordeal
