#pragma once

#include "core/probe.hpp"

#include <deque>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>

namespace ordeal::probes {

/// libvirt's events of a probe's domain, from the host that has it at the moment.
class EventFeed {
  public:
    /// The event that stands for others that were too many to keep.
    static constexpr std::string_view overflow = "overflow";

    /// `context` must outlive it.
    explicit EventFeed(ProbeContext& context);

    /// Subscribes where that is needed: at the beginning, after a failure, and when the domain has
    /// moved to another host, whose predecessor's events are dropped.
    enum class Subscribed { failed, anew, still };
    [[nodiscard]] Subscribed follow();

    /// Those that have come since the last time, oldest first.
    [[nodiscard]] std::deque<DomainEvent> take();

    /// Until one comes, at most `limit`.
    void wait(Duration limit, const std::stop_token& stop);

  private:
    class Inbox;

    ProbeContext& context_;
    std::shared_ptr<Inbox> inbox_;
    std::string host_;
    Subscription subscription_;  // last: its callback uses the inbox
};

/// Watches for one event until stopped: alive until it comes, dead from then on until one of
/// `ends`, or a start of the domain, comes. Unknown while there is no connection to libvirt; what
/// happened meanwhile it never learns.
void watch_event(ProbeContext& context,
                 const std::stop_token& stop,
                 std::string_view event,
                 std::initializer_list<std::string_view> ends);

}  // namespace ordeal::probes
