#include "injectors/service_door.hpp"

#include <algorithm>
#include <cstdint>

namespace ordeal::injectors {
namespace {

using namespace std::chrono_literals;

constexpr Duration patience = 1s;

Duration allowance(const InjectorContext& context) {
    return std::clamp<Duration>(context.deadline - context.scheduler.now(), 1ms, patience);
}

std::uint16_t port_of(const Fault& fault) {
    return static_cast<std::uint16_t>(fault.params.get<std::int64_t>("port"));
}

Error no_guest(const Fault& fault) {
    return fail(ErrorKind::unavailable,
                "reach the service in " + fault.target.domain,
                "the guest's doors are closed");
}

}  // namespace

Result<Duration> connect_to_service(InjectorContext& context, const Fault& fault) {
    return context.guest == nullptr ? Result<Duration>(no_guest(fault))
                                    : context.guest->connect(port_of(fault), allowance(context));
}

Result<std::string> ask_service(InjectorContext& context, const Fault& fault) {
    return context.guest == nullptr
               ? Result<std::string>(no_guest(fault))
               : context.guest->ask(
                     port_of(fault), "GET / HTTP/1.0\r\nHost: guest\r\n\r\n", allowance(context));
}

Status service_answers_before(InjectorContext& context, const GuestFacts& /*facts*/, Fault& fault) {
    const auto answer = ask_service(context, fault);
    return answer ? ok()
                  : Status(fail(ErrorKind::refused,
                                "prepare " + fault.kind,
                                "the service does not answer before it",
                                answer.error().text()));
}

}  // namespace ordeal::injectors
