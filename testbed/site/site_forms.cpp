#include "testbed/site/site_forms.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ordeal::site_forms {

bool is_name(std::string_view text) {
    constexpr std::size_t longest = 32;
    constexpr std::string_view fit = "abcdefghijklmnopqrstuvwxyz0123456789-";
    return !text.empty() && text.size() <= longest && text.front() != '-' &&
           text.find_first_not_of(fit) == text.npos;
}

bool is_uuid(std::string_view text) {
    constexpr std::string_view shape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    constexpr std::string_view digits = "0123456789abcdef";
    return std::ranges::equal(text, shape, [&](char c, char s) {
        return s == '-' ? c == '-' : digits.find(c) != digits.npos;
    });
}

bool is_ipv4(const std::string& text) {
    in_addr ignored{};
    return ::inet_pton(AF_INET, text.c_str(), &ignored) == 1;
}

bool is_device(std::string_view text) {
    constexpr std::size_t longest = 15;  // IFNAMSIZ, without the zero
    constexpr std::string_view fit =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return !text.empty() && text.size() <= longest && text.front() != '-' && text.front() != '.' &&
           text.find_first_not_of(fit) == text.npos;
}

bool is_ipv4_port(const std::string& text) {
    const auto colon = text.find(':');
    const std::string port = colon == text.npos ? "" : text.substr(colon + 1);
    return is_ipv4(text.substr(0, colon)) && !port.empty() && port.size() <= 5 &&
           port.find_first_not_of("0123456789") == port.npos && std::stoi(port) > 0 &&
           std::stoi(port) <= UINT16_MAX;
}

std::string wrong_with_uri(const std::string& uri) {
    constexpr std::array fit{"qemu+ssh://", "qemu+tls://", "qemu+unix://", "qemu:///"};
    if (uri.starts_with("qemu+tcp:")) {
        return "libvirt's TCP transport knows neither encryption nor who asks";
    }
    if (uri.starts_with("qemu+libssh")) {
        return "libvirt's libssh transports freeze or crash in programs with several threads";
    }
    if (std::ranges::none_of(fit, [&](const char* start) { return uri.starts_with(start); })) {
        return fmt::format("a libvirt URI begins with one of {}", fmt::join(fit, ", "));
    }
    return uri.find("no_verify=1") == uri.npos ? "" : "\"no_verify=1\" accepts any host's key";
}

}  // namespace ordeal::site_forms
