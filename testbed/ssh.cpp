#include "testbed/ssh.hpp"

#include "testbed/ssh_handles.hpp"

#include <libssh/callbacks.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <optional>
#include <string_view>
#include <sys/stat.h>
#include <system_error>

namespace ordeal {
namespace {

using Clock = std::chrono::steady_clock;

/// Waits for the packets of one session; gives its sockets back before it goes.
class Waiter {
  public:
    explicit Waiter(ssh_session session) : session_(session), event_(ssh_event_new()) {
        ssh_event_add_session(event_, session_);
    }

    ~Waiter() {
        ssh_event_remove_session(event_, session_);
        ssh_event_free(event_);
    }

    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;

    /// Handles what arrives; SSH_AGAIN when nothing did.
    int wait(int milliseconds) { return ssh_event_dopoll(event_, milliseconds); }

  private:
    ssh_session session_;
    ssh_event event_;
};

struct FreeKey {
    void operator()(ssh_key key) const { ssh_key_free(key); }
};

struct FreeText {
    void operator()(char* text) const { ssh_string_free_char(text); }
};

using KeyHandle = std::unique_ptr<ssh_key_struct, FreeKey>;

int signal_number(std::string_view name) {
    for (int number = 1; number < SIGSYS; ++number) {
        const char* known = ::sigabbrev_np(number);
        if (known != nullptr && name == known) {
            return number;
        }
    }
    return SIGKILL;
}

/// What the remote command says and how it ends; filled while packets are handled, so that nothing
/// stays in libssh's own buffers, where no poll sees it.
struct Listener {
    Output output;
    std::size_t limit;  ///< kept of each stream
    std::optional<Exit> exit;
    const std::function<bool(std::string_view)>& sink;
    bool refused = false;  ///< the sink takes no more
    ssh_channel_callbacks_struct callbacks{};

    explicit Listener(const SshRunOptions& options)
        : limit(options.output_limit.count), sink(options.sink) {
        ssh_callbacks_init(&callbacks);
        callbacks.userdata = this;
        callbacks.channel_data_function = [](ssh_session,
                                             ssh_channel,
                                             void* data,
                                             std::uint32_t size,
                                             int is_stderr,
                                             void* self) {
            static_cast<Listener*>(self)->hear(static_cast<const char*>(data), size, is_stderr);
            return static_cast<int>(size);
        };
        callbacks.channel_exit_status_function =
            [](ssh_session, ssh_channel, int status, void* self) {
                static_cast<Listener*>(self)->exit = Exit{status, 0};
            };
        callbacks.channel_exit_signal_function = [](ssh_session,
                                                    ssh_channel,
                                                    const char* name,
                                                    int,
                                                    const char*,
                                                    const char*,
                                                    void* self) {
            static_cast<Listener*>(self)->exit = Exit{0, signal_number(name)};
        };
    }

    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    void hear(const char* data, std::size_t size, int is_stderr) {
        if (is_stderr == 0 && sink) {
            refused = refused || !sink({data, size});
            return;
        }
        auto& text = is_stderr != 0 ? output.err : output.out;
        const auto kept = std::min(size, limit - text.size());
        text.append(data, kept);
        output.truncated = output.truncated || kept < size;
    }
};

}  // namespace

namespace {

/// Errors: refused, with what is wrong with the key and how to mend it.
Status check_host_key(const SshSession::Impl& impl, const SshTarget& target) {
    const auto tried = "connect by ssh to " + impl.label;
    const auto file = target.known_hosts.string();
    const auto place =
        target.port == 22 ? target.host : "[" + target.host + "]:" + std::to_string(target.port);
    switch (ssh_session_is_known_server(impl.session.get())) {
        case SSH_KNOWN_HOSTS_OK:
            return ok();
        case SSH_KNOWN_HOSTS_CHANGED:
        case SSH_KNOWN_HOSTS_OTHER:
            return fail(ErrorKind::refused,
                        tried,
                        "its host key has changed: it is not the one in " + file,
                        "somebody else may answer there; if the host was installed anew: "
                        "ssh-keygen -f " +
                            file + " -R " + quote_for_shell({place}));
        default:
            return fail(ErrorKind::refused,
                        tried,
                        "its host key is not in " + file,
                        "ssh-keyscan -p " + std::to_string(target.port) + " " + target.host +
                            " >> " + file + ", and compare the key with the host's own");
    }
}

Status log_in(const SshSession::Impl& impl, const SshTarget& target, Clock::time_point end) {
    auto* session = impl.session.get();
    int answer = SSH_AUTH_DENIED;
    set_timeout(session, end);
    if (!target.key.empty()) {
        ssh_key raw_key = nullptr;
        if (ssh_pki_import_privkey_file(target.key.c_str(), nullptr, nullptr, nullptr, &raw_key) !=
            SSH_OK) {
            return fail(ErrorKind::missing,
                        "log in by ssh to " + impl.label,
                        "no usable key in " + target.key.string(),
                        "a key with a passphrase is for the ssh-agent");
        }
        const KeyHandle key(raw_key);
        answer = ssh_userauth_publickey(session, nullptr, key.get());
    }
    if (answer != SSH_AUTH_SUCCESS && target.agent) {
        answer = ssh_userauth_agent(session, nullptr);
    }
    if (answer == SSH_AUTH_SUCCESS) {
        return ok();
    }
    auto error = impl.failure("log in by ssh to", end);
    if (error.kind != ErrorKind::timeout && ssh_is_connected(session) != 0) {
        error.kind = ErrorKind::refused;
        error.hint = target.key.empty()
                         ? "ssh-add -l must list a key that the host's authorized_keys has"
                         : "ssh-copy-id -i " + target.key.string() + " " + impl.label;
    }
    return error;
}

}  // namespace

SshSession::SshSession(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

SshSession::SshSession(SshSession&&) noexcept = default;
SshSession& SshSession::operator=(SshSession&&) noexcept = default;
SshSession::~SshSession() = default;

Result<SshSession> SshSession::open(const SshTarget& target, Duration deadline, Fd connected) {
    const auto end = Clock::now() + deadline;
    auto impl = std::make_unique<Impl>();
    impl->label = target.user + "@" + target.host;
    impl->session.reset(ssh_new());
    auto* session = impl->session.get();
    const int no = 0;
    const unsigned port = target.port;
    ssh_options_set(session, SSH_OPTIONS_PROCESS_CONFIG, &no);
    ssh_options_set(session, SSH_OPTIONS_HOST, target.host.c_str());
    ssh_options_set(session, SSH_OPTIONS_PORT, &port);
    ssh_options_set(session, SSH_OPTIONS_USER, target.user.c_str());
    ssh_options_set(session, SSH_OPTIONS_KNOWNHOSTS, target.known_hosts.c_str());
    ssh_options_set(session, SSH_OPTIONS_GLOBAL_KNOWNHOSTS, "/dev/null");
    set_timeout(session, end);
    if (connected) {
        const socket_t fd = connected.release();  // libssh closes it with the session
        ssh_options_set(session, SSH_OPTIONS_FD, &fd);
    }
    if (ssh_connect(session) != SSH_OK) {
        return impl->failure("connect by ssh to", end);
    }
    auto ready = check_host_key(*impl, target);
    ready = ready ? log_in(*impl, target, end) : ready;
    if (!ready) {
        return ready.error();
    }
    return SshSession(std::move(impl));
}

Result<Output> SshSession::run(const Argv& argv, const SshRunOptions& options) {
    const auto start = Clock::now();
    const auto deadline = start + options.deadline;
    auto* session = impl_->session.get();
    const auto tried = "run " + to_text(argv) + " on";
    set_timeout(session, deadline);
    Listener listener(options);  // outlives the channel, which calls it
    const ChannelHandle channel(ssh_channel_new(session));
    if (!channel || ssh_channel_open_session(channel.get()) != SSH_OK ||
        ssh_set_channel_callbacks(channel.get(), &listener.callbacks) != SSH_OK ||
        ssh_channel_request_exec(channel.get(), quote_for_shell(argv).c_str()) != SSH_OK) {
        return impl_->failure(tried, deadline);
    }
    const auto size = static_cast<std::uint32_t>(options.input.size());
    if ((size > 0 &&
         ssh_channel_write(channel.get(), options.input.data(), size) != static_cast<int>(size)) ||
        ssh_channel_send_eof(channel.get()) != SSH_OK) {
        return impl_->failure(tried, deadline);
    }
    Waiter waiter(session);
    while (!listener.exit || ssh_channel_is_eof(channel.get()) == 0) {
        if (Clock::now() >= deadline) {
            return fail(ErrorKind::timeout,
                        tried + " " + impl_->label,
                        "not finished in " + to_text(options.deadline));
        }
        if (listener.refused) {
            return fail(
                ErrorKind::unavailable, tried + " " + impl_->label, "its output is too much");
        }
        if (ssh_channel_is_closed(channel.get()) != 0 || ssh_is_connected(session) == 0 ||
            waiter.wait(milliseconds_until(deadline)) == SSH_ERROR) {
            return fail(ErrorKind::unavailable,
                        tried + " " + impl_->label,
                        "the ssh connection was lost before it ended",
                        "it may have run");
        }
    }
    listener.output.exit = *listener.exit;
    listener.output.wall = Clock::now() - start;
    return std::move(listener.output);
}

bool SshSession::connected() const {
    return ssh_is_connected(impl_->session.get()) != 0;
}

std::string quote_for_shell(const Argv& argv) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=@%+,";
    std::string line;
    for (const auto& word : argv) {
        line += line.empty() ? "" : " ";
        // '=' makes an assignment of the first word, so it is only plain in the others.
        const bool assignment = &word == &argv.front() && word.find('=') != std::string::npos;
        if (!word.empty() && !assignment && word.find_first_not_of(plain) == std::string::npos) {
            line += word;
            continue;
        }
        line += '\'';
        for (const char c : word) {
            line += c == '\'' ? std::string("'\\''") : std::string(1, c);
        }
        line += '\'';
    }
    return line;
}

Result<std::string> generate_ssh_key(const std::filesystem::path& path) {
    const auto tried = "make ssh key " + path.string();
    ssh_key raw_key = nullptr;
    if (ssh_pki_generate(SSH_KEYTYPE_ED25519, 0, &raw_key) != SSH_OK) {
        return fail(ErrorKind::internal, tried, "libssh could not");
    }
    const KeyHandle key(raw_key);
    // Created with its mode before libssh writes the secret into it.
    Fd created(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    char* raw_text = nullptr;
    if (!created ||
        ssh_pki_export_privkey_file(key.get(), nullptr, nullptr, nullptr, path.c_str()) != SSH_OK ||
        ::chmod(path.c_str(), 0600) != 0 ||
        ssh_pki_export_pubkey_base64(key.get(), &raw_text) != SSH_OK) {
        return fail(ErrorKind::unavailable, tried, std::system_category().message(errno));
    }
    const std::unique_ptr<char, FreeText> text(raw_text);
    auto line = "ssh-ed25519 " + std::string(text.get());
    std::ofstream(path.string() + ".pub") << line << "\n";
    return line;
}

}  // namespace ordeal
