#include "cli/command_line.hpp"
#include "cli/exit_codes.hpp"
#include "cli/verbs.hpp"

#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

#include <cstdio>
#include <exception>
#include <iostream>

namespace {

/// Logs are for people and go to standard error; standard output belongs to the answer.
void set_up_logging(const ordeal::cli::CommonOptions& common) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("ordeal"));
    spdlog::set_level(common.verbose ? spdlog::level::debug : spdlog::level::warn);
    spdlog::set_pattern("%H:%M:%S.%e %^%l%$ %v");
}

int run(const std::vector<std::string>& arguments) {
    const auto parsed = ordeal::cli::parse_command_line(arguments);
    if (const auto* answer = std::get_if<ordeal::cli::Answer>(&parsed)) {
        (answer->exit_code == 0 ? std::cout : std::cerr) << answer->text;
        return answer->exit_code;
    }
    const auto& invocation = std::get<ordeal::cli::Invocation>(parsed);
    set_up_logging(invocation.common);
    return std::visit(
        [&](const auto& options) { return ordeal::cli::execute(invocation.common, options); },
        invocation.verb);
}

}  // namespace

int main(int argc, char** argv) {
    try {
        return run({argv + 1, argv + argc});
    } catch (const std::exception& error) {
        // Only a mistake of ours comes here: operating failures are Results.
        std::fprintf(stderr, "ordeal: internal error: %s\n", error.what());
        return ordeal::cli::exit_internal;
    }
}
