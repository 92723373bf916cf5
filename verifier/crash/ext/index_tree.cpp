#include "verifier/crash/ext/index_tree.hpp"

#include <cstdint>
#include <vector>

namespace ordeal::verifier::crash::ext {
namespace {

constexpr std::uint32_t beyond_all = 0xfffffffeU;

/// A block's place in the tree, from its own content (least, greatest) and from the node that names
/// it (from, to).
struct Place {
    std::uint32_t least = ~0U;
    std::uint32_t greatest = 0;
    std::uint32_t from = 0;
    std::uint32_t to = 0;
    std::uint32_t parent = 0;
    std::uint32_t previous = 0;  ///< sibling; 0: none
    std::uint8_t names = 0;      ///< nodes that name it, at most 2
    bool first = false;
    bool last = false;
};

class IndexTree {
  public:
    explicit IndexTree(std::span<const DirectoryBlock* const> blocks)
        : blocks_(blocks), places_(blocks.size()) {}

    bool holds() {
        places_[0].names = 1;
        places_[0].first = places_[0].last = true;
        for (std::uint32_t block = 0; block < blocks_.size(); ++block) {
            place(block);
        }
        raise(false);
        raise(true);
        const auto depth = blocks_[0]->index->levels + 1U;
        for (std::uint32_t block = 0; block < blocks_.size(); ++block) {
            const auto& own = places_[block];
            const bool leaf = !blocks_[block]->index;
            if (own.names != 1 || (!own.first && own.least < own.from) ||
                (block != 0 && own.greatest > own.to) || (leaf && depth_of(block) != depth)) {
                return false;
            }
        }
        return true;
    }

  private:
    void place(std::uint32_t block) {
        auto& own = places_[block];
        if (!blocks_[block]->index) {
            own.least = blocks_[block]->least_hash;
            own.greatest = blocks_[block]->greatest_hash;
            return;
        }
        const auto& children = blocks_[block]->index->children;
        for (std::size_t child = 0; child < children.size(); ++child) {
            auto& named = places_[children[child].block];
            if (named.names == 0) {
                named.parent = block;
            }
            named.names = named.names == 0 ? 1 : 2;
            named.previous = child == 0 ? 0 : children[child - 1].block;
            named.from = children[child].hash;
            const bool last = child + 1 == children.size();
            named.to = last ? beyond_all : children[child + 1].hash;
            named.first = named.first || child == 0;
            named.last = named.last || last;
        }
        if (!children.empty()) {
            own.least = children.front().hash;
            own.greatest = children.back().hash;
        }
    }

    /// Widens what a node covers to what its first and last block hold: first the leaves' parents,
    /// then those above.
    void raise(bool nodes) {
        for (std::uint32_t block = 0; block < blocks_.size(); ++block) {
            const auto& own = places_[block];
            const bool node = block != 0 && blocks_[block]->index.has_value();
            if (block == 0 || node != nodes) {
                continue;
            }
            auto& parent = places_[own.parent];
            if (own.first) {
                parent.least = own.least;
                if (parent.previous != 0) {
                    places_[parent.previous].to = parent.least;
                }
            }
            if (own.last) {
                parent.greatest = own.greatest;
            }
        }
    }

    [[nodiscard]] unsigned depth_of(std::uint32_t block) const {
        unsigned depth = 0;
        while (block != 0 && depth < 8) {
            block = places_[block].parent;
            ++depth;
        }
        return depth;
    }

    std::span<const DirectoryBlock* const> blocks_;
    std::vector<Place> places_;
};

}  // namespace

bool index_tree_holds(std::span<const DirectoryBlock* const> blocks) {
    return !blocks.empty() && blocks[0]->index && IndexTree(blocks).holds();
}

}  // namespace ordeal::verifier::crash::ext
