#include "probes/event_feed.hpp"

#include <algorithm>
#include <mutex>
#include <utility>

namespace ordeal::probes {

/// Events between libvirt's thread and the probe's. When it is full all are dropped for one
/// "overflow".
class EventFeed::Inbox {
  public:
    void put(const DomainEvent& event) {
        const std::lock_guard lock(mutex_);
        if (events_.size() >= bound) {
            events_.assign(1, {.domain = event.domain, .event = std::string(overflow)});
        }
        events_.push_back(event);
    }

    std::deque<DomainEvent> take() {
        const std::lock_guard lock(mutex_);
        return std::exchange(events_, {});
    }

    bool empty() {
        const std::lock_guard lock(mutex_);
        return events_.empty();
    }

  private:
    static constexpr std::size_t bound = 64;
    std::mutex mutex_;
    std::deque<DomainEvent> events_;
};

EventFeed::EventFeed(ProbeContext& context)
    : context_(context), inbox_(std::make_shared<Inbox>()) {}

EventFeed::Subscribed EventFeed::follow() {
    if (const auto now = context_.host.name(); now != host_) {
        subscription_.reset();  // what the former host says of it is of no account any more
        inbox_->take();
        host_ = now;
    }
    if (subscription_) {
        return Subscribed::still;
    }
    auto made = context_.host.hypervisor().subscribe(
        context_.domain,
        [inbox = inbox_, &scheduler = context_.scheduler](const DomainEvent& event) {
            inbox->put(event);
            scheduler.notify();
        });
    if (!made) {
        context_.observer.failed(made.error());
        return Subscribed::failed;
    }
    subscription_ = std::move(*made);
    return Subscribed::anew;
}

std::deque<DomainEvent> EventFeed::take() {
    return inbox_->take();
}

void EventFeed::wait(Duration limit, const std::stop_token& stop) {
    context_.scheduler.wait_for(limit, stop, [this] { return !inbox_->empty(); });
}

void watch_event(ProbeContext& context,
                 const std::stop_token& stop,
                 std::string_view event,
                 std::initializer_list<std::string_view> ends) {
    const auto interval = context.params.get<Duration>("interval");
    EventFeed feed(context);
    Fields facts;
    bool came = false;
    bool connected = false;
    while (!stop.stop_requested()) {
        const auto subscribed = feed.follow();
        connected = subscribed == EventFeed::Subscribed::anew ||
                    (connected && subscribed == EventFeed::Subscribed::still);
        for (const auto& heard : feed.take()) {
            if (heard.event == event) {
                came = true;
                facts = {{"event", heard.event}, {"detail", heard.detail}};
            } else if (heard.event == "started" ||
                       std::ranges::find(ends, heard.event) != ends.end()) {
                came = false;
                facts = {};
            } else if (heard.event == "connection_lost" || heard.event == "connection_back") {
                connected = heard.event == "connection_back";
            }
        }
        if (!connected && subscribed != EventFeed::Subscribed::failed) {
            context.observer.failed(
                fail(ErrorKind::unavailable, "hear libvirt's events", "there is no connection"));
        }
        const auto opinion = !connected ? Opinion::unknown : came ? Opinion::dead : Opinion::alive;
        context.observer.saw(opinion,
                             !connected ? "no connection to libvirt"
                             : came     ? std::string(event)
                                        : "no " + std::string(event),
                             {},
                             facts);
        feed.wait(interval, stop);
    }
}

}  // namespace ordeal::probes
