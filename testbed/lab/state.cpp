#include "testbed/lab/state.hpp"

#include "testbed/wait.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <sys/stat.h>
#include <system_error>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr int format_version = 3;

std::string errno_text() {
    return std::system_category().message(errno);
}

json to_json(const LabState& state) {
    json nodes = json::array();
    for (const auto& node : state.nodes) {
        nodes.push_back({{"name", node.name},
                         {"number", node.number},
                         {"storage", node.role == NodeRole::storage}});
    }
    json rack = nullptr;
    if (state.rack) {
        rack = {{"pid", state.rack->pid}, {"start_ticks", state.rack->start_ticks}};
    }
    return {{"version", format_version},
            {"name", state.name},
            {"complete", state.complete},
            {"rack", rack},
            {"nodes", nodes}};
}

LabState from_json(const json& document) {
    LabState state;
    state.name = document.at("name");
    state.complete = document.at("complete");
    if (const auto& rack = document.at("rack"); !rack.is_null()) {
        state.rack = ProcessRef{rack.at("pid"), rack.at("start_ticks")};
    }
    for (const auto& entry : document.at("nodes")) {
        const bool storage = entry.value("storage", false);
        state.nodes.push_back(
            {entry.at("name"), entry.at("number"), storage ? NodeRole::storage : NodeRole::host});
    }
    return state;
}

}  // namespace

fs::path labs_directory() {
    return "/run/ordeal";
}

Result<fs::path> lab_directory(const std::string& name) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-';
    };
    if (name.empty() || name.size() > 32 || !std::ranges::all_of(name, allowed)) {
        return fail(ErrorKind::usage,
                    "name a lab \"" + name + "\"",
                    "not a lab name",
                    "use 1 to 32 of a-z, 0-9 and '-'");
    }
    return labs_directory() / name;
}

Status save(const LabState& state, const fs::path& directory) {
    const auto path = directory / "lab.json";
    const auto draft = directory / "lab.json.new";
    const auto text = to_json(state).dump(2) + "\n";
    const auto tried = "write " + path.string();
    {
        const Fd file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        if (!file ||
            ::write(file.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) ||
            ::fsync(file.get()) != 0) {
            return fail(ErrorKind::unavailable, tried, errno_text());
        }
    }
    if (::rename(draft.c_str(), path.c_str()) != 0) {
        return fail(ErrorKind::unavailable, tried, errno_text());
    }
    return ok();
}

Result<LabState> load_lab_state(const fs::path& directory) {
    const auto path = directory / "lab.json";
    std::ifstream file(path);
    if (!file) {
        return fail(ErrorKind::not_found,
                    "open lab " + directory.filename().string(),
                    "no " + path.string(),
                    "start it with: ordeal lab up");
    }
    try {
        return from_json(json::parse(file));
    } catch (const json::exception& problem) {
        return fail(ErrorKind::corrupt, "read " + path.string(), problem.what());
    }
}

Result<Fd> lock_lab(const fs::path& directory, Duration deadline) {
    const auto tried = "lock lab " + directory.filename().string();
    Fd lock(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!lock) {
        return fail(ErrorKind::not_found, tried, errno_text());
    }
    const auto taken = [&] { return ::flock(lock.get(), LOCK_EX | LOCK_NB) == 0; };
    if (!wait_until(deadline, taken)) {
        return fail(ErrorKind::refused, tried, "another process is starting or ending it");
    }

    struct stat info {};

    if (::fstat(lock.get(), &info) != 0 || info.st_nlink == 0) {
        return fail(ErrorKind::not_found, tried, "it was taken down meanwhile");
    }
    return lock;
}

}  // namespace ordeal
