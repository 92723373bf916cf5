#pragma once

#include "core/probe.hpp"
#include "core/schema.hpp"
#include "core/toml_reader.hpp"
#include "probes/catalogue.hpp"
#include "tests/sim/sim_fixture.hpp"

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace ordeal {

/// What a probe said, in the order it said it.
class Notebook final : public Observer {
  public:
    struct Remark {
        Instant at{};
        Opinion opinion = Opinion::unknown;
        std::string detail;
        std::optional<Instant> last_seen;
        Fields facts;
    };

    explicit Notebook(const Scheduler& scheduler) : scheduler_(scheduler) {}

    void saw(Opinion opinion,
             std::string detail,
             std::optional<Instant> last_seen,
             Fields facts) override {
        remarks.push_back(
            {scheduler_.now(), opinion, std::move(detail), last_seen, std::move(facts)});
    }

    void note(std::string_view event_kind, Instant at, Fields data) override {
        notes.push_back({.at = at, .kind = std::string(event_kind), .data = std::move(data)});
    }

    void failed(const Error& error) override { errors.push_back(error); }

    [[nodiscard]] Opinion opinion() const {
        return remarks.empty() ? Opinion::unknown : remarks.back().opinion;
    }

    /// When it first was of this opinion at or after `from`; a far instant if never.
    [[nodiscard]] Instant first(Opinion opinion, Instant from) const {
        for (const auto& remark : remarks) {
            if (remark.at >= from && remark.opinion == opinion) {
                return remark.at;
            }
        }
        return Instant::max();
    }

    std::vector<Remark> remarks;
    std::vector<Event> notes;
    std::vector<Error> errors;

  private:
    const Scheduler& scheduler_;
};

/// One probe that watches the simulated domain "vm", with the defaults of its schema.
class ProbeFixture : public SimFixture {
  public:
    explicit ProbeFixture(std::string_view kind,
                          const DomainSpec& spec = {.name = "vm"},
                          const std::vector<std::string>& hosts = {"n1"})
        : SimFixture(spec, hosts) {
        for (const auto& row : probes::catalogue()) {
            if (row.kind == kind) {
                probe_ = row.make();
                params = defaults(row);
            }
        }
    }

    void watch() {
        task_ = scheduler.spawn("probe", [this](const std::stop_token& token) {
            ProbeContext context{.scheduler = scheduler,
                                 .host = *host,
                                 .guest = *guest,
                                 .domain = domain,
                                 .params = params,
                                 .observer = notebook,
                                 .service = &service};
            probe_->watch(context, token);
        });
    }

    /// Watches, lets a little time pass and says when now is.
    Instant watch_a_while() {
        watch();
        pass(std::chrono::milliseconds(1030));
        return scheduler.now();
    }

    void stop_watching() { task_.reset(); }

    static Params defaults(const CatalogueRow<Probe>& row) {
        Diagnostics wrong;
        const auto info = parse_schema(EntryRole::probe, row.kind, row.toml, wrong);
        const auto nothing = parse_toml("# nothing\n", "defaults", wrong);
        if (!info || !nothing) {
            throw std::logic_error(to_text(wrong));
        }
        return read_params(*nothing, nothing->root, info->params, {}, UnknownKeys::report, wrong);
    }

    /// Another member of the service, on the last host, until it serves.
    SimDomain& add_member(const std::string& name) {
        const auto slot = static_cast<int>(testbed.hosts().size()) - 1;
        const auto made = testbed.provision({.name = name}, name, slot, {}).value();
        (*testbed.host(made.host))->hypervisor().start(name).value();
        (void)(*testbed.guest(name))
            ->wait_hello(scheduler.now() + std::chrono::seconds(10))
            .value();
        service.members.emplace(made.mac, name);
        return *world.domain(name);
    }

    Params params;
    Notebook notebook{scheduler};
    const ServiceSpec service_spec{.address = "10.77.9.1", .members = {"vm"}};
    ServiceView service{
        .spec = service_spec, .clients = **testbed.clients(), .members = {{sim_mac("vm"), "vm"}}};

  private:
    std::unique_ptr<Probe> probe_;
    std::unique_ptr<Task> task_;  // last: it uses all above
};

}  // namespace ordeal
