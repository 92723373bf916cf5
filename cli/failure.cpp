#include "cli/failure.hpp"

#include "cli/exit_codes.hpp"

#include <cstdio>
#include <fmt/format.h>

namespace ordeal::cli {

int tell(const Error& error) {
    fmt::print(stderr, "ordeal: could not {}: {}\n", error.tried, error.answer);
    if (!error.hint.empty()) {
        fmt::print(stderr, "        {}\n", error.hint);
    }
    return exit_code_of(error.kind);
}

}  // namespace ordeal::cli
