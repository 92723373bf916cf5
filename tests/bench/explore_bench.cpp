// Figures of the crash-state explorer on a recorded trace, as one line of JSON each.
// explore_bench TRACE BASE
#include "verifier/crash/exploration.hpp"
#include "verifier/crash/ext_engine.hpp"

#include <cstdio>
#include <fmt/format.h>
#include <fstream>
#include <sys/resource.h>

using namespace ordeal::verifier::crash;  // NOLINT(google-build-using-namespace)

namespace {

double peak_mib() {
    struct rusage usage {};

    ::getrusage(RUSAGE_SELF, &usage);
    return static_cast<double>(usage.ru_maxrss) / 1024;
}

/// Recovered images examined and judged a second, all workers together.
bool measure(const Trace& trace, const std::vector<std::byte>& base, unsigned workers) {
    ExplorationOptions options;
    options.workers = workers;
    const auto found =
        explore_trace(trace, base, options, ext_engine, [](unsigned) { return nullptr; });
    if (!found) {
        fmt::print(stderr, "{}\n", found.error().text());
        return false;
    }
    const auto took = ordeal::seconds(found->took);
    fmt::print(
        "{{\"workers\":{},\"possible\":\"{}\",\"complete\":{},\"instants\":{},\"runs\":{},"
        "\"bad_leaves\":{},\"unique_images\":{},\"acknowledged\":{},\"seconds\":{:.3f},"
        "\"runs_per_second\":{:.0f},\"image_mib\":{},\"peak_mib\":{:.0f}}}\n",
        workers,
        to_text(found->coverage.possible),
        found->coverage.complete(),
        found->coverage.instants,
        found->coverage.runs,
        found->bad_leaves,
        found->unique_images,
        found->acknowledged,
        took,
        static_cast<double>(found->coverage.runs) / took,
        base.size() >> 20U,
        peak_mib());
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("explore_bench TRACE BASE\n", stderr);
        return 2;
    }
    const auto trace = read_trace(argv[1]);
    if (!trace) {
        fmt::print(stderr, "{}\n", trace.error().text());
        return 1;
    }
    std::vector<std::byte> base(trace->header.disk_size);
    std::ifstream(argv[2], std::ios::binary)
        .read(reinterpret_cast<char*>(base.data()), static_cast<std::streamsize>(base.size()));
    return measure(trace.value(), base, 1) && measure(trace.value(), base, 2) ? 0 : 1;
}
