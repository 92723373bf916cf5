#include "testbed/nft_words.hpp"

#include <algorithm>
#include <cctype>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

namespace ordeal {

bool good_cut_name(const std::string& id) {
    return !id.empty() && id.size() <= 60 && std::ranges::all_of(id, [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '-' || c == '_' || c == '.';
    });
}

// A limit of bytes lets a second's worth and the burst
// through at once when nothing came before (net/netfilter/nft_limit.c).
std::string nft_verdict(const Impairment& impairment) {
    constexpr std::uint64_t few_frames = 4 * 1514UL;
    if (impairment.rate.count != 0) {
        return fmt::format("limit rate over {} bytes/second burst {} bytes counter drop",
                           impairment.rate.count,
                           few_frames);
    }
    if (impairment.larger_than.count != 0) {
        return fmt::format("meta length > {} counter drop", impairment.larger_than.count);
    }
    if (impairment.loss < 1) {
        return fmt::format("numgen random mod 10000 < {} counter drop",
                           std::lround(impairment.loss * 10000));
    }
    return "counter drop";
}

std::string nft_elements(const std::string& verb,
                         const std::string& table,
                         const std::string& set,
                         const std::vector<std::string>& elements,
                         const std::string& timeout) {
    return elements.empty() ? ""
                            : fmt::format("{} element {} {} {{ {}{} }}\n",
                                          verb,
                                          table,
                                          set,
                                          fmt::join(elements, timeout + ", "),
                                          timeout);
}

std::string nft_timeout(Duration lease) {
    return fmt::format(" timeout {}ms",
                       std::chrono::duration_cast<std::chrono::milliseconds>(lease).count());
}

Result<bool> nft_has_elements(const std::string& tried, const std::string& listed) {
    const auto document = nlohmann::json::parse(listed, nullptr, false);
    if (document.is_discarded() || !document.contains("nftables")) {
        return fail(ErrorKind::corrupt, tried, listed);
    }
    return std::ranges::any_of(document["nftables"], [](const auto& item) {
        return item.contains("set") && item["set"].contains("elem") && !item["set"]["elem"].empty();
    });
}

}  // namespace ordeal
