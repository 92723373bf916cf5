#include "campaign/trial_service.hpp"

#include <algorithm>

namespace ordeal {

Status TrialService::start(const Experiment& experiment,
                           const Catalogues& catalogues,
                           std::span<const std::unique_ptr<TrialDomain>> domains) {
    const bool watched = std::ranges::any_of(
        experiment.probes, [](const auto& probe) { return watches_service(probe.kind); });
    if (!watched || !experiment.service) {
        return ok();
    }
    auto clients = testbed_.clients();
    if (!clients) {
        return clients.error();
    }
    view_.emplace(ServiceView{.spec = *experiment.service, .clients = **clients, .members = {}});
    TrialDomain* first = nullptr;
    for (const auto& domain : domains) {
        const bool member = std::ranges::count(experiment.service->members, domain->subject()) != 0;
        if (member) {
            first = first == nullptr ? domain.get() : first;
            view_->members.emplace(domain->provisioned().mac, domain->subject());
        }
    }
    if (first == nullptr) {
        return fail(ErrorKind::internal, "watch the service", "it has no members");
    }
    for (const auto& spec : experiment.probes) {
        if (auto started = watches_service(spec.kind) ? start(spec, catalogues, *first) : ok();
            !started) {
            return started;
        }
    }
    return ok();
}

Status TrialService::start(const ProbeSpec& spec,
                           const Catalogues& catalogues,
                           TrialDomain& first) {
    std::shared_ptr<Probe> probe = make(catalogues.probes, spec.kind);
    auto host = testbed_.host(first.provisioned().host);
    if (!probe || !host) {
        return probe ? Status(host.error())
                     : fail(ErrorKind::internal, "start probe " + spec.kind, "no such kind");
    }
    observers_.push_back(std::make_unique<ProbeRecorder>(
        scheduler_, recorder_, spec.kind, service_subject, spec.params.get<Duration>("interval")));
    auto watch = [this, probe, &first, &spec, host = *host, observer = observers_.back().get()](
                     const std::stop_token& stop) {
        ProbeContext context{.scheduler = scheduler_,
                             .host = *host,
                             .guest = *first.guest(),
                             .domain = first.provisioned().domain,
                             .params = spec.params,
                             .observer = *observer,
                             .service = &*view_};
        probe->watch(context, stop);
    };
    probes_.push_back(scheduler_.spawn(spec.kind, std::move(watch)));
    return ok();
}

void TrialService::stop() {
    for (const auto& probe : probes_) {
        probe->request_stop();
    }
    for (const auto& probe : probes_) {
        probe->join();
    }
    probes_.clear();
}

}  // namespace ordeal
