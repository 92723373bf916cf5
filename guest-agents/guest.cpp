#include "guest-agents/guest.hpp"

#include "guest-agents/helpers.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <sys/utsname.h>

namespace ordeal::agent {
namespace {

std::string first_line(const std::filesystem::path& path) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    return line;
}

Duration read_clock(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// The numbers behind the first line of `path` that begins with the word `name`, added up; nothing
/// when there is none.
std::optional<std::uint64_t> numbers_behind(const std::string& path, const std::string& name) {
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string first;
        if (!(words >> first) || first != name) {
            continue;
        }
        std::uint64_t sum = 0;
        for (std::uint64_t number = 0; words >> number;) {
            sum += number;
        }
        return sum;
    }
    return {};
}

}  // namespace

wire::GuestFacts look(const wire::LookRequest& request) {
    wire::GuestFacts facts{.request = request.request};
    const auto number = [&](const char* name, std::optional<std::uint64_t> value) {
        if (value) {
            facts.numbers.emplace_back(name, *value);
        }
    };
    auto helpers = look_at_helpers();
    facts.faults = std::move(helpers.kinds);
    number("fault_processes", helpers.processes);
    number("fault_cpu_ticks", helpers.cpu_ticks);
    number("fault_written", helpers.written);
    number("runnable", numbers_behind("/proc/stat", "procs_running"));
    number("oom_kills", numbers_behind("/proc/vmstat", "oom_kill"));
    number("nmis", numbers_behind("/proc/interrupts", "NMI:"));
    number("memory_available_kib", numbers_behind("/proc/meminfo", "MemAvailable:"));
    if (struct statvfs disk{}; ::statvfs(request.path.c_str(), &disk) == 0) {
        number("disk_free", std::uint64_t{disk.f_bfree} * disk.f_frsize);
        number("disk_read_only", (disk.f_flag & ST_RDONLY) != 0 ? 1 : 0);
    }
    if (timex clock{}; ::adjtimex(&clock) >= 0) {
        number("clock_tick_us", static_cast<std::uint64_t>(clock.tick));
    }
    facts.texts.emplace_back(
        "clocksource",
        first_line("/sys/devices/system/clocksource/clocksource0/current_clocksource"));
    return facts;
}

std::string kernel_release() {
    utsname name{};
    ::uname(&name);
    return name.release;
}

std::string boot_id() {
    return first_line("/proc/sys/kernel/random/boot_id");
}

Duration uptime() {
    return read_clock(CLOCK_BOOTTIME);
}

wire::ClockReading read_clocks(const wire::ClockRead& request) {
    return {request.request,
            request.token,
            read_clock(CLOCK_REALTIME),
            read_clock(CLOCK_MONOTONIC),
            read_clock(CLOCK_BOOTTIME)};
}

std::vector<wire::WriteCache> write_caches() {
    std::vector<wire::WriteCache> caches;
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/block", none)) {
        if (std::filesystem::exists(entry.path() / "device", none)) {
            caches.push_back(
                {entry.path().filename().string(), first_line(entry.path() / "queue/write_cache")});
        }
    }
    return caches;
}

std::string find_port(const std::string& name) {
    std::error_code none;
    for (const auto& entry : std::filesystem::directory_iterator("/sys/class/virtio-ports", none)) {
        if (first_line(entry.path() / "name") == name) {
            return "/dev/" + entry.path().filename().string();
        }
    }
    return {};
}

}  // namespace ordeal::agent
