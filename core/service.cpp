#include "core/service.hpp"

#include <algorithm>
#include <charconv>
#include <fmt/format.h>

namespace ordeal {
namespace {

using std::chrono::microseconds;

std::int64_t micro(Duration duration) {
    return std::chrono::round<microseconds>(duration).count();
}

/// The number in front of `text`, which it takes away with the blank behind it.
std::optional<Duration> take_micro(std::string_view& text) {
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto length = static_cast<std::size_t>(end - text.data());
    if (error != std::errc{} || length >= text.size() || text[length] != ' ') {
        return std::nullopt;
    }
    text.remove_prefix(length + 1);
    return microseconds(number);
}

/// One word of one line, whatever a server answered.
std::string as_word(std::string text) {
    std::ranges::replace_if(
        text, [](char letter) { return letter >= 0 && letter < ' '; }, '?');
    return text;
}

Duration usual_time(const std::vector<Request>& requests) {
    std::vector<Duration> times;
    for (const auto& request : requests) {
        if (request.answered()) {
            times.push_back(request.ended - request.sent);
        }
    }
    if (times.empty()) {
        return {};
    }
    const auto middle = times.begin() + static_cast<std::ptrdiff_t>(times.size() / 2);
    std::ranges::nth_element(times, middle);
    return *middle;
}

class OutageFinder {
  public:
    OutageFinder(const std::vector<Request>& requests, Duration settled)
        : settled_(settled), usual_(usual_time(requests)) {}

    void take(const Request& request) {
        const auto gap = seen_ ? request.sent - last_sent_ : Duration{};
        if (!request.answered()) {
            failed(request, gap);
        } else {
            answered(request, gap);
        }
        seen_ = true;
        last_sent_ = request.sent;
    }

    std::vector<Outage> found;

  private:
    void failed(const Request& request, Duration gap) {
        const bool goes_on = !found.empty() &&
                             (!found.back().until || request.sent - *found.back().until < settled_);
        if (!goes_on) {
            found.push_back({.from = request.sent, .before = server_});
            begin_gap_ = gap;
        }
        found.back().until.reset();
        ++found.back().failed;
    }

    /// A request that was sent during the outage can be answered after it, by what the network
    /// kept; one that was sent later can be answered before that.
    void answered(const Request& request, Duration gap) {
        server_ = request.server;
        if (found.empty()) {
            return;
        }
        auto& outage = found.back();
        if (!outage.until || request.ended < *outage.until) {
            outage.until = request.ended;
            outage.after = request.server;
            outage.uncertainty = begin_gap_ + gap + usual_;
        }
    }

    const Duration settled_;
    const Duration usual_;
    bool seen_ = false;
    Instant last_sent_{};
    Duration begin_gap_{};
    std::string server_;
};

}  // namespace

std::string encode_requests(const std::vector<Request>& requests, Instant from) {
    std::string text;
    for (const auto& request : requests) {
        text += fmt::format("{} {} {}{}\n",
                            micro(request.sent - from),
                            micro(request.ended - request.sent),
                            request.answered() ? "" : "!",
                            as_word(request.answered() ? request.server : request.failure));
    }
    return text;
}

std::vector<Request> decode_requests(std::string_view text, Instant from) {
    std::vector<Request> requests;
    while (!text.empty()) {
        auto line = text.substr(0, text.find('\n'));
        text.remove_prefix(std::min(text.size(), line.size() + 1));
        const auto sent = take_micro(line);
        const auto took = sent ? take_micro(line) : std::nullopt;
        if (!took || line.empty()) {
            continue;
        }
        Request request{.sent = from + *sent, .ended = from + *sent + *took, .server = {}};
        if (line.starts_with('!')) {
            request.failure = line.substr(1);
        } else {
            request.server = line;
        }
        requests.push_back(std::move(request));
    }
    return requests;
}

std::vector<Request> requests_of(const History& history) {
    std::vector<Request> all;
    for (const auto* event : history.of(event::service_requests)) {
        const auto* rows = event->data.find<std::string>("rows");
        if (rows != nullptr) {
            std::ranges::move(decode_requests(*rows, event->at), std::back_inserter(all));
        }
    }
    std::ranges::stable_sort(all, {}, &Request::sent);
    return all;
}

std::vector<Outage> outages_of(const std::vector<Request>& requests, Duration settled) {
    OutageFinder finder(requests, settled);
    for (const auto& request : requests) {
        finder.take(request);
    }
    return std::move(finder.found);
}

std::vector<Ownership> ownership_of(const History& history) {
    std::vector<Ownership> stretches;
    for (const auto* event : history.of(event::service_owners)) {
        auto owners = event->data.get<std::vector<std::string>>("owners");
        const auto until = event->at + event->data.get<Duration>("interval");
        if (!stretches.empty()) {
            stretches.back().until = event->at;
        }
        if (!stretches.empty() && stretches.back().owners == owners) {
            stretches.back().until = until;
        } else {
            stretches.push_back({event->at, until, std::move(owners)});
        }
    }
    return stretches;
}

}  // namespace ordeal
