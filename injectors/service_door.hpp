#pragma once

#include "core/injector.hpp"

#include <string>

namespace ordeal::injectors {

/// The port of a guest's service, by the fault's parameter `port`.
[[nodiscard]] Result<Duration> connect_to_service(InjectorContext& context, const Fault& fault);

/// The first line of the answer to an HTTP request there.
[[nodiscard]] Result<std::string> ask_service(InjectorContext& context, const Fault& fault);

/// `refused` when the service answers nothing before the fault.
[[nodiscard]] Status service_answers_before(InjectorContext& context,
                                            const GuestFacts& facts,
                                            Fault& fault);

}  // namespace ordeal::injectors
