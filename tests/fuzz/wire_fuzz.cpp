// Feeds arbitrary bytes, in pieces of arbitrary size, to the decoder, and arbitrary payloads under
// sound checksums to the messages. What decodes must encode to the same bytes.
#include "core/wire_messages.hpp"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ordeal::wire;
    const auto bytes = std::as_bytes(std::span(data, size));
    if (bytes.empty()) {
        return 0;
    }
    MessageDecoder decoder;
    const auto piece = std::to_integer<std::size_t>(bytes[0]) + 1;
    for (std::size_t at = 0; at < size; at += piece) {
        decoder.feed(bytes.subspan(at, std::min(piece, size - at)));
        while (decoder.next()) {
        }
    }
    (void)decoder.finish();

    const auto payload = bytes.subspan(1).first(std::min(size - 1, max_payload));
    const Frame frame{static_cast<std::uint8_t>(data[0] % std::variant_size_v<Message>),
                      0,
                      Buffer(payload.begin(), payload.end())};
    const auto message = decode(frame);
    if (message && encode(*message, 0) != encode_frame(frame.type, 0, frame.payload)) {
        std::abort();
    }
    return 0;
}
