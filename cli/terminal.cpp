#include "cli/terminal.hpp"

#include <cstdlib>
#include <string_view>
#include <unistd.h>

namespace ordeal::cli {
namespace {

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): nobody sets variables
    return value == nullptr ? "" : value;
}

}  // namespace

bool is_terminal(Stream stream) {
    return ::isatty(stream == Stream::out ? STDOUT_FILENO : STDERR_FILENO) == 1;
}

bool use_color(ColorMode mode, Stream stream) {
    if (mode != ColorMode::automatic) {
        return mode == ColorMode::always;
    }
    return variable("NO_COLOR").empty() && variable("TERM") != "dumb" && is_terminal(stream);
}

}  // namespace ordeal::cli
