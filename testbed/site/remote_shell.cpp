#include "testbed/site/remote_shell.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

namespace ordeal {
namespace {

constexpr std::size_t most_idle = 8;
constexpr int exit_not_found = 3;
constexpr int exit_refused = 4;

SshTarget target_of(const SiteSsh& ssh) {
    return {.host = ssh.address,
            .port = ssh.port,
            .user = ssh.user,
            .key = ssh.key,
            .known_hosts = ssh.known_hosts,
            .agent = ssh.agent};
}

HostOutput host_output(Output output) {
    const auto& exit = output.exit;
    return {.exit_code = exit.signal == 0 ? exit.code : 128 + exit.signal,
            .out = std::move(output.out),
            .err = std::move(output.err)};
}

}  // namespace

SshRoute route_to(const Site& site, const SiteSsh& ssh) {
    SshRoute route{.target = target_of(ssh), .jump = {}};
    if (const auto* jump = site.jump(ssh.jump)) {
        route.jump = target_of(jump->ssh);
    }
    return route;
}

Error RemoteShell::named(Error error) const {
    error.tried = "host " + host_ + ", ssh: " + error.tried;
    return error;
}

Result<HostOutput> RemoteShell::run(const Argv& argv, SshRunOptions options) {
    const auto end = std::chrono::steady_clock::now() + options.deadline;
    std::optional<RoutedSession> session;
    {
        const std::lock_guard lock(mutex_);
        while (!idle_.empty() && !session) {
            session.emplace(std::move(idle_.back()));
            idle_.pop_back();
            if (!session->session.connected()) {
                session.reset();
            }
        }
    }
    const bool used = session.has_value();
    if (!used) {
        auto opened = open_session(route_, options.deadline);
        if (!opened) {
            return named(opened.error());
        }
        session.emplace(std::move(*opened));
    }
    options.deadline = std::max<Duration>(end - std::chrono::steady_clock::now(), Duration(1));
    auto output = session->session.run(argv, options);
    if (!output) {
        return named(output.error());
    }
    const std::lock_guard lock(mutex_);
    if (idle_.size() < most_idle) {
        idle_.push_back(std::move(*session));
    }
    return host_output(std::move(*output));
}

Result<std::string> RemoteShell::script(const std::string& tried,
                                        const std::string& text,
                                        std::vector<std::string> arguments,
                                        SshRunOptions options) {
    Argv argv{"sh", "-c", text, "ordeal"};
    std::ranges::move(arguments, std::back_inserter(argv));
    auto output = run(argv, std::move(options));
    if (!output) {
        return fail(output.error().kind,
                    tried + ", host " + host_ + ", ssh",
                    output.error().answer,
                    output.error().hint);
    }
    if (output->exit_code == 0) {
        return std::move(output->out);
    }
    const auto kind = output->exit_code == exit_not_found ? ErrorKind::not_found
                      : output->exit_code == exit_refused ? ErrorKind::refused
                                                          : ErrorKind::unavailable;
    auto said = output->err.substr(0, output->err.find_last_not_of('\n') + 1);
    return fail(kind,
                tried + " on host " + host_,
                !said.empty()                  ? std::move(said)
                : kind == ErrorKind::not_found ? std::string("it is not there")
                                               : "exit code " + std::to_string(output->exit_code));
}

}  // namespace ordeal
