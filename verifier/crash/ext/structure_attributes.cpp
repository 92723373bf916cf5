// Blocks of extended attributes, which several inodes may share.
#include "verifier/crash/ext/structure.hpp"

#include <xxhash.h>

namespace ordeal::verifier::crash::ext {

bool Structure::attributes_wrong(const Attributes& attributes) {
    return attributes.parsed.flaw == Flaw::attribute ||
           attributes.parsed.references != attributes.users;
}

void Structure::use_attributes(RecoveredDisk& disk, std::uint64_t block, Stamp stamp) {
    auto& known = attributes_[block];
    wrong_attributes_ -= known.users != 0 && attributes_wrong(known) ? 1 : 0;
    if (known.users == 0) {
        claims_.claim(block, 1);
    }
    if (known.stamp != stamp) {
        BlockBuffer room;
        const auto bytes = disk.block(block, room);
        beyond_us_ -= known.parsed.flaw == Flaw::beyond_us ? 1 : 0;
        content_ -= known.content;
        known.stamp = stamp;
        known.parsed = parse_attribute_block(geometry_, block, bytes);
        known.content = placed(XXH3_64bits(bytes.data(), bytes.size()), block);
        content_ += known.content;
        beyond_us_ += known.parsed.flaw == Flaw::beyond_us ? 1 : 0;
    }
    ++known.users;
    wrong_attributes_ += attributes_wrong(known) ? 1 : 0;
}

void Structure::drop_attributes(std::uint64_t block) {
    const auto found = attributes_.find(block);
    auto& known = found->second;
    wrong_attributes_ -= attributes_wrong(known) ? 1 : 0;
    if (--known.users == 0) {
        claims_.release(block, 1);
        content_ -= known.content;
        beyond_us_ -= known.parsed.flaw == Flaw::beyond_us ? 1 : 0;
        attributes_.erase(found);
        return;
    }
    wrong_attributes_ += attributes_wrong(known) ? 1 : 0;
}

}  // namespace ordeal::verifier::crash::ext
