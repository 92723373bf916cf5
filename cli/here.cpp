#include "cli/here.hpp"

#include "cli/needs.hpp"
#include "testbed/control_group.hpp"
#include "testbed/lab/impairment.hpp"
#include "testbed/process.hpp"
#include "testbed/storage/shared_server.hpp"

#include <chrono>
#include <functional>
#include <map>

namespace ordeal::cli {
namespace {

using namespace std::chrono_literals;

std::string why(const Status& status) {
    return status ? "" : status.error().answer;
}

std::string what_stress_ng_lacks() {
    const auto said = run({"stress-ng", "--cpu", "1", "--cpu-ops", "1", "--timeout", "2s"},
                          {.deadline = 5s, .cwd = "/"});
    const bool works = said && said->exit.success();
    return works ? "" : "stress-ng does not run: apt-get install stress-ng";
}

/// What the lab as a whole lacks.
std::string what_the_lab_lacks() {
    for (const auto& need : look_at_needs()) {
        if (!need.met && !need.optional) {
            return need.name + ": " + need.found;
        }
    }
    return "";
}

/// By the words in the `needs` of the catalogue; others are the experiment's affair.
std::string what_lacks(const std::string& need) {
    if (need == "kernel_cut") {
        return why(kernel_can({.loss = 1}));
    }
    if (need == "kernel_loss") {
        return why(kernel_can({.loss = 0.5}));
    }
    if (need == "kernel_rate") {
        return why(kernel_can({.rate = Bytes{1U << 20U}}));
    }
    if (need == "kernel_length") {
        return why(kernel_can({.larger_than = Bytes{1000}}));
    }
    if (need == "kernel_delay") {
        return why(kernel_can({.delay = 1ms}));
    }
    if (need == "served_disk" || need == "remote_disk") {
        return why(can_share("nbd"));
    }
    if (need == "freezer") {
        return what_confining_lacks({.frozen = true});
    }
    if (need == "cpu_quota") {
        return what_confining_lacks({.processors = 1});
    }
    if (need == "nmi") {
        return "the lab's power controllers take no diagnostic interrupt";
    }
    return need == "stress-ng" ? what_stress_ng_lacks() : "";
}

}  // namespace

std::vector<std::string> reasons_against(const std::vector<EntryInfo>& faults) {
    const auto lab = what_the_lab_lacks();
    std::map<std::string, std::string> known;
    std::vector<std::string> reasons;
    for (const auto& fault : faults) {
        auto reason = lab;
        for (const auto& need : fault.needs) {
            const auto [found, fresh] = known.try_emplace(need);
            if (fresh) {
                found->second = what_lacks(need);
            }
            reason = reason.empty() ? found->second : reason;
        }
        reasons.push_back(std::move(reason));
    }
    return reasons;
}

}  // namespace ordeal::cli
