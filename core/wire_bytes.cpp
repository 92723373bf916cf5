#include "core/wire_bytes.hpp"

// Inlined so that the static guest agent needs no library.
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ordeal::wire {

std::uint64_t checksum(ByteView bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace ordeal::wire
