#include "core/service.hpp"
#include "probes/common.hpp"

#include <algorithm>

namespace ordeal::probes {
namespace {

using namespace std::chrono_literals;

/// Requests are recorded together: an event for each would be the greatest part of a history.
constexpr Duration requests_recorded_each = 1s;

class ServiceRequests final : public Probe {
  public:
    void watch(ProbeContext& context, const std::stop_token& stop) override {
        const auto& spec = context.service->spec;
        auto made = context.service->clients.client(spec.address, spec.port, spec.request);
        if (!made) {
            context.observer.failed(made.error());
            context.observer.saw(Opinion::unknown, "cannot ask");
            return;
        }
        auto& client = **made;
        const auto deadline = context.params.get<Duration>("deadline");
        Series series(context);
        Rhythm rhythm(context);
        do {
            client.send(deadline);
            series.take(client.ended());
        } while (rhythm.wait(stop));
        series.take(client.ended());
        series.record();
    }

  private:
    class Series {
      public:
        explicit Series(ProbeContext& context)
            : context_(context), threshold_(context.params.get<std::int64_t>("threshold")) {}

        void take(std::vector<Request> ended) {
            std::ranges::stable_sort(ended, {}, &Request::ended);
            for (auto& request : ended) {
                look(request);
                unrecorded_.push_back(std::move(request));
            }
            context_.observer.saw(held_.opinion, held_.detail, last_seen_, held_.facts);
            if (context_.scheduler.now() - recorded_ >= requests_recorded_each) {
                record();
            }
        }

        void record() {
            recorded_ = context_.scheduler.now();
            if (unrecorded_.empty()) {
                return;
            }
            std::ranges::stable_sort(unrecorded_, {}, &Request::sent);
            const auto from = unrecorded_.front().sent;
            context_.observer.note(
                event::service_requests, from, {{"rows", encode_requests(unrecorded_, from)}});
            unrecorded_.clear();
        }

      private:
        void look(const Request& request) {
            if (request.answered()) {
                missed_ = 0;
                last_seen_ = request.ended;
                held_ = {Opinion::alive, request.server + " answers", {{"server", request.server}}};
            } else if (++missed_ >= threshold_ && last_seen_) {
                held_ = {Opinion::dead,
                         std::to_string(threshold_) + " requests unanswered",
                         {{"failure", request.failure}}};
            }
        }

        ProbeContext& context_;
        const std::int64_t threshold_;
        Look held_{.detail = "no answer yet"};
        std::optional<Instant> last_seen_;
        std::int64_t missed_ = 0;
        std::vector<Request> unrecorded_;
        Instant recorded_ = context_.scheduler.now();
    };
};

}  // namespace

std::unique_ptr<Probe> service_requests() {
    return std::make_unique<ServiceRequests>();
}

}  // namespace ordeal::probes
