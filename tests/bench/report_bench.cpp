// Parts of tests/bench/run that a shell cannot do.
#include "campaign/store.hpp"
#include "tests/browser/browser.hpp"
#include "tests/reports/synthetic.hpp"

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <string_view>

namespace ordeal {
namespace {

constexpr std::string_view usage =
    "usage: report_bench make DIRECTORY   a run of 1,000 synthetic trials, as run.db\n"
    "       report_bench open FILE.html   milliseconds until Chromium has painted it, best of 5\n";

Status make(const std::filesystem::path& directory) {
    auto store = Store::create(directory);
    if (!store) {
        return store.error();
    }
    const auto run = reports::synthetic::large_run(1000);
    auto status = store->begin_run(run);
    for (const auto& trial : run.trials) {
        status = status ? store->begin_trial(trial) : status;
        status = status ? store->add_events(trial.number, trial.history.all()) : status;
        status = status ? store->finish_trial(trial) : status;
    }
    return status ? store->finish_run(run) : status;
}

Status open(const std::filesystem::path& file) {
    const auto program = browser::find_chromium();
    if (!program) {
        return fail(
            ErrorKind::missing, "open " + file.string(), "no Chromium", "apt-get install chromium");
    }
    browser::Browser chromium(*program);
    std::chrono::duration<double, std::milli> best = std::chrono::hours(1);
    for (int i = 0; i < 5; ++i) {
        best = std::min<decltype(best)>(best, chromium.open(std::filesystem::absolute(file)));
    }
    std::cout << best.count() << '\n';
    return ok();
}

}  // namespace
}  // namespace ordeal

int main(int argc, char** argv) {
    const std::string_view verb = argc == 3 ? argv[1] : "";
    if (verb != "make" && verb != "open") {
        std::cerr << ordeal::usage;
        return 2;
    }
    try {
        const auto status = verb == "make" ? ordeal::make(argv[2]) : ordeal::open(argv[2]);
        if (status) {
            return EXIT_SUCCESS;
        }
        std::cerr << "report_bench: " << status.error().text() << '\n';
    } catch (const std::exception& error) {
        std::cerr << "report_bench: " << error.what() << '\n';
    }
    return EXIT_FAILURE;
}
