#pragma once

#include "verifier/crash/image_view.hpp"
#include "verifier/crash/trace.hpp"

#include <array>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace ordeal::testing {

/// Tells a trace event by event. Sectors are filled with one letter.
class TraceStory {
  public:
    explicit TraceStory(std::uint64_t sectors, std::uint32_t atom = 512) {
        header_ = {.atom = atom, .disk_size = sectors * 512};
    }

    /// Issues; the answer is the request.
    std::uint64_t write(std::uint64_t sector, std::string letters, bool fua = false) {
        auto& data = data_.emplace_back();
        for (const char letter : letters) {
            data.insert(data.end(), 512, static_cast<std::byte>(letter));
        }
        return issue({.type = verifier::crash::EventType::write,
                      .fua = fua,
                      .offset = sector * 512,
                      .length = data.size(),
                      .data = data});
    }

    std::uint64_t write_bytes(std::uint64_t sector, std::vector<std::byte> bytes) {
        auto& data = data_.emplace_back(std::move(bytes));
        return issue({.type = verifier::crash::EventType::write,
                      .offset = sector * 512,
                      .length = data.size(),
                      .data = data});
    }

    std::uint64_t zeroes(std::uint64_t sector, std::uint64_t count) {
        return issue({.type = verifier::crash::EventType::zeroes,
                      .offset = sector * 512,
                      .length = count * 512});
    }

    std::uint64_t discard(std::uint64_t sector, std::uint64_t count) {
        return issue({.type = verifier::crash::EventType::discard,
                      .offset = sector * 512,
                      .length = count * 512});
    }

    std::uint64_t flush() { return issue({.type = verifier::crash::EventType::flush}); }

    void complete(std::uint64_t request, std::uint16_t error = 0) {
        add({.type = verifier::crash::EventType::completion, .error = error, .request = request});
    }

    void written(std::uint64_t sector, std::string letters, bool fua = false) {
        complete(write(sector, std::move(letters), fua));
    }

    void flushed() { complete(flush()); }

    void mark(std::span<const std::byte> bytes) {
        const auto& data = data_.emplace_back(bytes.begin(), bytes.end());
        add({.type = verifier::crash::EventType::mark, .data = data});
    }

    void mark(std::string_view text) { mark(std::as_bytes(std::span(text))); }

    void write_cache(bool on) {
        add({.type = verifier::crash::EventType::write_cache, .offset = on ? 1U : 0U});
    }

    [[nodiscard]] std::vector<std::byte> bytes() const {
        return verifier::crash::encode_trace(header_, events_);
    }

    /// Throws when it is no sound trace.
    [[nodiscard]] verifier::crash::Trace trace() const {
        return std::move(verifier::crash::parse_trace(bytes()).value());
    }

    /// A disk of dots.
    [[nodiscard]] verifier::crash::BaseImage base() const {
        return verifier::crash::BaseImage(
            std::vector<std::byte>(header_.disk_size, std::byte{'.'}));
    }

  private:
    std::uint64_t issue(verifier::crash::TraceEvent event) {
        event.request = ++requests_;
        add(event);
        return requests_;
    }

    void add(verifier::crash::TraceEvent event) {
        event.time = events_.size() * 1000;
        events_.push_back(event);
    }

    verifier::crash::TraceHeader header_;
    std::vector<verifier::crash::TraceEvent> events_;
    std::deque<std::vector<std::byte>> data_;
    std::uint64_t requests_ = 0;
};

}  // namespace ordeal::testing
