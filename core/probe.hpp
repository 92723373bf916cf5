#pragma once

#include "core/event.hpp"
#include "core/scheduler.hpp"
#include "core/testbed.hpp"

#include <map>
#include <optional>
#include <stop_token>
#include <string>

namespace ordeal {

/// Where a probe says what it sees. Thread-safe. Takes care of recording only changes plus one line
/// a second.
class Observer {
  public:
    virtual ~Observer() = default;
    /// `detail` is for people and short; `last_seen` the last positive sign of life in scheduler
    /// time.
    virtual void saw(Opinion opinion,
                     std::string detail,
                     std::optional<Instant> last_seen = {},
                     Fields facts = {}) = 0;
    /// An event of another kind than an observation, about the probe's domain (console lines).
    /// `at` is scheduler time, like all that a probe knows.
    virtual void note(std::string_view event_kind, Instant at, Fields data) = 0;
    /// The probe could not look.
    virtual void failed(const Error& error) = 0;
};

/// The service that a probe of the family `service` watches.
struct ServiceView {
    const ServiceSpec& spec;
    ClientSide& clients;
    std::map<std::string, std::string> members;  ///< domains' names by hardware address
};

struct ProbeContext {
    Scheduler& scheduler;
    Host& host;
    Guest& guest;
    const std::string& domain;  ///< as libvirt knows it
    const Params& params;       ///< validated; always has `interval`
    Observer& observer;
    /// Of a probe of the service, which has nothing to do with the domain and its host; else none.
    const ServiceView* service = nullptr;
};

/// Watches one domain through one door until stopped, and says what it sees.
/// The runner starts one task per probe and domain.
class Probe {
  public:
    virtual ~Probe() = default;
    /// Returns when `stop` is requested. Waits only through the scheduler. Never throws.
    virtual void watch(ProbeContext& context, const std::stop_token& stop) = 0;
};

}  // namespace ordeal
