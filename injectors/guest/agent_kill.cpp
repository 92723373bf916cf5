#include "injectors/guest_fault.hpp"

namespace ordeal::injectors {

std::unique_ptr<Injector> guest_agent_kill() {
    return make_guest_fault({.order = "agent_kill", .observe = observe_silent_agent});
}

}  // namespace ordeal::injectors
