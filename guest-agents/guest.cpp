#include "guest-agents/guest.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
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

}  // namespace

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
