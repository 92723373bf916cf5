#pragma once

#include "core/wire_bytes.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

/// Frames between the controller and the guest agent, over a byte stream or one in a datagram.
///
///   offset 0  u32  magic
///          4  u32  payload length
///          8  u32  sequence of this direction; 0 opens a session
///         12  u8   type
///         13  u8   protocol version
///         14  u16  check of the 14 bytes before it
///         16  u32  check of the payload
///         20       payload
///
/// All numbers are little-endian. The header has a check of its own so that a damaged length is
/// seen at once instead of after 64 KiB more.
namespace ordeal::wire {

inline constexpr std::uint8_t protocol_version = 1;
inline constexpr std::size_t header_size = 20;
inline constexpr std::size_t max_frame = std::size_t{64} * 1024;  ///< header and payload
inline constexpr std::size_t max_payload = max_frame - header_size;

struct Frame {
    std::uint8_t type = 0;
    std::uint32_t sequence = 0;
    Buffer payload;
};

/// The bytes of one frame. Throws std::length_error when the payload is over max_payload: senders
/// bound what they put in.
[[nodiscard]] Buffer encode_frame(std::uint8_t type, std::uint32_t sequence, ByteView payload);

/// The sequence after `sequence`: skips 0, which would open a new session.
[[nodiscard]] constexpr std::uint32_t next_sequence(std::uint32_t sequence) {
    return sequence == UINT32_MAX ? 1 : sequence + 1;
}

enum class ProblemKind : std::uint8_t {
    garbage,    ///< bytes that are no frame were skipped
    oversized,  ///< a sound header announces more than max_payload
    version,    ///< a sound frame of another protocol version was skipped
    checksum,   ///< a sound header with a damaged payload
    sequence,   ///< frames are missing, repeated or out of order; the frame itself is delivered
    truncated,  ///< the stream ended inside a frame
    message     ///< a sound frame whose payload is no message that we know
};

[[nodiscard]] std::string_view name_of(ProblemKind kind);

/// What was wrong with the stream. Never fatal: reading goes on at the next sound frame.
struct Problem {
    ProblemKind kind = ProblemKind::garbage;
    std::string detail;

    [[nodiscard]] std::string text() const;
};

/// Turns bytes, in pieces of any size, into frames. Not thread-safe.
/// Memory is bounded by max_frame plus one piece when next() is drained after every feed().
class Decoder {
  public:
    using Item = std::variant<Frame, Problem>;

    void feed(ByteView bytes);

    /// The next frame or problem, or nothing until more bytes are fed.
    [[nodiscard]] std::optional<Item> next();

    /// Ends the stream: reports what is left as truncated and forgets it and the sequence.
    [[nodiscard]] std::optional<Problem> finish();

  private:
    [[nodiscard]] ByteView rest() const;
    [[nodiscard]] std::optional<Problem> skip_garbage();
    [[nodiscard]] std::optional<Item> take_frame();
    void consume(std::size_t count);

    Buffer buffer_;
    std::size_t begin_ = 0;  ///< bytes of buffer_ before it are used up
    std::optional<std::uint32_t> expected_;
    std::optional<Frame> held_;  ///< a sound frame that waits behind its sequence problem
};

}  // namespace ordeal::wire
