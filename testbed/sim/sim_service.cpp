#include "testbed/sim/sim_service.hpp"

#include <algorithm>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration takeover = 500ms;
constexpr Duration yielding = 1s;
constexpr Duration answer_time = 2ms;

std::string boot_of(const SimDomain& domain) {
    return domain.hello() ? domain.hello()->boot_id : "";
}

class SimServiceClient final : public ServiceClient {
  public:
    explicit SimServiceClient(SimClients& clients) : clients_(clients) {}

    void send(Duration deadline) override {
        const auto now = clients_.world().scheduler().now();
        const auto owners = clients_.owners();
        Request request{.sent = now, .ended = now + answer_time, .server = {}};
        if (owners.empty() || (owners.back()->serves() && owners.back()->service_hangs())) {
            request.ended = now + deadline;
            request.failure = "timeout";
        } else if (!owners.back()->serves()) {
            request.failure = "refused";
        } else {
            request.server = owners.back()->spec().name;
        }
        pending_.push_back(std::move(request));
    }

    std::vector<Request> ended() override {
        const auto now = clients_.world().scheduler().now();
        const auto open = std::ranges::stable_partition(
            pending_, [&](const Request& request) { return request.ended <= now; });
        std::vector<Request> result(pending_.begin(), open.begin());
        pending_.erase(pending_.begin(), open.begin());
        return result;
    }

  private:
    SimClients& clients_;
    std::vector<Request> pending_;
};

class SimEar final : public ClaimEar {
  public:
    explicit SimEar(SimClients& clients) : clients_(clients), known_(clients.announced().size()) {}

    Status ask() override {
        const auto now = clients_.world().scheduler().now();
        for (const auto& owner : clients_.owners()) {
            answers_.push_back({now + answer_time, sim_mac(owner->name()), true});
        }
        return ok();
    }

    std::vector<Claim> heard() override {
        auto claims = std::exchange(answers_, {});
        const auto& announced = clients_.announced();
        claims.insert(
            claims.end(), announced.begin() + static_cast<std::ptrdiff_t>(known_), announced.end());
        known_ = announced.size();
        std::ranges::stable_sort(claims, {}, &Claim::at);
        return claims;
    }

  private:
    SimClients& clients_;
    std::size_t known_;  ///< announcements that were heard already, or made before we listened
    std::vector<Claim> answers_;
};

}  // namespace

std::string sim_mac(const std::string& domain) {
    return "mac of " + domain;
}

Result<std::unique_ptr<ServiceClient>> SimClients::client(const std::string& /*address*/,
                                                          std::int64_t /*port*/,
                                                          const std::string& /*request*/) {
    return std::unique_ptr<ServiceClient>(std::make_unique<SimServiceClient>(*this));
}

Result<std::unique_ptr<ClaimEar>> SimClients::ear(const std::string& /*address*/) {
    return std::unique_ptr<ClaimEar>(std::make_unique<SimEar>(*this));
}

std::vector<std::shared_ptr<SimDomain>> SimClients::owners() {
    forget_lost();
    take_over();
    yield();
    std::vector<std::shared_ptr<SimDomain>> result;
    for (const auto& belief : beliefs_) {
        if (belief.answers) {
            result.push_back(belief.domain);
        }
    }
    return result;
}

/// A guest that was booted anew, or whose QEMU has ended, remembers nothing.
void SimClients::forget_lost() {
    std::erase_if(beliefs_, [&](const Belief& belief) {
        return !belief.domain->qemu() || boot_of(*belief.domain) != belief.boot;
    });
    const auto now = world_.scheduler().now();
    for (auto& belief : beliefs_) {
        const bool answers = belief.domain->network_answers();
        if (answers && !belief.answers) {
            belief.back = now;
        }
        belief.answers = answers;
    }
}

void SimClients::take_over() {
    const auto now = world_.scheduler().now();
    if (!beliefs_.empty() && beliefs_.back().answers) {
        lost_.reset();
        return;
    }
    lost_ = lost_.value_or(now);
    const bool first = claims_.empty();
    if (!first && now - *lost_ < takeover) {
        return;
    }
    std::map<std::string, std::shared_ptr<SimDomain>> members;
    for (const auto* machine : world_.machines()) {
        members.insert(machine->domains.begin(), machine->domains.end());
    }
    for (const auto& [name, domain] : members) {
        const bool believes =
            std::ranges::find(beliefs_, domain, &Belief::domain) != beliefs_.end();
        if (domain->network_answers() && !believes) {
            beliefs_.push_back({domain, boot_of(*domain), true, now});
            claims_.push_back({now, sim_mac(name), false});
            lost_.reset();
            return;
        }
    }
}

void SimClients::yield() {
    const auto now = world_.scheduler().now();
    const auto together = std::ranges::count(beliefs_, true, &Belief::answers);
    if (together < 2) {
        return;
    }
    const auto latest = std::ranges::max(beliefs_, {}, &Belief::back).back;
    if (now - latest >= yielding) {
        beliefs_.erase(beliefs_.begin(), beliefs_.end() - 1);
    }
}

}  // namespace ordeal
