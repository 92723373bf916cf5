#include "testbed/control_group.hpp"

#include "core/read_file.hpp"
#include "testbed/lab/files.hpp"
#include "testbed/procfs.hpp"
#include "testbed/wait.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <sstream>
#include <string_view>
#include <system_error>
#include <vector>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int period_us = 100'000;
constexpr auto empty_deadline = 2s;

enum class Version { one, two };

/// A mounted hierarchy of groups.
struct Hierarchy {
    Version version = Version::two;
    fs::path mount;
};

bool has_word(const std::string& text, std::string_view word, char separator) {
    std::istringstream words(text);
    for (std::string each; std::getline(words, each, separator);) {
        if (each == word) {
            return true;
        }
    }
    return false;
}

/// Those that freeze or limit: version 2, and the one of version 1 that has the controller "cpu".
std::vector<Hierarchy> hierarchies() {
    std::vector<Hierarchy> found;
    std::istringstream mounts(read_file("/proc/self/mounts"));
    for (std::string line; std::getline(mounts, line);) {
        std::istringstream words(line);
        std::string source;
        std::string point;
        std::string type;
        std::string options;
        words >> source >> point >> type >> options;
        if (type == "cgroup2") {
            found.push_back({Version::two, point});
        } else if (type == "cgroup" && has_word(options, "cpu", ',')) {
            found.push_back({Version::one, point});
        }
    }
    return found;
}

bool limits_processors(const Hierarchy& hierarchy) {
    const auto controllers = read_file(hierarchy.mount / "cgroup.controllers");
    return hierarchy.version == Version::one ||
           has_word(controllers.substr(0, controllers.find('\n')), "cpu", ' ');
}

Result<Hierarchy> hierarchy_for(const Confinement& confinement) {
    for (const auto& each : hierarchies()) {
        if (confinement.frozen ? each.version == Version::two : limits_processors(each)) {
            return each;
        }
    }
    return fail(ErrorKind::missing,
                "find the control groups",
                confinement.frozen ? "cgroup version 2 is not mounted"
                                   : "no hierarchy has the controller cpu");
}

std::string group_of(const ProcessRef& process) {
    return "ordeal-" + std::to_string(process.pid) + "-" + std::to_string(process.start_ticks);
}

Status write_value(const fs::path& file, const std::string& value) {
    std::ofstream stream(file);
    stream << value << std::flush;
    return stream ? ok()
                  : Status(fail(ErrorKind::refused,
                                "write \"" + value + "\" to " + file.string(),
                                "the kernel refused"));
}

/// The group in which the process is, "/…".
std::string origin_of(const ProcessRef& process, Version version) {
    std::istringstream lines(read_file("/proc/" + std::to_string(process.pid) + "/cgroup"));
    for (std::string line; std::getline(lines, line);) {
        const auto first = line.find(':');
        const auto second = line.find(':', first + 1);
        if (second == std::string::npos) {
            continue;
        }
        const auto controllers = line.substr(first + 1, second - first - 1);
        if (version == Version::two ? controllers.empty() : has_word(controllers, "cpu", ',')) {
            return line.substr(second + 1);
        }
    }
    return "/";
}

Status limit(const Hierarchy& hierarchy, const fs::path& group, double processors) {
    const auto quota = std::to_string(
        std::max(1000, static_cast<int>(processors * static_cast<double>(period_us))));
    if (hierarchy.version == Version::one) {
        return write_value(group / "cpu.cfs_quota_us", quota);
    }
    return write_value(group / "cpu.max", quota + " " + std::to_string(period_us));
}

std::uint64_t value_of(const std::string& text, std::string_view key) {
    std::istringstream words(text);
    std::string word;
    std::uint64_t value = 0;
    while (words >> word >> value) {
        if (word == key) {
            return value;
        }
    }
    return 0;
}

}  // namespace

std::string what_confining_lacks(const Confinement& confinement) {
    const auto found = hierarchy_for(confinement);
    return found ? "" : found.error().answer;
}

Status confine(const ProcessRef& process,
               const Confinement& confinement,
               const fs::path& directory) {
    const auto hierarchy = hierarchy_for(confinement);
    if (!hierarchy) {
        return hierarchy.error();
    }
    if (const auto status = process_status(process); !status) {
        return status.error();
    }
    Status done = make_directory(directory);
    done = done ? write_file(directory / group_of(process), origin_of(process, hierarchy->version))
                : done;
    if (!done) {
        return done;
    }
    const auto group = hierarchy->mount / group_of(process);
    std::error_code error;
    fs::create_directory(group, error);
    if (error) {
        return fail(
            ErrorKind::refused, "make the control group " + group.string(), error.message());
    }
    if (!confinement.frozen && hierarchy->version == Version::two) {
        done = write_value(hierarchy->mount / "cgroup.subtree_control", "+cpu");
    }
    if (!confinement.frozen && done) {
        done = limit(*hierarchy, group, confinement.processors);
    }
    done = done ? write_value(group / "cgroup.procs", std::to_string(process.pid)) : done;
    return done && confinement.frozen ? write_value(group / "cgroup.freeze", "1") : done;
}

Result<Confined> confined(const ProcessRef& process) {
    for (const auto& each : hierarchies()) {
        const auto group = each.mount / group_of(process);
        if (std::error_code error; fs::exists(group, error)) {
            return Confined{.frozen = value_of(read_file(group / "cgroup.events"), "frozen") == 1,
                            .throttled = value_of(read_file(group / "cpu.stat"), "nr_throttled")};
        }
    }
    return fail(ErrorKind::not_found, "look at " + group_of(process), "it has no group");
}

Status release(const ProcessRef& process, const fs::path& directory) {
    for (const auto& each : hierarchies()) {
        const auto group = each.mount / group_of(process);
        std::error_code error;
        if (!fs::exists(group, error)) {
            continue;
        }
        if (each.version == Version::two) {
            if (auto thawed = write_value(group / "cgroup.freeze", "0"); !thawed) {
                return thawed;
            }
        }
        if (process_status(process)) {
            const auto origin = read_file(directory / group_of(process));
            auto moved = write_value(fs::path(each.mount.string() + origin) / "cgroup.procs",
                                     std::to_string(process.pid));
            if (!moved && process_status(process)) {
                return moved;
            }
        }
        // A process that has just died is in it for another moment.
        if (!wait_until(empty_deadline,
                        [&] { return fs::remove(group, error) || !fs::exists(group, error); })) {
            return fail(ErrorKind::timeout, "remove " + group.string(), error.message());
        }
    }
    std::error_code ignored;
    fs::remove(directory / group_of(process), ignored);
    return ok();
}

}  // namespace ordeal
