#include "testbed/site/site_file.hpp"

#include <algorithm>

namespace ordeal {
namespace {

template <class Things>
const auto* called_so(const Things& things, std::string_view name) {
    const auto found = std::ranges::find(things, name, &Things::value_type::name);
    return found == things.end() ? nullptr : &*found;
}

}  // namespace

std::string_view name_of(SiteGuest guest) {
    switch (guest) {
        case SiteGuest::agent:
            return "agent";
        case SiteGuest::guest_agent:
            return "guest-agent";
        case SiteGuest::nothing:
            break;
    }
    return "nothing";
}

const SiteHost* Site::host(std::string_view called) const {
    return called_so(hosts, called);
}

const SiteTarget* Site::target(std::string_view called) const {
    return called_so(targets, called);
}

const SiteJump* Site::jump(std::string_view called) const {
    return called_so(jumps, called);
}

}  // namespace ordeal
