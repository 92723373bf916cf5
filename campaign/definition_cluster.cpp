#include "campaign/definition_cluster.hpp"

#include "campaign/definition_keys.hpp"
#include "core/schema.hpp"

#include <algorithm>
#include <array>
#include <fmt/format.h>
#include <string_view>

namespace ordeal {
namespace {

struct Timing {
    std::string_view name;
    std::string_view stack;
};

constexpr std::array timings{Timing{"keepalive", "heartbeat"},
                             Timing{"deadtime", "heartbeat"},
                             Timing{"warntime", "heartbeat"},
                             Timing{"initdead", "heartbeat"},
                             Timing{"advert_int", "keepalived"}};

class ClusterRules {
  public:
    ClusterRules(const Document& document,
                 const Entry& cluster,
                 const Experiment& experiment,
                 Diagnostics& out)
        : document_(document), entry_(cluster), experiment_(experiment), out_(out) {}

    void run(const ClusterSpec& cluster) {
        if (!experiment_.service) {
            complain(entry_.key_span,
                     "a cluster without a service",
                     "add [service] with the address and the members");
            return;
        }
        const auto members = experiment_.service->members.size();
        if (members == 1 || (members > 2 && cluster.stack == "heartbeat")) {
            complain(at("stack"),
                     fmt::format("{} makes a cluster of {}, not of {}",
                                 cluster.stack,
                                 cluster.stack == "heartbeat" ? "two" : "two or more",
                                 members));
        }
        for (const auto& domain : experiment_.domains) {
            if (domain.machine == "bare" &&
                std::ranges::count(experiment_.service->members, domain.name) != 0) {
                complain(entry_.key_span,
                         fmt::format("\"{}\" is a bare machine; only virtual ones can be members",
                                     domain.name));
            }
        }
        check_order(cluster, "keepalive", "warntime");
        check_order(cluster, "warntime", "deadtime");
        check_order(cluster, "deadtime", "initdead");
    }

  private:
    [[nodiscard]] Span at(std::string_view key) const {
        const Entry* entry = entry_.value.find(key);
        return entry == nullptr ? entry_.key_span : entry->value.span;
    }

    void complain(Span span, std::string message, std::string hint = {}) {
        out_.push_back(document_.at(span, std::move(message), std::move(hint)));
    }

    void check_order(const ClusterSpec& cluster, std::string_view low, std::string_view high) {
        const auto timing = [&](std::string_view name) {
            return std::ranges::find(
                cluster.timings, name, [](const auto& each) { return each.first; });
        };
        const auto none = cluster.timings.end();
        const auto first = timing(low);
        const auto second = timing(high);
        if (first != none && second != none && second->second <= first->second) {
            complain(at(entry_.value.find(high) == nullptr ? low : high),
                     fmt::format("{} ({}) must be longer than {} ({})",
                                 high,
                                 to_text(second->second),
                                 low,
                                 to_text(first->second)));
        }
    }

    const Document& document_;
    const Entry& entry_;
    const Experiment& experiment_;
    Diagnostics& out_;
};

}  // namespace

std::optional<ClusterSpec> read_cluster(const Document& document,
                                        const Node& root,
                                        Diagnostics& out) {
    const Entry* entry = root.find("cluster");
    if (entry == nullptr) {
        return std::nullopt;
    }
    if (entry->value.as<Node::Table>() == nullptr) {
        out.push_back(
            document.at(entry->key_span, "\"cluster\" must be a table", "write [cluster]"));
        return std::nullopt;
    }
    const auto keys = definition_keys::cluster();
    const auto params = read_params(document, entry->value, keys, {}, UnknownKeys::report, out);
    ClusterSpec cluster{.stack = params.get<std::string>("stack"),
                        .failback = params.get<bool>("failback", true),
                        .timings = {}};
    for (const auto& timing : timings) {
        const auto name = std::string(timing.name);
        const Entry* given = entry->value.find(name);
        if (timing.stack == cluster.stack) {
            cluster.timings.emplace_back(name, params.get<Duration>(name));
        } else if (given != nullptr && !cluster.stack.empty()) {
            out.push_back(document.at(
                given->key_span,
                fmt::format(
                    "\"{}\" is a word of {}, not of {}", name, timing.stack, cluster.stack)));
        }
    }
    return cluster;
}

void check_cluster(const Document& document,
                   const Node& root,
                   const Experiment& experiment,
                   Diagnostics& out) {
    const Entry* entry = root.find("cluster");
    if (entry != nullptr && experiment.cluster) {
        ClusterRules(document, *entry, experiment, out).run(*experiment.cluster);
    }
}

}  // namespace ordeal
