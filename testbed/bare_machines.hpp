#pragma once

#include "core/testbed.hpp"
#include "testbed/lab/node.hpp"
#include "testbed/process.hpp"

#include <filesystem>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace ordeal {

/// A "machine" without virtualisation: the agent on the host itself, in namespaces of its own, with
/// the disk mounted there through a loop device.
struct BareMachine {
    std::filesystem::path disk;  ///< as the node sees it
    std::string filesystem;
    std::string mount_options;
    std::filesystem::path agent_socket;  ///< as the node sees it
    std::filesystem::path log;
};

/// Where its disk is mounted, in its mount namespace.
inline constexpr const char* bare_mount_point = "/run/ordeal/bare";

/// A node's machines, with and without virtualisation: the bare ones here, all others another's.
/// A bare machine is bound to one process; when that ends its mount is gone, too. Thread-safe.
class BareMachines final : public Hypervisor {
  public:
    /// `before_start` as in LibvirtOptions. All must outlive this.
    BareMachines(Hypervisor& others,
                 LabNode node,
                 std::function<Status(const std::string& domain)> before_start)
        : others_(others), node_(std::move(node)), before_start_(std::move(before_start)) {}

    /// From now on `name` is a bare machine, shut off.
    void add(const std::string& name, BareMachine machine);
    /// `not_found` when there is none of this name, or it is off.
    [[nodiscard]] Result<ProcessRef> process(const std::string& name) const;
    /// Also of another process's: by what that left in the node. Idempotent.
    [[nodiscard]] Status forget(const std::string& name);

    Result<DomainStatus> state(const std::string& domain) override;
    Status start(const std::string& domain) override;
    Status destroy(const std::string& domain) override;

    Status suspend(const std::string& domain) override { return others_.suspend(domain); }

    Status resume(const std::string& domain) override { return others_.resume(domain); }

    Status remove(const std::string& domain) override { return others_.remove(domain); }

    Result<std::vector<std::string>> domains() override { return others_.domains(); }

    Status migrate(const std::string& domain,
                   const Migration& migration,
                   Duration deadline) override {
        return others_.migrate(domain, migration, deadline);
    }

    Status inject_nmi(const std::string& domain) override { return others_.inject_nmi(domain); }

    Status set_link(const std::string& domain, LinkState state) override {
        return others_.set_link(domain, state);
    }

    Result<LinkState> link(const std::string& domain) override { return others_.link(domain); }

    Status ping_guest_agent(const std::string& domain, Duration deadline) override {
        return others_.ping_guest_agent(domain, deadline);
    }

    Result<DomainOrders*> orders(const std::string& domain) override {
        return is_bare(domain) ? Hypervisor::orders(domain) : others_.orders(domain);
    }

    Status alive(Duration deadline) override { return others_.alive(deadline); }

    Result<Subscription> subscribe(const std::string& domain,
                                   std::function<void(const DomainEvent&)> callback) override {
        return others_.subscribe(domain, std::move(callback));
    }

  private:
    [[nodiscard]] bool is_bare(const std::string& name) const;
    [[nodiscard]] std::filesystem::path pid_file(const std::string& name) const;

    Hypervisor& others_;
    LabNode node_;
    std::function<Status(const std::string& domain)> before_start_;
    mutable std::mutex mutex_;
    std::map<std::string, BareMachine> machines_;
    std::map<std::string, Child> children_;  ///< those that we started
};

}  // namespace ordeal
