#pragma once

#include "cli/options.hpp"

#include <string>
#include <variant>
#include <vector>

namespace ordeal::cli {

/// The verb with its options.
using Verb = std::variant<ValidateOptions,
                          SelectionOptions,
                          RunOptions,
                          ReportOptions,
                          MatrixOptions,
                          ListOptions,
                          DescribeOptions,
                          LabOptions,
                          ExploreOptions,
                          DoctorOptions,
                          RollbackOptions,
                          GuardianOptions>;

struct Invocation {
    CommonOptions common;
    Verb verb;
};

/// What to print and with which code to end when there is nothing to run: help, version, a wrong
/// line.
struct Answer {
    std::string text;
    int exit_code = 0;
};

/// Reads the command line. Wrong words get a "did you mean" and exit code 2. `plan` yields
/// SelectionOptions.
[[nodiscard]] std::variant<Invocation, Answer> parse_command_line(
    const std::vector<std::string>& arguments);

}  // namespace ordeal::cli
