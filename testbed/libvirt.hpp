#pragma once

#include "core/testbed.hpp"
#include "testbed/bounded_calls.hpp"
#include "testbed/libvirt_states.hpp"

#include <functional>
#include <future>
#include <memory>
#include <string>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace ordeal {

struct LibvirtOptions {
    std::string uri;   ///< "qemu+unix:///system?socket=…"
    pid_t inside = 0;  ///< connect from the network namespace of this process
    /// Zero: open() does not wait for the first connection.
    Duration connect_deadline = std::chrono::seconds(5);
    Duration call_deadline = std::chrono::seconds(5);
    /// Of start, destroy and remove: libvirt waits for QEMU in these (15 s for one that does not
    /// react to SIGTERM).
    Duration slow_deadline = std::chrono::seconds(30);
    /// Between attempts to connect.
    Duration retry_interval = std::chrono::milliseconds(50);
    /// Called before a domain is started, on the caller's thread. Its failure is the start's.
    std::function<Status(const std::string& domain)> before_start = {};
};

class LibvirtHub;

/// One libvirt daemon: a connection that is opened again whenever it is lost, until the object
/// goes. Thread-safe.
///
/// Deadlines have two layers. A daemon that is dead or stopped breaks the connection (at once, or
/// by keepalive after 2 s) and with it every call in flight: `unavailable`. A daemon that lives,
/// but waits for a QEMU that does not answer, is beyond keepalive; therefore every call is made on
/// a thread that can be left behind: `timeout`. While there is no connection, calls fail at once.
///
/// Event callbacks run on libvirt's event thread, one at a time: they must be short and must call
/// neither this object nor end a subscription. Events that happen while the connection is lost are
/// lost too.
class Libvirt final : public Hypervisor, public DomainOrders {
  public:
    /// Errors: unavailable or timeout (no connection within connect_deadline), refused.
    [[nodiscard]] static Result<std::unique_ptr<Libvirt>> open(LibvirtOptions options);

    Libvirt(const Libvirt&) = delete;
    Libvirt& operator=(const Libvirt&) = delete;
    ~Libvirt() override;

    /// A domain that libvirt does not know is a state here: not_defined.
    Result<DomainStatus> state(const std::string& domain) override;
    Status start(const std::string& domain) override;
    Status destroy(const std::string& domain) override;
    Status suspend(const std::string& domain) override;
    Status resume(const std::string& domain) override;
    Status remove(const std::string& domain) override;
    Result<std::vector<std::string>> domains() override;
    /// From daemon to daemon (peer to peer), over ssh.
    Status migrate(const std::string& domain,
                   const Migration& migration,
                   Duration deadline) override;
    /// Of the domain's only or first network card, while it runs.
    Status inject_nmi(const std::string& domain) override;
    Status set_link(const std::string& domain, LinkState state) override;
    Result<LinkState> link(const std::string& domain) override;
    Status ping_guest_agent(const std::string& domain, Duration deadline) override;

    Result<DomainOrders*> orders(const std::string& /*domain*/) override { return this; }

    Status order(const std::string& domain, DomainOrder order) override;
    Result<bool> executes(const std::string& domain) override;
    Result<Bytes> memory(const std::string& domain) override;
    Status set_memory(const std::string& domain, Bytes size) override;
    Result<std::string> device(const std::string& domain,
                               DeviceKind kind,
                               const std::string& name) override;
    Result<bool> has_device(const std::string& domain,
                            DeviceKind kind,
                            const std::string& name) override;
    Status unplug(const std::string& domain, const std::string& device) override;
    Status plug(const std::string& domain, const std::string& device) override;
    Result<MigrationProgress> migration(const std::string& domain) override;
    Status alive(Duration deadline) override;
    Result<Subscription> subscribe(const std::string& domain,
                                   std::function<void(const DomainEvent&)> callback) override;

    /// Defines a domain from its XML, or changes the definition; returns its UUID.
    /// Errors: definition (libvirt does not accept the XML).
    Result<std::string> define(const std::string& xml);
    /// The domain's XML as libvirt has it now.
    Result<std::string> xml(const std::string& domain);
    /// Gives QEMU a command of its monitor, JSON of "QEMU Machine Protocol", and returns its
    /// answer. libvirt marks the domain as tainted by it. Only for questions.
    Result<std::string> ask_monitor(const std::string& domain, const std::string& command);
    /// "libvirt" and "qemu" as "9.0.0".
    Result<Fields> versions();

  private:
    explicit Libvirt(LibvirtOptions options);

    template <class Work>
    auto call(const std::string& tried, Duration deadline, Work work);
    template <class Work>
    auto call_domain(const std::string& verb, const std::string& domain, Duration limit, Work work);

    LibvirtOptions options_;
    std::shared_ptr<LibvirtHub> hub_;
    BoundedCalls calls_;
    LibvirtStates states_;
    std::thread keeper_;  ///< opens the connection, again and again
    std::future<void> keeper_ended_;
};

}  // namespace ordeal
