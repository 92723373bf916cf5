#include "campaign/definition_service.hpp"

#include "core/suggest.hpp"

#include <algorithm>
#include <arpa/inet.h>
#include <fmt/format.h>
#include <set>

namespace ordeal {
namespace {

bool is_ipv4(const std::string& text) {
    in_addr ignored{};
    return ::inet_pton(AF_INET, text.c_str(), &ignored) == 1;
}

/// What can stand in the first line of an HTTP request (RFC 9112).
bool is_page(const std::string& text) {
    return text.starts_with('/') &&
           std::ranges::all_of(text, [](char letter) { return letter > ' ' && letter < 0x7f; });
}

class ServiceRules {
  public:
    ServiceRules(const Document& document,
                 const Node& table,
                 const Experiment& experiment,
                 Diagnostics& out)
        : document_(document), table_(table), experiment_(experiment), out_(out) {}

    void run(const ServiceSpec& service) {
        if (!service.address.empty() && !is_ipv4(service.address)) {
            complain("address", fmt::format("\"{}\" is not an IPv4 address", service.address));
        }
        if (!service.request.empty() && !is_page(service.request)) {
            complain("request", "a page begins with \"/\" and has no blanks");
        }
        const Entry* members = table_.find("members");
        if (service.members.empty() && members != nullptr &&
            members->value.as<Node::Array>() != nullptr) {
            complain("members", "\"members\" is empty, so that nobody could serve");
        }
        std::set<std::string> seen;
        for (const auto& member : service.members) {
            check_member(member, seen.insert(member).second);
        }
    }

  private:
    void complain(std::string_view key, std::string message, std::string hint = {}) {
        const Entry* entry = table_.find(key);
        out_.push_back(document_.at(entry == nullptr ? table_.span : entry->value.span,
                                    std::move(message),
                                    std::move(hint)));
    }

    void check_member(const std::string& member, bool first_time) {
        std::vector<std::string> domains;
        for (const auto& domain : experiment_.domains) {
            domains.push_back(domain.name);
        }
        if (!first_time) {
            complain("members", fmt::format("\"{}\" is a member twice", member));
        } else if (std::ranges::find(domains, member) == domains.end()) {
            complain("members",
                     fmt::format("there is no domain \"{}\"", member),
                     suggestion_hint(member, domains));
        }
    }

    const Document& document_;
    const Node& table_;
    const Experiment& experiment_;
    Diagnostics& out_;
};

}  // namespace

void check_service(const Document& document,
                   const Node& root,
                   const Experiment& experiment,
                   Diagnostics& out) {
    const Entry* entry = root.find("service");
    if (entry != nullptr && experiment.service) {
        ServiceRules(document, entry->value, experiment, out).run(*experiment.service);
    }
}

}  // namespace ordeal
