#include "testbed/cluster_words.hpp"

#include "testbed/lab/planes.hpp"

#include <chrono>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ordeal {

std::string cluster_words(const MemberSpec& member, const std::string& node) {
    std::vector<std::string> members;
    for (std::size_t i = 0; i < member.service.members.size(); ++i) {
        members.push_back(
            fmt::format("{}@{}", member.service.members[i], guest_address(member.slots.at(i))));
    }
    std::vector<std::string> timings;
    for (const auto& [name, value] : member.cluster.timings) {
        const auto length = std::chrono::ceil<std::chrono::milliseconds>(value);
        timings.push_back(fmt::format("{}:{}", name, length.count()));
    }
    return fmt::format(
        "ordeal.stack={} ordeal.node={} ordeal.members={} ordeal.vip={}/{} ordeal.port={} "
        "ordeal.timings={} ordeal.failback={}",
        member.cluster.stack,
        node,
        fmt::join(members, ","),
        member.service.address,
        prefix_of(Plane::guest),
        member.service.port,
        fmt::join(timings, ","),
        member.cluster.failback ? "on" : "off");
}

}  // namespace ordeal
