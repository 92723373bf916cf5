#pragma once

#include "core/listeners.hpp"
#include "core/testbed.hpp"
#include "testbed/libvirt_loop.hpp"

#include <libvirt/libvirt.h>

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

/// Inside of testbed/libvirt only.
namespace ordeal {

class LibvirtHub;

/// The failure that libvirt recorded last on this thread.
[[nodiscard]] Error libvirt_failure(const std::string& tried);

struct FreeDomain {
    void operator()(virDomainPtr domain) const { virDomainFree(domain); }
};

/// An open connection with its event callbacks. Destroyed by whoever used it last, never on the
/// event thread.
class LibvirtConnection {
  public:
    /// Blocks as long as the daemon likes.
    [[nodiscard]] static Result<std::shared_ptr<LibvirtConnection>> open(
        const std::string& uri, pid_t inside, const std::weak_ptr<LibvirtHub>& hub);

    LibvirtConnection(const LibvirtConnection&) = delete;
    LibvirtConnection& operator=(const LibvirtConnection&) = delete;
    ~LibvirtConnection();

    [[nodiscard]] virConnectPtr get() const { return connection_; }

    /// The domain of this name, looked up once: a round trip less for each poll. Null as from
    /// libvirt. One that is defined anew has another UUID: forget it when libvirt knows it no more.
    [[nodiscard]] std::shared_ptr<virDomain> domain(const std::string& name);
    void forget(const std::string& name);

  private:
    LibvirtConnection(std::shared_ptr<LibvirtLoop> loop, virConnectPtr connection)
        : loop_(std::move(loop)), connection_(connection) {}

    [[nodiscard]] bool listen(const std::weak_ptr<LibvirtHub>& hub);

    std::shared_ptr<LibvirtLoop> loop_;
    virConnectPtr connection_;
    std::vector<int> callbacks_;
    bool watches_close_ = false;
    std::mutex mutex_;  ///< of domains_
    std::map<std::string, std::shared_ptr<virDomain>> domains_;
};

/// Where the keeper that opens connections, the event thread and the callers meet. Thread-safe.
class LibvirtHub : public std::enable_shared_from_this<LibvirtHub> {
  public:
    /// The body of the keeper thread: holds a connection open until stop().
    void keep(const std::string& uri, pid_t inside, Duration retry_interval);
    void stop();

    /// The present connection, or the reason why there is none, at once.
    [[nodiscard]] Result<std::shared_ptr<LibvirtConnection>> current(const std::string& tried);
    /// Waits for a connection.
    [[nodiscard]] Result<std::shared_ptr<LibvirtConnection>> await(const std::string& tried,
                                                                   Duration deadline);
    /// The connection is broken; the keeper opens another. `why` is one word.
    void lost(virConnectPtr connection, const std::string& why);

    Listeners<DomainEvent>& events() { return events_; }

  private:
    [[nodiscard]] std::shared_ptr<LibvirtConnection> take_old();
    void opened(std::shared_ptr<LibvirtConnection> connection);

    [[nodiscard]] bool connected() const { return connection_ && !lost_; }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<LibvirtConnection> connection_;
    bool lost_ = false;
    bool ever_connected_ = false;
    bool stopped_ = false;
    Error why_not_{ErrorKind::unavailable, {}, "not connected yet", {}};
    Listeners<DomainEvent> events_;
};

}  // namespace ordeal
