#include "injectors/host_program.hpp"

#include "injectors/common.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <utility>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration start_deadline = 4s;
constexpr Duration between_looks = 200ms;

std::string name_of_program(const Fault& fault) {
    return fault.undo.get<std::string>("program");
}

class ProgramFault final : public Injector {
  public:
    explicit ProgramFault(HostProgram program) : program_(program) {}

    Status prepare(InjectorContext& context, Fault& fault) override {
        const auto host = host_of(context, fault);
        if (!host) {
            return host.error();
        }
        const auto name = "ordeal-" + fault.id;
        const auto command = program_.argv(fault.params).front();
        const auto tried = "prepare " + fault.kind + " on " + fault.target.host;
        if ((*host)->program(name)) {
            return fail(ErrorKind::refused, tried, "a program " + name + " runs already");
        }
        const auto version = (*host)->run({command, "--version"}, start_deadline);
        if (!version) {
            return version.error();
        }
        if (version->exit_code != 0) {
            return fail(ErrorKind::missing,
                        tried,
                        "no " + command + " on the host",
                        "apt-get install " + command + " there");
        }
        fault.undo.set("program", name);
        return ok();
    }

    Status inject(InjectorContext& context, const Fault& fault) override {
        const auto host = host_of(context, fault);
        return host ? (*host)->start_program(
                          name_of_program(fault), program_.argv(fault.params), start_deadline)
                    : Status(host.error());
    }

    Result<Observation> observe(InjectorContext& context, const Fault& fault) override {
        const auto host = host_of(context, fault);
        if (!host) {
            return host.error();
        }
        const auto before = (*host)->program(name_of_program(fault));
        const auto begin = context.scheduler.now();
        context.scheduler.wait_for(between_looks, context.stop);
        const auto after = before ? (*host)->program(name_of_program(fault)) : before;
        if (!after) {
            return after.error().kind == ErrorKind::not_found
                       ? Result<Observation>(Observation{Presence::absent, after.error().text()})
                       : after.error();
        }
        const auto between = context.scheduler.now() - begin;
        const bool harms = program_.harms(*before, *after, between, fault.params);
        return Observation{
            harms ? Presence::active : Presence::absent,
            fmt::format("in {} it used {} of processor time and wrote {}; it has {} of memory",
                        to_text(between),
                        to_text(after->cpu_time - before->cpu_time),
                        to_text(Bytes{after->written.count -
                                      std::min(after->written.count, before->written.count)}),
                        to_text(after->resident))};
    }

    Status heal(InjectorContext& context, const Fault& fault) override {
        const auto host = host_of(context, fault);
        return host ? (*host)->end_program(name_of_program(fault)) : Status(host.error());
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto host = host_of(context, fault);
        const auto program = host ? (*host)->program(name_of_program(fault)) : host.error();
        if (program) {
            return Observation{Presence::active,
                               fmt::format("it runs as process {}", program->process.pid)};
        }
        const bool gone = program.error().kind == ErrorKind::not_found;
        return Observation{gone ? Presence::absent : Presence::unknown, program.error().text()};
    }

  private:
    HostProgram program_;
};

}  // namespace

std::unique_ptr<Injector> make_program_fault(HostProgram program) {
    return std::make_unique<ProgramFault>(program);
}

std::vector<std::string> stress_ng(std::vector<std::string> words, const Params& params) {
    const auto at_most =
        std::chrono::ceil<std::chrono::seconds>(params.get<Duration>("at_most", 1s));
    words.insert(words.begin(), "stress-ng");
    words.insert(words.end(), {"--timeout", std::to_string(at_most.count()) + "s"});
    return words;
}

}  // namespace ordeal::injectors
