#include "testbed/libvirt_hub.hpp"

#include "testbed/libvirt_words.hpp"
#include "testbed/namespaces.hpp"

#include <libvirt/virterror.h>

#include <chrono>
#include <utility>

namespace ordeal {
namespace {

/// The keepalive: a silent daemon is asked after 1 s and must answer within another.
constexpr int keepalive_interval = 1;
constexpr unsigned keepalive_count = 1;

/// What libvirt hands to our callbacks. Weak: a connection must not keep its hub, nor a callback
/// the connection.
using HubRef = std::weak_ptr<LibvirtHub>;

std::shared_ptr<LibvirtHub> hub_of(void* opaque) {
    return static_cast<HubRef*>(opaque)->lock();
}

void free_hub_ref(void* opaque) {
    const std::unique_ptr<HubRef> owned(static_cast<HubRef*>(opaque));
}

void publish(void* opaque, virDomainPtr domain, DomainEvent event) {
    if (const auto hub = hub_of(opaque)) {
        event.domain = virDomainGetName(domain);
        hub->events().call(event);
    }
}

int on_lifecycle(virConnectPtr, virDomainPtr domain, int event, int detail, void* opaque) {
    publish(opaque, domain, libvirt_lifecycle_event(event, detail));
    return 0;
}

// NOLINTNEXTLINE(readability-function-size): the signature is libvirt's
void on_io_error(virConnectPtr,
                 virDomainPtr domain,
                 const char* /*source*/,
                 const char* /*device*/,
                 int /*action*/,
                 const char* reason,
                 void* opaque) {
    const std::string detail = reason == nullptr || *reason == '\0' ? "unknown" : reason;
    publish(opaque, domain, {.domain = {}, .event = "io_error", .detail = detail});
}

int on_watchdog(virConnectPtr, virDomainPtr domain, int action, void* opaque) {
    publish(opaque,
            domain,
            {.domain = {}, .event = "watchdog", .detail = libvirt_watchdog_action(action)});
    return 0;
}

int on_reboot(virConnectPtr, virDomainPtr domain, void* opaque) {
    publish(opaque, domain, {.domain = {}, .event = "reboot"});
    return 0;
}

void on_migration_pass(virConnectPtr, virDomainPtr domain, int pass, void* opaque) {
    publish(
        opaque, domain, {.domain = {}, .event = "migration_pass", .detail = std::to_string(pass)});
}

void on_close(virConnectPtr connection, int reason, void* opaque) {
    if (const auto hub = hub_of(opaque)) {
        hub->lost(connection,
                  reason == VIR_CONNECT_CLOSE_REASON_KEEPALIVE ? "keepalive" : "closed");
    }
}

ErrorKind kind_of(int code) {
    switch (code) {
        case VIR_ERR_NO_DOMAIN:
            return ErrorKind::not_found;
        case VIR_ERR_OPERATION_TIMEOUT:
        case VIR_ERR_AGENT_UNRESPONSIVE:
            return ErrorKind::timeout;
        case VIR_ERR_ARGUMENT_UNSUPPORTED:
            return ErrorKind::missing;
        case VIR_ERR_OPERATION_INVALID:
        case VIR_ERR_OPERATION_DENIED:
        case VIR_ERR_ACCESS_DENIED:
        case VIR_ERR_AUTH_FAILED:
        case VIR_ERR_AUTH_UNAVAILABLE:
        case VIR_ERR_DOM_EXIST:
        case VIR_ERR_RESOURCE_BUSY:
            return ErrorKind::refused;
        case VIR_ERR_XML_ERROR:
        case VIR_ERR_XML_DETAIL:
        case VIR_ERR_XML_INVALID_SCHEMA:
        case VIR_ERR_CONFIG_UNSUPPORTED:
        case VIR_ERR_INVALID_ARG:
            return ErrorKind::definition;
        default:
            return ErrorKind::unavailable;
    }
}

}  // namespace

Error libvirt_failure(const std::string& tried) {
    const auto* error = virGetLastError();
    if (error == nullptr || error->message == nullptr) {
        return fail(ErrorKind::unavailable, tried, "libvirt gives no reason");
    }
    return fail(kind_of(error->code), tried, error->message);
}

Result<std::shared_ptr<LibvirtConnection>> LibvirtConnection::open(const std::string& uri,
                                                                   pid_t inside,
                                                                   const HubRef& hub) {
    auto loop = LibvirtLoop::shared();
    if (!loop) {
        return loop.error();
    }
    const auto tried = "connect to libvirt at " + uri;
    const auto connect = [&]() -> Result<virConnectPtr> {
        auto* const made = virConnectOpen(uri.c_str());
        return made == nullptr ? Result<virConnectPtr>(libvirt_failure(tried)) : made;
    };
    const auto handle =
        inside == 0 ? connect() : inside_namespaces(inside, Namespaces::net, connect);
    if (!handle) {
        return handle.error();
    }
    std::shared_ptr<LibvirtConnection> connection(new LibvirtConnection(*loop, *handle));
    const bool kept_alive =
        virConnectSetKeepAlive(*handle, keepalive_interval, keepalive_count) == 0 ||
        virGetLastErrorCode() == VIR_ERR_NO_SUPPORT;  // a driver inside our own process
    if (!kept_alive || !connection->listen(hub)) {
        return libvirt_failure(tried);
    }
    return connection;
}

bool LibvirtConnection::listen(const HubRef& hub) {
    const auto add = [&](int event, virConnectDomainEventGenericCallback callback) {
        auto ref = std::make_unique<HubRef>(hub);
        const int id = virConnectDomainEventRegisterAny(
            connection_, nullptr, event, callback, ref.get(), free_hub_ref);
        if (id >= 0) {
            callbacks_.push_back(id);
            std::ignore = ref.release();
        }
        return id >= 0;
    };
    auto ref = std::make_unique<HubRef>(hub);
    if (virConnectRegisterCloseCallback(connection_, on_close, ref.get(), free_hub_ref) != 0) {
        return false;
    }
    std::ignore = ref.release();
    watches_close_ = true;
    return add(VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle)) &&
           add(VIR_DOMAIN_EVENT_ID_IO_ERROR_REASON, VIR_DOMAIN_EVENT_CALLBACK(on_io_error)) &&
           add(VIR_DOMAIN_EVENT_ID_WATCHDOG, VIR_DOMAIN_EVENT_CALLBACK(on_watchdog)) &&
           add(VIR_DOMAIN_EVENT_ID_REBOOT, VIR_DOMAIN_EVENT_CALLBACK(on_reboot)) &&
           add(VIR_DOMAIN_EVENT_ID_MIGRATION_ITERATION,
               VIR_DOMAIN_EVENT_CALLBACK(on_migration_pass));
}

std::shared_ptr<virDomain> LibvirtConnection::domain(const std::string& name) {
    constexpr std::size_t most = 64;  // names of past trials are never asked for again
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = domains_.find(name); known != domains_.end()) {
            return known->second;
        }
    }
    auto* const found = virDomainLookupByName(connection_, name.c_str());
    if (found == nullptr) {
        return nullptr;
    }
    std::shared_ptr<virDomain> domain(found, FreeDomain());
    const std::lock_guard lock(mutex_);
    if (domains_.size() >= most) {
        domains_.clear();
    }
    return domains_.insert_or_assign(name, std::move(domain)).first->second;
}

void LibvirtConnection::forget(const std::string& name) {
    const std::lock_guard lock(mutex_);
    domains_.erase(name);
}

LibvirtConnection::~LibvirtConnection() {
    domains_.clear();
    // A registered callback holds a reference: without this the connection would never close.
    for (const int id : callbacks_) {
        virConnectDomainEventDeregisterAny(connection_, id);
    }
    if (watches_close_) {
        virConnectUnregisterCloseCallback(connection_, on_close);
    }
    virConnectClose(connection_);
}

void LibvirtHub::keep(const std::string& uri, pid_t inside, Duration retry_interval) {
    std::unique_lock lock(mutex_);
    while (!stopped_) {
        lock.unlock();
        take_old().reset();
        auto connection = LibvirtConnection::open(uri, inside, weak_from_this());
        if (connection) {
            opened(std::move(*connection));
        }
        lock.lock();
        if (connection) {
            changed_.wait(lock, [this] { return stopped_ || lost_; });
        } else {
            why_not_ = connection.error();
            changed_.wait_for(lock, retry_interval, [this] { return stopped_; });
        }
    }
    lock.unlock();
    take_old().reset();
}

void LibvirtHub::stop() {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    changed_.notify_all();
}

std::shared_ptr<LibvirtConnection> LibvirtHub::take_old() {
    const std::lock_guard lock(mutex_);
    return std::exchange(connection_, nullptr);
}

void LibvirtHub::opened(std::shared_ptr<LibvirtConnection> connection) {
    bool again = false;
    {
        const std::lock_guard lock(mutex_);
        // It may have broken between its opening and now: then its close callback found no one.
        lost_ = virConnectIsAlive(connection->get()) != 1;
        again = !lost_ && std::exchange(ever_connected_, true);
        connection_ = std::move(connection);
        changed_.notify_all();
    }
    if (again) {
        events_.call({.domain = {}, .event = "connection_back", .detail = "reopened"});
    }
}

void LibvirtHub::lost(virConnectPtr connection, const std::string& why) {
    {
        const std::lock_guard lock(mutex_);
        if (!connected() || connection_->get() != connection) {
            return;
        }
        lost_ = true;
        why_not_ = fail(ErrorKind::unavailable, {}, "the connection to libvirt was lost: " + why);
        changed_.notify_all();
    }
    events_.call({.domain = {}, .event = "connection_lost", .detail = why});
}

Result<std::shared_ptr<LibvirtConnection>> LibvirtHub::current(const std::string& tried) {
    return await(tried, Duration::zero());
}

Result<std::shared_ptr<LibvirtConnection>> LibvirtHub::await(const std::string& tried,
                                                             Duration deadline) {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, deadline, [this] { return connected(); })) {
        return fail(why_not_.kind, tried, why_not_.answer, why_not_.hint);
    }
    return connection_;
}

}  // namespace ordeal
