#include "injectors/network_cut.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace ordeal::injectors {
namespace {

using Names = std::vector<std::string>;

bool has(const Names& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
}

Names planes_of(const Fault& fault) {
    auto planes = fault.params.get<Names>("planes");
    if (planes.empty()) {
        for (const auto plane : all_planes) {
            planes.emplace_back(name_of(plane));
        }
    }
    return planes;
}

/// The two sides are in the undo data: which hosts there are is the testbed's to say, once.
Names side(const Fault& fault, const std::string& name) {
    return fault.undo.get<Names>(name);
}

std::vector<Way> ways_of(const Fault& fault) {
    std::vector<Way> ways;
    for (const auto& word : planes_of(fault)) {
        const auto plane = plane_named(word).value_or(Plane::management);
        for (const auto& one : side(fault, "here")) {
            for (const auto& other : side(fault, "there")) {
                ways.push_back({.plane = plane, .from = one, .to = other});
                ways.push_back({.plane = plane, .from = other, .to = one});
            }
        }
    }
    return ways;
}

/// Every pair on every plane, one way: an echo needs both.
std::vector<Witness> witnesses_of(const Fault& fault) {
    std::vector<Witness> witnesses;
    for (const auto& way : ways_of(fault)) {
        if (has(side(fault, "here"), way.from)) {
            witnesses.push_back({.plane = way.plane, .from = way.from, .to = way.to});
        }
    }
    return witnesses;
}

Status find_sides(InjectorContext& context, Fault& fault) {
    const auto all = context.testbed.hosts();
    const auto tried = "prepare " + fault.kind;
    Names here{fault.target.host};
    for (const auto& name : fault.params.get<Names>("with")) {
        if (const auto host = context.testbed.host(name); !host) {
            return fail(ErrorKind::not_found, tried, "there is no host " + name);
        }
        here.push_back(name);
    }
    for (const auto& word : planes_of(fault)) {
        if (!plane_named(word)) {
            return fail(ErrorKind::definition, tried, "there is no plane " + word);
        }
    }
    Names there;
    std::ranges::copy_if(
        all, std::back_inserter(there), [&](const auto& name) { return !has(here, name); });
    if (there.empty()) {
        return fail(ErrorKind::refused, tried, "there is no host on the other side");
    }
    fault.undo.set("here", here);
    fault.undo.set("there", there);
    return ok();
}

}  // namespace

std::unique_ptr<Injector> network_partition() {
    return make_network_cut({.complete = find_sides, .ways = ways_of, .witnesses = witnesses_of});
}

}  // namespace ordeal::injectors
