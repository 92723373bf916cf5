#include "testbed/lab/hardware.hpp"

#include "core/read_file.hpp"
#include "testbed/cache.hpp"
#include "testbed/lab/files.hpp"
#include "testbed/lab/node_setup.hpp"
#include "testbed/lab/planes.hpp"
#include "testbed/process.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <sys/types.h>

namespace ordeal {
namespace {

namespace fs = std::filesystem;

/// See ipmi_lan(5); without a guid there is no IPMI 2.0. The password is the lab's own, and the
/// address is in the rack's network.
constexpr const char* controller_conf = R"(name "{0}"
set_working_mc 0x20
  startlan 1
    addr {1} 623
    priv_limit admin
    allowed_auths_callback none
    allowed_auths_user md5
    allowed_auths_operator md5
    allowed_auths_admin md5
    guid {6}
  endlan
  chassis_control "sh {2} {3} chassis"
  user 1 false "" "" user 10 none
  user 2 true "{4}" "{5}" admin 10 md5
)";

/// See ipmi_sim_cmd(5): a management controller that knows the chassis commands.
constexpr const char* controller_emulation = R"(mc_setbmc 0x20
mc_add 0x20 0 no-device-sdrs 0x23 9 8 0x9f 0x1291 0xf02 persist_sdr
mc_enable 0x20
)";

constexpr const char* hardware_conf = R"(name={}
number={}
bridges="{}"
ipmi_sim={}
libraries={}
)";

}  // namespace

fs::path hardware_path(const fs::path& lab_directory) {
    return lab_directory / "hardware.sh";
}

fs::path power_password_path(const fs::path& lab_directory) {
    return lab_directory / "power_password";
}

Status write_rack_files(const fs::path& lab_directory) {
    auto password = random_uuid();
    if (!password) {
        return password.error();
    }
    std::erase(*password, '-');
    password->resize(16);  // ipmi_sim knows no longer ones
    if (auto written = write_file(power_password_path(lab_directory), *password, 0600); !written) {
        return written;
    }
    return write_file(hardware_path(lab_directory), hardware_script(), 0700);
}

Status write_hardware_files(const fs::path& lab_directory, const NodeState& node) {
    const auto directory = lab_directory / node.name;
    const auto simulator = unpacked_program("usr/bin/ipmi_sim");
    if (!simulator) {
        return simulator.error();
    }
    std::string paths;
    for (const auto& path : private_paths()) {
        paths += fmt::format("{} {}\n", path.inside, path.source);
    }
    const std::string password = read_file(power_password_path(lab_directory));
    auto guid = random_uuid();
    if (!guid) {
        return guid.error();
    }
    std::erase(*guid, '-');
    // On these planes there are machines inside the node: guests, or servers of disks.
    const char* bridges = node.role == NodeRole::storage ? "storage" : "guest";
    Status done = make_directory(directory / "bmc");
    done = done ? write_file(directory / "private_paths", paths) : done;
    done = done ? write_file(directory / "hardware.conf",
                             fmt::format(hardware_conf,
                                         node.name,
                                         node.number,
                                         bridges,
                                         simulator->string(),
                                         unpacked_libraries().string()))
                : done;
    done = done ? write_file(directory / "bmc.emu", controller_emulation) : done;
    return done ? write_file(directory / "bmc.conf",
                             fmt::format(controller_conf,
                                         node.name,
                                         power_address(node.number),
                                         hardware_path(lab_directory).string(),
                                         directory.string(),
                                         power_user,
                                         password,
                                         *guid),
                             0600)
                : done;
}

Status plug(const fs::path& lab_directory,
            const std::string& node,
            const ProcessRef& rack,
            Duration deadline) {
    RunOptions options{.deadline = deadline, .inside = static_cast<pid_t>(rack.pid)};
    options.cwd = "/";
    options.background = Background::kept;
    const auto done = run_or_fail(
        {"sh", hardware_path(lab_directory).string(), (lab_directory / node).string(), "plug"},
        options);
    return done ? ok() : Status(done.error());
}

}  // namespace ordeal
