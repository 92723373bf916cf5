#include "testbed/power.hpp"

#include "testbed/process.hpp"

#include <fstream>
#include <sys/stat.h>

namespace ordeal {
namespace {

/// ipmitool's words, see "chassis power" in ipmitool(1).
std::string word_of(PowerOrder order) {
    return order == PowerOrder::diagnose ? "diag" : std::string(name_of(order));
}

Result<std::string> read_password(const std::filesystem::path& path) {
    const auto tried = "read the password in " + path.string();

    struct stat info {};

    std::string password;
    std::ifstream file(path);
    if (::stat(path.c_str(), &info) != 0 || !std::getline(file, password)) {
        return fail(ErrorKind::missing, tried, "not readable");
    }
    if ((info.st_mode & 077U) != 0) {
        return fail(ErrorKind::refused, tried, "others may read it", "chmod 600 " + path.string());
    }
    return password;
}

}  // namespace

Result<std::string> IpmiPower::ask(const std::string& word, Duration deadline) const {
    const auto tried = "power " + word + " of " + target_.host + " at " + target_.address;
    const auto password = read_password(target_.password_file);
    if (!password) {
        return password.error();
    }
    RunOptions options;
    options.deadline = deadline;
    options.env = {{"IPMI_PASSWORD", *password}};
    options.inside = target_.inside;
    options.cwd = "/";
    Argv argv{"ipmitool", "-I", "lanplus", "-H", target_.address, "-U", target_.user, "-E"};
    const auto add = [&](std::initializer_list<std::string> words) {
        argv.insert(argv.end(), words);
    };
    add({"-p", std::to_string(target_.port), "-N", "2", "-R", "2"});
    if (target_.cipher_suite != 0) {
        add({"-C", std::to_string(target_.cipher_suite)});
    }
    add({"chassis", "power", word});
    const auto answer = run(argv, options);
    if (!answer) {
        return fail(answer.error().kind, tried, answer.error().answer, answer.error().hint);
    }
    if (!answer->exit.success()) {
        const bool known = answer->err.find("establish") == std::string::npos;
        return fail(known ? ErrorKind::refused : ErrorKind::unavailable,
                    tried,
                    answer->err.substr(0, answer->err.find('\n')),
                    known ? "" : "is the controller reachable, and are user and password right?");
    }
    return answer->out;
}

Result<PowerState> IpmiPower::state(Duration deadline) {
    const auto answer = ask("status", deadline);
    if (!answer) {
        return answer.error();
    }
    const bool on = answer->find("Power is on") != std::string::npos;
    if (!on && answer->find("Power is off") == std::string::npos) {
        return fail(ErrorKind::corrupt, "power status of " + target_.host, *answer);
    }
    return on ? PowerState::on : PowerState::off;
}

Status IpmiPower::order(PowerOrder order, Duration deadline) {
    const auto answer = ask(word_of(order), deadline);
    return answer ? ok() : Status(answer.error());
}

}  // namespace ordeal
