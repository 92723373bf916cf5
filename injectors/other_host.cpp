#include "injectors/other_host.hpp"

#include "injectors/common.hpp"

#include <algorithm>

namespace ordeal::injectors {

Status choose_other_host(InjectorContext& context, Fault& fault) {
    if (auto found = remember_qemu(context, fault); !found) {
        return found;
    }
    const auto tried = "prepare " + fault.kind;
    const auto all = context.testbed.hosts();
    auto to = fault.params.get<std::string>("to");
    if (to.empty()) {
        const auto own = std::ranges::find(all, fault.target.host);
        to = own == all.end() || own + 1 == all.end() ? all.front() : *(own + 1);
    }
    if (std::ranges::find(all, to) == all.end()) {
        return fail(ErrorKind::not_found, tried, "there is no host " + to);
    }
    if (to == fault.target.host) {
        return fail(ErrorKind::refused,
                    tried,
                    to + " is the domain's own host",
                    all.size() == 1 ? "ordeal lab up --nodes 2" : "name another one");
    }
    const auto there = has_qemu(context, fault, to);
    if (!there || *there) {
        return there ? Status(fail(ErrorKind::refused, tried, "it runs on " + to + " already"))
                     : Status(there.error());
    }
    fault.undo.set("to", to);
    return ok();
}

std::string other_host(const Fault& fault) {
    return fault.undo.get<std::string>("to");
}

Result<bool> has_qemu(InjectorContext& context, const Fault& fault, const std::string& host) {
    const auto found = context.testbed.host(host);
    if (!found) {
        return found.error();
    }
    const auto process = (*found)->qemu_process(fault.target.domain);
    if (!process && process.error().kind != ErrorKind::not_found) {
        return process.error();
    }
    return process.has_value();
}

}  // namespace ordeal::injectors
