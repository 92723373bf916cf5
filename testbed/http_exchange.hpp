#pragma once

#include "core/fd.hpp"
#include "core/service.hpp"

#include <netinet/in.h>
#include <string>

namespace ordeal {

/// One HTTP request in a connection of its own, as far as it has come. Never blocks; the socket
/// belongs to the network namespace of the thread that begins it.
class HttpExchange {
  public:
    /// Begins to connect. `page` must outlive it.
    HttpExchange(const sockaddr_in& server, const std::string& question, Instant now, Instant end);

    [[nodiscard]] int socket() const { return socket_.get(); }

    /// What poll(2) is to wait for.
    [[nodiscard]] short awaited() const;
    /// Goes on after poll(2), or gives up when it is too late.
    void go_on(bool ready, Instant now);

    [[nodiscard]] bool done() const { return done_; }

    [[nodiscard]] Instant end() const { return end_; }

    [[nodiscard]] const Request& request() const { return request_; }

  private:
    void ask(Instant now);
    void read(Instant now);
    /// Looks for the status and the first line of the page; `closed`: nothing more will come.
    void understand(bool closed, Instant now);
    void finish(std::string server, std::string failure, Instant now);

    Fd socket_;
    const std::string* question_;
    Instant end_{};
    Request request_;
    std::string answer_;
    bool asked_ = false;
    bool done_ = false;
};

}  // namespace ordeal
