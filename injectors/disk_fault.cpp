#include "injectors/disk_fault.hpp"

#include "injectors/common.hpp"

#include <utility>

namespace ordeal::injectors {
namespace {

Result<ProcessRef> running_server(InjectorContext& context, const Fault& fault) {
    const auto server = context.testbed.storage().server(disk_of(fault));
    if (!server) {
        return server.error();
    }
    return *server ? Result<ProcessRef>(**server)
                   : fail(ErrorKind::unavailable,
                          "find the server of disk " + disk_of(fault).disk,
                          "it does not run");
}

class ByDisk final : public Injector {
  public:
    explicit ByDisk(std::function<DiskFault(const Params&)> make) : make_(std::move(make)) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        auto& storage = context.testbed.storage();
        if (const auto server = running_server(context, fault); !server) {
            return server.error();
        }
        const auto state = storage.fault_state(disk_of(fault), fault.id);
        if (!state) {
            return state.error();
        }
        if (state->imposed) {
            return fail(ErrorKind::refused, "prepare " + fault.id, "it is imposed already");
        }
        fault.undo.set("met_before", static_cast<std::int64_t>(state->met));
        return ok();
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        return context.testbed.storage().impose(disk_of(fault), fault.id, make_(fault.params));
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto state = context.testbed.storage().fault_state(disk_of(fault), fault.id);
        if (!state) {
            return state.error();
        }
        const auto before = fault.undo.get<std::int64_t>("met_before");
        const auto met = static_cast<std::int64_t>(state->met) - before;
        if (!state->imposed) {
            return Observation{Presence::absent, "the disk has no such order"};
        }
        return Observation{met > 0 ? Presence::active : Presence::absent,
                           "the disk acted on " + std::to_string(met) + " requests"};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        auto lifted = context.testbed.storage().lift(disk_of(fault), fault.id);
        if (lifted) {
            resume_after_io_error(context, fault);
        }
        return lifted;
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto state = context.testbed.storage().fault_state(disk_of(fault), fault.id);
        if (!state) {
            return Observation{Presence::unknown, state.error().text()};
        }
        return Observation{
            state->imposed ? Presence::active : Presence::absent,
            state->imposed ? "the disk still has the order" : "the disk has no such order"};
    }

  private:
    std::function<DiskFault(const Params&)> make_;
};

}  // namespace

DiskName disk_of(const Fault& fault) {
    return {.host = fault.target.host,
            .domain = fault.target.domain,
            .disk = fault.params.get<std::string>("disk", "data")};
}

void set_operations(DiskFault& fault, std::string_view operations) {
    const bool all = operations == "all";
    fault.reads = all || operations == "read";
    fault.writes = all || operations == "write";
    fault.flushes = all || operations == "flush";
}

void resume_after_io_error(InjectorContext& context, const Fault& fault) {
    auto host = host_of(context, fault);
    if (!host) {
        return;
    }
    const auto status = (*host)->hypervisor().state(fault.target.domain);
    if (status && status->state == DomainState::paused && status->reason == "ioerror") {
        static_cast<void>((*host)->hypervisor().resume(fault.target.domain));
    }
}

Status remember_server(InjectorContext& context, Fault& fault) {
    const auto server = running_server(context, fault);
    if (!server) {
        return server.error();
    }
    remember(fault.undo, *server);
    return ok();
}

Status bring_server_back(InjectorContext& context, const Fault& fault) {
    auto& storage = context.testbed.storage();
    const auto server = storage.server(disk_of(fault));
    if (!server) {
        return server.error().kind == ErrorKind::not_found ? ok() : Status(server.error());
    }
    if (!*server) {
        if (auto started = storage.start_server(disk_of(fault)); !started) {
            return started;
        }
    }
    resume_after_io_error(context, fault);
    return ok();
}

Result<Observation> residue_of_server(InjectorContext& context, const Fault& fault) {
    const auto server = context.testbed.storage().server(disk_of(fault));
    if (!server) {
        return server.error().kind == ErrorKind::not_found
                   ? Observation{Presence::absent, "the disk is gone"}
                   : Observation{Presence::unknown, server.error().text()};
    }
    if (!*server) {
        return Observation{Presence::active, "no process serves the disk"};
    }
    auto host = host_of(context, fault);
    const auto status = host ? (*host)->process_status(**server) : host.error();
    if (!status) {
        return Observation{Presence::unknown, status.error().text()};
    }
    return Observation{
        status->state == 'T' ? Presence::active : Presence::absent,
        "process " + std::to_string((*server)->pid) + " serves the disk, state " + status->state};
}

std::unique_ptr<Injector> disk_fault(std::function<DiskFault(const Params&)> make) {
    return std::make_unique<ByDisk>(std::move(make));
}

}  // namespace ordeal::injectors
