#include "verifier/crash/ext/name_hash.hpp"

#include <algorithm>
#include <bit>

namespace ordeal::verifier::crash::ext {
namespace {

using State = std::array<std::uint32_t, 4>;

std::uint32_t character(std::byte byte, bool is_unsigned) {
    const auto value = std::to_integer<std::uint32_t>(byte);
    return !is_unsigned && value >= 0x80U ? value | 0xffffff00U : value;
}

/// The oldest of the hashes: a rolling product of the characters.
std::uint32_t legacy_hash(const NameHashing& hashing, std::span<const std::byte> name) {
    std::uint32_t before = 0x37abe8f9U;
    std::uint32_t hash = 0x12a3fe2dU;
    for (const auto byte : name) {
        auto next = before + (hash ^ (character(byte, hashing.unsigned_characters) * 7152373U));
        if ((next & 0x80000000U) != 0) {
            next -= 0x7fffffffU;
        }
        before = hash;
        hash = next;
    }
    return hash << 1U;
}

/// Packs up to `words` words of the name, four characters each, filled up with its length.
void pack(const NameHashing& hashing,
          std::span<const std::byte> name,
          std::span<std::uint32_t> words) {
    auto fill = static_cast<std::uint32_t>(name.size()) | static_cast<std::uint32_t>(name.size())
                                                              << 8U;
    fill |= fill << 16U;
    const auto used = std::min(name.size(), words.size() * 4);
    std::size_t word = 0;
    auto value = fill;
    for (std::size_t at = 0; at < used; ++at) {
        value = character(name[at], hashing.unsigned_characters) + (value << 8U);
        if (at % 4 == 3) {
            words[word++] = value;
            value = fill;
        }
    }
    if (word < words.size()) {
        words[word++] = value;
    }
    for (; word < words.size(); ++word) {
        words[word] = fill;
    }
}

/// One step of MD4 with three rounds of eight operations instead of sixteen.
void half_md4(State& state, const std::array<std::uint32_t, 8>& in) {
    struct Round {
        std::uint32_t constant;
        std::array<std::uint8_t, 8> order;
        std::array<std::uint8_t, 4> turn;
    };

    static constexpr std::array<Round, 3> rounds{{
        {0, {0, 1, 2, 3, 4, 5, 6, 7}, {3, 7, 11, 19}},
        {013240474631U, {1, 3, 5, 7, 0, 2, 4, 6}, {3, 5, 9, 13}},
        {015666365641U, {3, 7, 2, 6, 1, 5, 0, 4}, {3, 9, 11, 15}},
    }};
    auto mixed = state;
    for (std::size_t round = 0; round < rounds.size(); ++round) {
        const auto& rule = rounds[round];
        for (std::size_t step = 0; step < 8; ++step) {
            // The four words take turns: a, d, c, b.
            const auto at = (4 - step % 4) % 4;
            auto& a = mixed[at];
            const auto b = mixed[(at + 1) % 4];
            const auto c = mixed[(at + 2) % 4];
            const auto d = mixed[(at + 3) % 4];
            std::uint32_t chosen = b ^ c ^ d;
            if (round == 0) {
                chosen = d ^ (b & (c ^ d));
            } else if (round == 1) {
                chosen = (b & c) + ((b ^ c) & d);
            }
            a = std::rotl(a + chosen + in[rule.order[step]] + rule.constant, rule.turn[step % 4]);
        }
    }
    for (std::size_t word = 0; word < state.size(); ++word) {
        state[word] += mixed[word];
    }
}

/// The Tiny Encryption Algorithm, the name as its key.
void tea(State& state, const std::array<std::uint32_t, 4>& key) {
    constexpr std::uint32_t delta = 0x9e3779b9U;
    auto low = state[0];
    auto high = state[1];
    for (std::uint32_t round = 1, sum = delta; round <= 16; ++round, sum += delta) {
        low += ((high << 4U) + key[0]) ^ (high + sum) ^ ((high >> 5U) + key[1]);
        high += ((low << 4U) + key[2]) ^ (low + sum) ^ ((low >> 5U) + key[3]);
    }
    state[0] += low;
    state[1] += high;
}

template <std::size_t words>
void absorb(const NameHashing& hashing,
            std::span<const std::byte> name,
            State& state,
            void (*step)(State&, const std::array<std::uint32_t, words>&)) {
    std::array<std::uint32_t, words> packed{};
    while (!name.empty()) {
        pack(hashing, name, packed);
        step(state, packed);
        name = name.subspan(std::min(name.size(), words * 4));
    }
}

}  // namespace

std::uint32_t name_hash(const NameHashing& hashing, std::span<const std::byte> name) {
    State state{0x67452301U, 0xefcdab89U, 0x98badcfeU, 0x10325476U};
    if (hashing.seed != State{}) {
        state = hashing.seed;
    }
    switch (hashing.version) {
        case HashVersion::legacy:
            return legacy_hash(hashing, name) & ~1U;
        case HashVersion::tea:
            absorb<4>(hashing, name, state, tea);
            return state[0] & ~1U;
        case HashVersion::half_md4:
            break;
    }
    absorb<8>(hashing, name, state, half_md4);
    return state[1] & ~1U;
}

}  // namespace ordeal::verifier::crash::ext
