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
constexpr Duration file_deadline = 2s;

std::string name_of_program(const Fault& fault) {
    return fault.undo.get<std::string>("program");
}

/// Runs a program on the host for its exit code.
Result<bool> succeeds(Host& host, const std::vector<std::string>& argv) {
    const auto said = host.run(argv, file_deadline);
    return said ? Result<bool>(said->exit_code == 0) : said.error();
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
        const auto command = program_.argv(fault).front();
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
        if (!host) {
            return host.error();
        }
        if (auto made = order_directory(**host, fault, {"mkdir", "-p"}); !made) {
            return made;
        }
        return (*host)->start_program(name_of_program(fault), program_.argv(fault), start_deadline);
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
        auto ended = host ? (*host)->end_program(name_of_program(fault)) : Status(host.error());
        return ended ? order_directory(**host, fault, {"rm", "-rf", "--one-file-system"}) : ended;
    }

    Result<Observation> residue(InjectorContext& context, const Fault& fault) override {
        const auto host = host_of(context, fault);
        const auto program = host ? (*host)->program(name_of_program(fault)) : host.error();
        if (program) {
            return Observation{Presence::active,
                               fmt::format("it runs as process {}", program->process.pid)};
        }
        if (program.error().kind != ErrorKind::not_found) {
            return Observation{Presence::unknown, program.error().text()};
        }
        if (program_.directory != nullptr) {
            const auto path = program_.directory(fault);
            const auto there = succeeds(**host, {"test", "-e", path});
            if (!there || *there) {
                return Observation{there ? Presence::active : Presence::unknown,
                                   there ? path + " is there" : there.error().text()};
            }
        }
        return Observation{Presence::absent, program.error().text()};
    }

  private:
    Status order_directory(Host& host, const Fault& fault, std::vector<std::string> argv) const {
        if (program_.directory == nullptr) {
            return ok();
        }
        argv.push_back(program_.directory(fault));
        const auto done = succeeds(host, argv);
        if (!done || !*done) {
            return done ? Status(fail(ErrorKind::refused,
                                      argv.front() + " " + argv.back() + " on " + fault.target.host,
                                      "the host refused"))
                        : Status(done.error());
        }
        return ok();
    }

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
