#include "core/service.hpp"
#include "probes/common.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <set>

namespace ordeal::probes {
namespace {

using namespace std::chrono_literals;

using Owners = std::vector<std::string>;

constexpr Duration owners_recorded_each = 1s;
/// Of one interval: an address that two fight for is announced again and again.
constexpr int most_announcements = 8;

class ServiceOwner final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        auto made = context.service->clients.ear(context.service->spec.address);
        if (!made) {
            context.observer.failed(made.error());
            context.observer.saw(Opinion::unknown, "cannot listen");
            return;
        }
        auto& ear = **made;
        Rounds rounds(context);
        Rhythm rhythm(context);
        bool goes_on = true;
        while (goes_on) {
            const auto asked_at = context.scheduler.now();
            const auto asked = ear.ask();
            goes_on = rhythm.wait(stop);
            if (!asked) {
                context.observer.failed(asked.error());
                context.observer.saw(Opinion::unknown, "cannot ask");
            } else if (goes_on) {  // the last question had no time to be answered
                rounds.take(asked_at, ear.heard());
            }
        }
    }

  private:
    class Rounds {
      public:
        explicit Rounds(ProbeContext& context)
            : context_(context), threshold_(context.params.get<std::int64_t>("threshold")) {}

        void take(Instant asked_at, const std::vector<Claim>& heard) {
            std::set<std::string> owners;
            int announced = 0;
            for (const auto& claim : heard) {
                const auto owner = name_of_owner(claim.mac);
                last_seen_ = claim.at;
                if (claim.asked) {
                    owners.insert(owner);
                } else if (++announced <= most_announcements) {
                    context_.observer.note(event::service_claim, claim.at, {{"owner", owner}});
                }
            }
            record(asked_at, Owners(owners.begin(), owners.end()));
            say();
        }

      private:
        [[nodiscard]] std::string name_of_owner(const std::string& mac) const {
            const auto known = context_.service->members.find(mac);
            return known == context_.service->members.end() ? mac : known->second;
        }

        void record(Instant asked_at, Owners owners) {
            if (!recorded_ || owners != owners_ || asked_at - *recorded_ >= owners_recorded_each) {
                context_.observer.note(
                    event::service_owners,
                    asked_at,
                    {{"owners", owners}, {"interval", context_.params.get<Duration>("interval")}});
                recorded_ = asked_at;
            }
            owners_ = std::move(owners);
        }

        void say() {
            if (!owners_.empty()) {
                missed_ = 0;
                held_ = {Opinion::alive,
                         fmt::format("{} {} it",
                                     fmt::join(owners_, " and "),
                                     owners_.size() == 1 ? "has" : "have"),
                         {{"owners", owners_}}};
            } else if (++missed_ >= threshold_ && last_seen_) {
                held_ = {Opinion::dead, "nobody has it", {{"owners", Owners{}}}};
            }
            context_.observer.saw(held_.opinion, held_.detail, last_seen_, held_.facts);
        }

        ProbeContext& context_;
        const std::int64_t threshold_;
        Look held_{.detail = "nobody has answered yet"};
        std::optional<Instant> last_seen_;
        std::optional<Instant> recorded_;
        Owners owners_;
        std::int64_t missed_ = 0;
    };
};

}  // namespace

std::unique_ptr<Probe> service_owner() {
    return std::make_unique<ServiceOwner>();
}

}  // namespace ordeal::probes
