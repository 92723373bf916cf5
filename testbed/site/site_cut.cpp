#include "testbed/site/site_cut.hpp"

#include "testbed/nft_words.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <utility>

namespace ordeal {
namespace {

/// What is dropped at one host.
struct AtHost {
    const SiteHost* host = nullptr;
    std::vector<std::string> devices;
    std::vector<std::string> in;   ///< devices: all that comes
    std::vector<std::string> out;  ///< devices: all that goes
    std::vector<std::string> to;   ///< device . address: what goes there
};

Result<const SiteHost*> host_to_hurt(const Site& site, const std::string& name) {
    const auto tried = "drop frames at host " + name;
    const auto* host = site.host(name);
    if (host == nullptr) {
        return fail(ErrorKind::not_found, tried, "none in " + site.path);
    }
    if (!host->target) {
        return fail(ErrorKind::refused,
                    tried,
                    site.path + " permits no faults of it",
                    "target = true in its [[host]] permits them");
    }
    return host;
}

Result<std::string> in_file(const std::map<Plane, std::string>& planes,
                            Plane plane,
                            const std::string& host,
                            const char* table) {
    const auto found = planes.find(plane);
    if (found == planes.end()) {
        return fail(ErrorKind::missing,
                    "cut a way of host " + host,
                    fmt::format("its [host.{}] has no {}", table, name_of(plane)),
                    "write it into the testbed file");
    }
    return found->second;
}

Status add_way(const Site& site, const Way& way, AtHost& at) {
    const auto device = in_file(at.host->devices, way.plane, at.host->name, "devices");
    if (!device) {
        return device.error();
    }
    if (std::ranges::find(at.devices, *device) == at.devices.end()) {
        at.devices.push_back(*device);
    }
    const auto name = '"' + *device + '"';
    if (way.from.empty() || way.to.empty()) {
        (way.from.empty() ? at.in : at.out).push_back(name);
        return ok();
    }
    const auto* peer = site.host(way.to);
    if (way.plane == Plane::guest || peer == nullptr) {
        return fail(ErrorKind::usage,
                    "cut the way from " + way.from + " to " + way.to,
                    peer == nullptr ? "there is no such host"
                                    : "guests have addresses of their own: between two hosts the "
                                      "guests' plane cannot be cut at a real site",
                    "network.plane_cut cuts a whole host off");
    }
    const auto address = in_file(peer->planes, way.plane, peer->name, "planes");
    if (!address) {
        return address.error();
    }
    at.to.push_back(name + " . " + *address);
    return ok();
}

SiteCut commands_of(const AtHost& at,
                    const std::string& table,
                    const std::string& timeout,
                    const std::string& verdict) {
    const auto elements = [&](const std::string& verb, const std::string& each) {
        return nft_elements(verb, table, "in", at.in, each) +
               nft_elements(verb, table, "out", at.out, each) +
               nft_elements(verb, table, "to", at.to, each);
    };
    SiteCut cut{.host = at.host, .devices = at.devices};
    cut.make = fmt::format(
        "add table {0}\n"
        "delete table {0}\n"
        "add table {0}\n"
        "add set {0} in {{ type ifname; flags timeout; }}\n"
        "add set {0} out {{ type ifname; flags timeout; }}\n"
        "add set {0} to {{ type ifname . ipv4_addr; flags timeout; }}\n"
        "add chain {0} enter {{ type filter hook ingress devices = {{ {1} }} priority 0; }}\n"
        "add chain {0} leave {{ type filter hook egress devices = {{ {1} }} priority 0; }}\n"
        "add rule {0} enter iifname @in {2}\n"
        "add rule {0} leave oifname @out {2}\n"
        "add rule {0} leave oifname . ip daddr @to {2}\n",
        table,
        fmt::join(at.devices, ", "),
        verdict);
    cut.make += elements("add", timeout);
    // In one transaction; the elements are there, or were a moment ago.
    cut.renew = elements("add", timeout) + elements("delete", "") + elements("add", timeout);
    return cut;
}

}  // namespace

std::string site_table(const std::string& id) {
    return "netdev ordeal-" + id;
}

Result<std::vector<SiteCut>> site_cuts(const Site& site,
                                       const std::string& id,
                                       const std::vector<Way>& ways,
                                       Duration lease,
                                       const Impairment& impairment) {
    const auto tried = "cut \"" + id + "\"";
    if (!good_cut_name(id)) {
        return fail(ErrorKind::usage, tried, "not a name", "1 to 60 letters, digits, - _ .");
    }
    std::vector<AtHost> places;
    for (const auto& way : ways) {
        const auto& name = way.from.empty() ? way.to : way.from;
        if (name.empty()) {
            return fail(ErrorKind::usage, tried, "a way from everybody to everybody");
        }
        const auto host = host_to_hurt(site, name);
        if (!host) {
            return host.error();
        }
        auto at = std::ranges::find(places, *host, &AtHost::host);
        if (at == places.end()) {
            at = places.insert(places.end(), AtHost{.host = *host});
        }
        if (auto added = add_way(site, way, *at); !added) {
            return added.error();
        }
    }
    std::vector<SiteCut> cuts;
    for (const auto& at : places) {
        cuts.push_back(
            commands_of(at, site_table(id), nft_timeout(lease), nft_verdict(impairment)));
    }
    return cuts;
}

}  // namespace ordeal
