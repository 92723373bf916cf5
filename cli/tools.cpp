#include "cli/tools.hpp"

#include "testbed/process.hpp"

namespace ordeal::cli {

Result<Tools::Output> ProcessTools::run(const std::vector<std::string>& argv, Duration deadline) {
    auto output = ordeal::run(argv, {.deadline = deadline});
    if (!output) {
        return output.error();
    }
    if (output->exit.signal != 0) {
        return fail(ErrorKind::unavailable, "run " + argv.front(), output->exit.text());
    }
    return Output{output->exit.code, std::move(output->out), std::move(output->err)};
}

}  // namespace ordeal::cli
