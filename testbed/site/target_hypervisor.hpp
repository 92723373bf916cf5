#pragma once

#include "core/testbed.hpp"
#include "testbed/libvirt.hpp"
#include "testbed/site/site_file.hpp"

#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace ordeal {

/// The namespace of the metadata element by which a domain's owner permits that it is hurt.
inline constexpr const char* opt_in_namespace = "https://ordeal.dev/xmlns/target/1";

/// Whether a domain's XML says that it may be hurt: <ordeal:target/> in its <metadata>.
[[nodiscard]] bool has_opted_in(const std::string& domain_xml);

/// Libvirt of a host with domains of others on it. Changes nothing but permitted targets: named in
/// the testbed file and, unless named there by UUID, opted in on the domain itself. Never defines
/// or forgets a domain. Thread-safe.
class TargetHypervisor final : public Hypervisor {
  public:
    /// `site` must outlive it.
    TargetHypervisor(const Site& site, std::string host, std::unique_ptr<Libvirt> libvirt)
        : site_(site), host_(std::move(host)), libvirt_(std::move(libvirt)) {}

    Result<DomainStatus> state(const std::string& domain) override;
    /// Success when it runs already.
    Status start(const std::string& domain) override;
    Status destroy(const std::string& domain) override;
    Status suspend(const std::string& domain) override;
    Status resume(const std::string& domain) override;
    /// Refused: the domain is somebody's.
    Status remove(const std::string& domain) override;
    Result<std::vector<std::string>> domains() override;
    Status inject_nmi(const std::string& domain) override;
    Status set_link(const std::string& domain, LinkState state) override;
    Result<LinkState> link(const std::string& domain) override;
    Status ping_guest_agent(const std::string& domain, Duration deadline) override;
    Result<DomainOrders*> orders(const std::string& domain) override;
    Status alive(Duration deadline) override;
    Result<Subscription> subscribe(const std::string& domain,
                                   std::function<void(const DomainEvent&)> callback) override;

    /// Errors: refused (not a target, or not opted in, or another UUID), not_found, unavailable.
    [[nodiscard]] Status permitted(const std::string& domain);

    [[nodiscard]] Libvirt& libvirt() { return *libvirt_; }

  private:
    /// The host and its door in front of what failed.
    template <class T>
    [[nodiscard]] T named(T result) const;
    template <class Deed>
    [[nodiscard]] Status change(const std::string& domain, Deed deed);

    const Site& site_;
    const std::string host_;
    std::unique_ptr<Libvirt> libvirt_;
    std::mutex mutex_;
    std::set<std::string> permitted_;  ///< found so before
};

}  // namespace ordeal
