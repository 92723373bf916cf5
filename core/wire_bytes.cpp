#include "core/wire_bytes.hpp"

// Inlined so that the static guest agent needs no library. Without vector instructions
// (XXH_SCALAR): emulating them makes the checksum twelve times slower in a guest without KVM.
#define XXH_INLINE_ALL
#define XXH_VECTOR 0
#include <xxhash.h>

namespace ordeal::wire {

std::uint64_t checksum(ByteView bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

}  // namespace ordeal::wire
