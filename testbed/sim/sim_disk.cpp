#include "testbed/sim/sim_disk.hpp"

namespace ordeal {

void SimDisk::start() {
    if (!server()) {
        server_ = processes_.launch([] {});
    }
}

void SimDisk::end() {
    if (const auto running = server()) {
        processes_.end(*running);
    }
}

std::optional<ProcessRef> SimDisk::server() const {
    return server_ && processes_.has(*server_) ? server_ : std::nullopt;
}

SimDisk::Reply SimDisk::write() {
    const auto running = server();
    if (!running || processes_.stopped(*running)) {
        return {.answer = Answer::none};
    }
    Reply reply;
    for (const auto& [id, fault] : orders_) {
        if (!fault.writes && !fault.flushes) {
            continue;
        }
        ++met_[id];
        if (fault.effect == DiskEffect::hang) {
            reply.answer = Answer::none;
        } else if (fault.effect == DiskEffect::error && reply.answer == Answer::done) {
            reply = {.answer = Answer::failed, .error = fault.error};
        }
    }
    return reply;
}

DiskFaultState SimDisk::state(const std::string& id) const {
    const auto met = met_.find(id);
    return {.imposed = orders_.contains(id), .met = met == met_.end() ? 0 : met->second};
}

}  // namespace ordeal
