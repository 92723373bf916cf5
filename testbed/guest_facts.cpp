#include "testbed/guest_facts.hpp"

#include <chrono>
#include <map>
#include <variant>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

struct Exact {
    std::string operator()(const std::string& text) const { return text; }

    std::string operator()(std::int64_t number) const { return std::to_string(number); }

    std::string operator()(Duration duration) const { return std::to_string(duration.count()); }

    std::string operator()(Bytes bytes) const { return std::to_string(bytes.count); }

    std::string operator()(const auto& value) const { return to_text(Value(value)); }
};

}  // namespace

std::string exact(const Value& value) {
    return std::visit(Exact{}, value);
}

GuestFacts facts_from(const wire::GuestFacts& told) {
    const std::map<std::string, std::uint64_t> numbers(told.numbers.begin(), told.numbers.end());
    const std::map<std::string, std::string> texts(told.texts.begin(), told.texts.end());
    const auto number = [&](const char* name) {
        const auto found = numbers.find(name);
        return found == numbers.end() ? std::uint64_t{0} : found->second;
    };
    const auto count = [&](const char* name) { return static_cast<std::int64_t>(number(name)); };
    const auto source = texts.find("clocksource");
    return {.faults = told.faults,
            .fault_processes = count("fault_processes"),
            .fault_cpu_time = 10ms * count("fault_cpu_ticks"),
            .fault_written = Bytes{number("fault_written")},
            .runnable = count("runnable"),
            .memory_available = Bytes{number("memory_available_kib") * 1024},
            .disk_free = Bytes{number("disk_free")},
            .disk_read_only = number("disk_read_only") != 0,
            .clocksource = source == texts.end() ? "" : source->second,
            .clock_tick_us = count("clock_tick_us"),
            .oom_kills = count("oom_kills"),
            .nmis = count("nmis")};
}

}  // namespace ordeal
