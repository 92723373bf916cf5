#pragma once

#include <string>
#include <string_view>

/// The forms of single values of a testbed file.
namespace ordeal::site_forms {

/// 1 to 32 of a-z, 0-9 and "-", no "-" in front.
[[nodiscard]] bool is_name(std::string_view text);
[[nodiscard]] bool is_uuid(std::string_view text);
[[nodiscard]] bool is_ipv4(const std::string& text);
/// A name as Linux gives to network devices, of letters, digits, "-", "_" and ".".
[[nodiscard]] bool is_device(std::string_view text);
/// "192.0.2.1:7701"
[[nodiscard]] bool is_ipv4_port(const std::string& text);

/// What is wrong with a libvirt URI; empty: nothing. Only transports that are local or encrypted,
/// with the other side's key verified. See https://libvirt.org/uri.html.
[[nodiscard]] std::string wrong_with_uri(const std::string& uri);

}  // namespace ordeal::site_forms
