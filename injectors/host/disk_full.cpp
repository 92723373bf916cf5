#include "injectors/common.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration answer_deadline = 2s;
constexpr Duration deed_deadline = 4s;
/// What a file system keeps for itself, or gets back, beside a file.
constexpr std::uint64_t slack = std::uint64_t{1} << 20U;

std::string file_of(const Fault& fault) {
    return fault.undo.get<std::string>("file");
}

Result<HostOutput> run(InjectorContext& context,
                       const Fault& fault,
                       const std::vector<std::string>& argv,
                       Duration deadline) {
    const auto host = host_of(context, fault);
    return host ? (*host)->run(argv, deadline) : Result<HostOutput>(host.error());
}

/// A deed whose exit code counts.
Status carry_out(InjectorContext& context, const Fault& fault, std::vector<std::string> argv) {
    const auto done = run(context, fault, argv, deed_deadline);
    if (!done) {
        return done.error();
    }
    return done->exit_code == 0 ? ok()
                                : Status(fail(ErrorKind::refused,
                                              "run " + argv.front() + " on " + fault.target.host,
                                              done->err));
}

/// Bytes that are free for root below the fault's path.
Result<std::uint64_t> free_space(InjectorContext& context, const Fault& fault) {
    const auto path = fault.params.get<std::string>("path");
    const auto said = run(context, fault, {"stat", "-f", "-c", "%S %f", path}, answer_deadline);
    if (!said) {
        return said.error();
    }
    std::uint64_t block = 0;
    std::uint64_t blocks = 0;
    const auto* const end = said->out.data() + said->out.size();
    const auto size = std::from_chars(said->out.data(), end, block);
    const bool two = size.ec == std::errc() && size.ptr != end;
    if (said->exit_code != 0 || !two ||
        std::from_chars(size.ptr + 1, end, blocks).ec != std::errc()) {
        return fail(ErrorKind::not_found,
                    "read the free space of " + path + " on " + fault.target.host,
                    said->err);
    }
    return block * blocks;
}

Result<bool> is_there(InjectorContext& context, const Fault& fault) {
    const auto said = run(context, fault, {"test", "-e", file_of(fault)}, answer_deadline);
    if (!said) {
        return said.error();
    }
    return said->exit_code == 0;
}

class DiskFull final : public Injector {
  public:
    Status prepare(InjectorContext& context, Fault& fault) override {
        fault.undo.set("file",
                       fault.params.get<std::string>("path") + "/ordeal-" + fault.id + ".full");
        const auto free = free_space(context, fault);
        const auto there = free ? is_there(context, fault) : free.error();
        if (!there) {
            return there.error();
        }
        const auto leave = fault.params.get<Bytes>("leave").count;
        if (*there || *free <= leave) {
            return fail(ErrorKind::refused,
                        "prepare to fill " + fault.params.get<std::string>("path") + " on " +
                            fault.target.host,
                        *there ? file_of(fault) + " is there already" : "it is full already");
        }
        return ok();
    }

    /// Asked again: what is free has changed since the preparation.
    Status inject(InjectorContext& context, const Fault& fault) override {
        const auto free = free_space(context, fault);
        if (!free) {
            return free.error();
        }
        const auto leave = fault.params.get<Bytes>("leave").count;
        const auto size = *free - std::min(*free, leave);
        return carry_out(context, fault, {"fallocate", "-l", std::to_string(size), file_of(fault)});
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto free = free_space(context, fault);
        if (!free) {
            return free.error();
        }
        const bool full = *free <= fault.params.get<Bytes>("leave").count + slack;
        return Observation{full ? Presence::active : Presence::absent,
                           to_text(Bytes{*free}) + " are free"};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        return carry_out(context, fault, {"rm", "-f", file_of(fault)});
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto there = is_there(context, fault);
        if (!there) {
            return Observation{Presence::unknown, there.error().text()};
        }
        return Observation{*there ? Presence::active : Presence::absent,
                           file_of(fault) + (*there ? " is there" : " is gone")};
    }
};

}  // namespace

std::unique_ptr<Injector> host_disk_full() {
    return std::make_unique<DiskFull>();
}

}  // namespace ordeal::injectors
