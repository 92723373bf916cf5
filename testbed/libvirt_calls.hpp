#pragma once

#include "testbed/libvirt.hpp"
#include "testbed/libvirt_hub.hpp"

#include <libvirt/libvirt.h>

#include <memory>
#include <string>
#include <utility>

/// What the implementations of Libvirt share.
namespace ordeal {

using DomainHandle = std::unique_ptr<virDomain, FreeDomain>;

/// What a libvirt call that returns a negative number on failure amounts to.
inline Status checked(int answer, const std::string& tried) {
    return answer < 0 ? Status(libvirt_failure(tried)) : ok();
}

template <class Work>
auto Libvirt::call(const std::string& tried, Duration deadline, Work work) {
    using Answer = decltype(work(virConnectPtr{}));
    auto connection = hub_->current(tried);
    if (!connection) {
        return Answer(connection.error());
    }
    return calls_.run(tried, deadline, [connection = *connection, work = std::move(work)] {
        return work(connection->get());
    });
}

template <class Work>
auto Libvirt::call_domain(const std::string& verb,
                          const std::string& domain,
                          Duration limit,
                          Work work) {
    const auto tried = verb + " domain " + domain;
    return call(tried, limit, [tried, domain, work = std::move(work)](virConnectPtr connection) {
        using Answer = decltype(work(virDomainPtr{}, tried));
        const DomainHandle handle(virDomainLookupByName(connection, domain.c_str()));
        return handle ? work(handle.get(), tried) : Answer(libvirt_failure(tried));
    });
}

}  // namespace ordeal
