#include "cli/terminal.hpp"

#include <unistd.h>

namespace ordeal::cli {
namespace {

reports::ColorChoice choice_of(ColorMode mode) {
    switch (mode) {
        case ColorMode::always:
            return reports::ColorChoice::always;
        case ColorMode::never:
            return reports::ColorChoice::never;
        case ColorMode::automatic:
            break;
    }
    return reports::ColorChoice::automatic;
}

}  // namespace

reports::TerminalStyle style_for(const CommonOptions& common, Stream stream) {
    return reports::style_of(stream == Stream::out ? STDOUT_FILENO : STDERR_FILENO,
                             choice_of(common.color));
}

}  // namespace ordeal::cli
