#include "testbed/libvirt_link.hpp"

#include <pugixml.hpp>
#include <sstream>

namespace ordeal {
namespace {

Result<pugi::xml_node> network_card(pugi::xml_document& document, const std::string& domain_xml) {
    const std::string tried = "find the network card of a domain";
    if (const auto parsed = document.load_string(domain_xml.c_str()); !parsed) {
        return fail(ErrorKind::corrupt, tried, parsed.description());
    }
    const auto card = document.child("domain").child("devices").child("interface");
    if (!card) {
        return fail(ErrorKind::not_found, tried, "it has none");
    }
    return card;
}

}  // namespace

Result<std::string> network_card_with(const std::string& domain_xml, LinkState state) {
    pugi::xml_document document;
    auto card = network_card(document, domain_xml);
    if (!card) {
        return card.error();
    }
    auto link = card->child("link") ? card->child("link") : card->append_child("link");
    auto attribute =
        link.attribute("state") ? link.attribute("state") : link.append_attribute("state");
    attribute.set_value(state == LinkState::up ? "up" : "down");
    std::ostringstream text;
    card->print(text);
    return text.str();
}

Result<LinkState> link_in(const std::string& domain_xml) {
    pugi::xml_document document;
    const auto card = network_card(document, domain_xml);
    if (!card) {
        return card.error();
    }
    const std::string state = card->child("link").attribute("state").value();
    return state == "down" ? LinkState::down : LinkState::up;
}

Result<std::string> device_in(const std::string& domain_xml,
                              DeviceKind kind,
                              const std::string& name) {
    const std::string tried = "find a device of a domain";
    pugi::xml_document document;
    if (!document.load_string(domain_xml.c_str())) {
        return fail(ErrorKind::corrupt, tried, "libvirt's answer is no XML");
    }
    const auto devices = document.child("domain").child("devices");
    const auto wanted = [&](const pugi::xml_node& node) {
        return kind == DeviceKind::network_card
                   ? std::string_view(node.name()) == "interface"
                   : std::string_view(node.name()) == "disk" && node.child_value("serial") == name;
    };
    const auto found = devices.find_child(wanted);
    if (!found) {
        return fail(
            ErrorKind::not_found,
            tried,
            kind == DeviceKind::network_card ? "it has no network card" : "it has no disk " + name);
    }
    std::ostringstream text;
    found.print(text, "", pugi::format_raw);
    return text.str();
}

}  // namespace ordeal
