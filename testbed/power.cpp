#include "testbed/power.hpp"

#include "testbed/process.hpp"

#include <array>
#include <string_view>

namespace ordeal {
namespace {

/// ipmitool's words, see "chassis power" in ipmitool(1).
std::string word_of(PowerOrder order) {
    return order == PowerOrder::diagnose ? "diag" : std::string(name_of(order));
}

/// What ipmitool -v says of a session that it could not open. Without -v it says the same of all.
struct Refusal {
    std::string_view words;
    ErrorKind kind;
    std::string_view answer;
    std::string_view hint;
};

constexpr std::array refusals{
    Refusal{"RAKP 2 HMAC is invalid",
            ErrorKind::refused,
            "the controller does not accept the password",
            "correct the password that the testbed file refers to"},
    Refusal{"unauthorized name",
            ErrorKind::refused,
            "the controller does not know the user",
            "correct bmc.user; `ipmitool user list` on the host lists them"},
    Refusal{"privilege",
            ErrorKind::refused,
            "the user may not switch the power",
            "`ipmitool user priv` on the host gives the right"},
    Refusal{"Could not open socket",
            ErrorKind::unavailable,
            "there is no way to the controller's address",
            "check the address and the route to it"},
    Refusal{"Get Auth Capabilities error",
            ErrorKind::unavailable,
            "the controller does not answer",
            "check its address, its network, and that IPMI over LAN is switched on"},
};

Error session_failure(const std::string& tried, const std::string& said) {
    for (const auto& each : refusals) {
        if (said.find(each.words) != std::string::npos) {
            return fail(each.kind, tried, std::string(each.answer), std::string(each.hint));
        }
    }
    const auto end = said.find_last_not_of('\n');
    const auto begin = end == std::string::npos ? end : said.rfind('\n', end);
    const auto last = said.substr(begin == std::string::npos ? 0 : begin + 1);
    const bool known = said.find("establish") == std::string::npos;
    return fail(known ? ErrorKind::refused : ErrorKind::unavailable,
                tried,
                last.substr(0, last.find('\n')));
}

}  // namespace

Result<std::string> IpmiPower::ask(const std::string& word, Duration deadline) const {
    const auto tried =
        "power " + word + " of " + target_.host + ", power controller at " + target_.address;
    const auto password = read_secret(target_.password);
    if (!password) {
        return password.error();
    }
    RunOptions options;
    options.deadline = deadline;
    options.env = {{"IPMI_PASSWORD", *password}};
    options.inside = target_.inside;
    options.cwd = "/";
    Argv argv{"ipmitool", "-v", "-I", "lanplus", "-H", target_.address, "-U", target_.user, "-E"};
    const auto add = [&](std::initializer_list<std::string> words) {
        argv.insert(argv.end(), words);
    };
    add({"-p", std::to_string(target_.port), "-N", "2", "-R", "2"});
    if (target_.cipher_suite != 0) {
        add({"-C", std::to_string(target_.cipher_suite)});
    }
    add({"chassis", "power", word});
    const auto answer = run(argv, options);
    if (!answer && answer.error().kind == ErrorKind::timeout) {
        return fail(ErrorKind::timeout,
                    tried,
                    "the controller did not answer within " + to_text(deadline),
                    "check its address and its network; some controllers are slow when busy");
    }
    if (!answer) {
        return fail(answer.error().kind, tried, answer.error().answer, answer.error().hint);
    }
    if (!answer->exit.success()) {
        return session_failure(tried, answer->out + answer->err);
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
