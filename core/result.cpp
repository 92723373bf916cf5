#include "core/result.hpp"

#include <stdexcept>

namespace ordeal {

std::string_view name_of(ErrorKind kind) {
    switch (kind) {
        case ErrorKind::usage:
            return "usage";
        case ErrorKind::definition:
            return "definition";
        case ErrorKind::missing:
            return "missing";
        case ErrorKind::unavailable:
            return "unavailable";
        case ErrorKind::timeout:
            return "timeout";
        case ErrorKind::not_found:
            return "not found";
        case ErrorKind::refused:
            return "refused";
        case ErrorKind::corrupt:
            return "corrupt";
        case ErrorKind::internal:
            return "internal";
    }
    return "internal";
}

std::string Error::text() const {
    std::string line = tried + ": " + answer;
    if (!hint.empty()) {
        line += " (" + hint + ")";
    }
    return line;
}

void throw_exception_from_error(const Error& error, const boost::source_location& where) {
    throw std::logic_error("value read from a failed result at " + where.to_string() + ": " +
                           error.text());
}

}  // namespace ordeal
