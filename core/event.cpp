#include "core/event.hpp"

namespace ordeal {

std::string_view name_of(Opinion opinion) {
    switch (opinion) {
        case Opinion::alive:
            return "alive";
        case Opinion::dead:
            return "dead";
        case Opinion::unknown:
            return "unknown";
    }
    return "unknown";
}

Opinion opinion_from(std::string_view name) {
    if (name == "alive") {
        return Opinion::alive;
    }
    return name == "dead" ? Opinion::dead : Opinion::unknown;
}

}  // namespace ordeal
