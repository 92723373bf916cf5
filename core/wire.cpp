#include "core/wire.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace ordeal::wire {
namespace {

constexpr std::array magic{std::byte{0xF0}, std::byte{'O'}, std::byte{'r'}, std::byte{0x9D}};
constexpr std::size_t checked_part = 14;

std::uint16_t header_check(ByteView header) {
    return static_cast<std::uint16_t>(checksum(header.first(checked_part)));
}

std::uint32_t payload_check(ByteView payload) {
    return static_cast<std::uint32_t>(checksum(payload));
}

}  // namespace

Buffer encode_frame(std::uint8_t type, std::uint32_t sequence, ByteView payload) {
    if (payload.size() > max_payload) {
        throw std::length_error("frame payload over the protocol's limit");
    }
    Buffer bytes(header_size + payload.size());
    const std::span header(bytes);
    std::ranges::copy(magic, bytes.begin());
    store_le(header.subspan(4), static_cast<std::uint32_t>(payload.size()));
    store_le(header.subspan(8), sequence);
    store_le(header.subspan(12), type);
    store_le(header.subspan(13), protocol_version);
    store_le(header.subspan(14), header_check(header));
    store_le(header.subspan(16), payload_check(payload));
    std::ranges::copy(payload, bytes.begin() + header_size);
    return bytes;
}

std::string_view name_of(ProblemKind kind) {
    switch (kind) {
        case ProblemKind::garbage:
            return "garbage";
        case ProblemKind::oversized:
            return "oversized frame";
        case ProblemKind::version:
            return "other protocol version";
        case ProblemKind::checksum:
            return "checksum mismatch";
        case ProblemKind::sequence:
            return "sequence break";
        case ProblemKind::truncated:
            return "truncated frame";
        case ProblemKind::message:
            return "unknown message";
    }
    return "garbage";
}

std::string Problem::text() const {
    return std::string(name_of(kind)) + ": " + detail;
}

void Decoder::feed(ByteView bytes) {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(begin_));
    begin_ = 0;
    buffer_.insert(buffer_.end(), bytes.begin(), bytes.end());
}

std::optional<Decoder::Item> Decoder::next() {
    if (held_) {
        return std::exchange(held_, std::nullopt).value();
    }
    if (auto problem = skip_garbage()) {
        return *std::move(problem);
    }
    return take_frame();
}

std::optional<Problem> Decoder::finish() {
    const auto left = rest().size();
    buffer_.clear();
    begin_ = 0;
    expected_.reset();
    held_.reset();
    if (left == 0) {
        return std::nullopt;
    }
    return Problem{ProblemKind::truncated, std::to_string(left) + " bytes of it had arrived"};
}

ByteView Decoder::rest() const {
    return ByteView(buffer_).subspan(begin_);
}

void Decoder::consume(std::size_t count) {
    begin_ += count;
}

/// Moves to the next sound header, or as far as it can be ruled out that one starts earlier.
std::optional<Problem> Decoder::skip_garbage() {
    const auto bytes = rest();
    std::size_t at = 0;
    for (; at < bytes.size(); ++at) {
        const auto from = bytes.subspan(at);
        const auto compared = std::min(from.size(), magic.size());
        if (!std::ranges::equal(from.first(compared), std::span(magic).first(compared))) {
            continue;
        }
        if (from.size() < header_size ||
            load_le<std::uint16_t>(from.subspan(14)) == header_check(from)) {
            break;
        }
    }
    consume(at);
    if (at == 0) {
        return std::nullopt;
    }
    return Problem{ProblemKind::garbage, "skipped " + std::to_string(at) + " bytes"};
}

/// With a sound header, or too few bytes to tell, at the front.
std::optional<Decoder::Item> Decoder::take_frame() {
    const auto bytes = rest();
    if (bytes.size() < header_size) {
        return std::nullopt;
    }
    const std::size_t length = load_le<std::uint32_t>(bytes.subspan(4));
    if (length > max_payload) {
        consume(magic.size());
        return Problem{ProblemKind::oversized, std::to_string(length) + " bytes announced"};
    }
    if (bytes.size() < header_size + length) {
        return std::nullopt;
    }
    const auto payload = bytes.subspan(header_size, length);
    if (load_le<std::uint32_t>(bytes.subspan(16)) != payload_check(payload)) {
        // Only the magic is dropped: when bytes went missing, sound frames follow inside `length`.
        consume(magic.size());
        return Problem{ProblemKind::checksum, "frame of " + std::to_string(length) + " bytes"};
    }
    const auto version = load_le<std::uint8_t>(bytes.subspan(13));
    Frame frame{load_le<std::uint8_t>(bytes.subspan(12)),
                load_le<std::uint32_t>(bytes.subspan(8)),
                Buffer(payload.begin(), payload.end())};
    consume(header_size + length);
    const auto expected = std::exchange(expected_, next_sequence(frame.sequence));
    if (version != protocol_version) {
        return Problem{ProblemKind::version, "version " + std::to_string(version)};
    }
    if (frame.sequence != 0 && expected && frame.sequence != *expected) {
        Problem problem{
            ProblemKind::sequence,
            "expected " + std::to_string(*expected) + ", got " + std::to_string(frame.sequence)};
        held_ = std::move(frame);
        return problem;
    }
    return frame;
}

}  // namespace ordeal::wire
