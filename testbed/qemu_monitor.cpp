#include "testbed/qemu_monitor.hpp"

#include "core/fd.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <system_error>
#include <utility>

namespace ordeal {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

/// More than any answer to our questions.
constexpr std::size_t longest_answer = 1U << 20U;

/// In a struct: a Json can be made of almost anything, of an Error too.
struct QmpAnswer {
    Json json;
};

/// One conversation.
class Conversation {
  public:
    static Result<Conversation> open(const std::filesystem::path& socket, Duration deadline) {
        const auto tried = "ask QEMU at " + socket.string();
        auto connection = connect(socket, tried);
        if (!connection) {
            return connection.error();
        }
        Conversation made(std::move(*connection), tried, Clock::now() + deadline);
        const auto greeting = made.read();
        const auto ready = greeting ? made.ask("qmp_capabilities") : greeting;
        return ready ? Result<Conversation>(std::move(made)) : ready.error();
    }

    /// What the command returns.
    Result<QmpAnswer> ask(const char* command, Json arguments = Json::object()) {
        const auto question =
            Json{{"execute", command}, {"arguments", std::move(arguments)}}.dump() + "\n";
        if (::send(socket_.get(), question.data(), question.size(), MSG_NOSIGNAL) !=
            static_cast<ssize_t>(question.size())) {
            return failure(ErrorKind::not_found, "it closed the connection");
        }
        for (;;) {
            auto answer = read();
            if (!answer) {
                return answer;
            }
            if (answer->json.contains("return")) {
                return QmpAnswer{answer->json.at("return")};
            }
            if (const auto error = answer->json.find("error"); error != answer->json.end()) {
                const auto missing = error->value("class", "") == "CommandNotFound";
                return failure(missing ? ErrorKind::missing : ErrorKind::unavailable,
                               error->value("desc", "no reason given"));
            }
            // Others are events.
        }
    }

    [[nodiscard]] Error failure(ErrorKind kind, const std::string& answer) const {
        return fail(kind, tried_, answer);
    }

  private:
    Conversation(Fd socket, std::string tried, Clock::time_point end)
        : socket_(std::move(socket)), tried_(std::move(tried)), end_(end) {}

    /// By a descriptor of the directory: an address holds 107 characters, see unix(7).
    static Result<Fd> connect(const std::filesystem::path& path, const std::string& tried) {
        const Fd directory(
            ::open((path.parent_path() / ".").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
        const auto name =
            "/proc/self/fd/" + std::to_string(directory.get()) + "/" + path.filename().string();
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        if (!directory || name.size() >= sizeof address.sun_path) {
            return fail(ErrorKind::not_found, tried, "no such socket");
        }
        std::ranges::copy(name, std::begin(address.sun_path));
        Fd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        const auto* to = reinterpret_cast<const sockaddr*>(&address);
        if (made && ::connect(made.get(), to, sizeof address) == 0) {
            return made;
        }
        const int error = errno;
        // A socket whose QEMU has gone refuses; one whose QEMU stands still has no more room.
        const auto kind = error == ENOENT || error == ECONNREFUSED ? ErrorKind::not_found
                          : error == EAGAIN                        ? ErrorKind::timeout
                                                                   : ErrorKind::unavailable;
        return fail(kind, tried, std::system_category().message(error));
    }

    /// The next line.
    Result<QmpAnswer> read() {
        auto end = received_.find('\n');
        while (end == std::string::npos) {
            const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Clock::now());
            pollfd readable{socket_.get(), POLLIN, 0};
            if (::poll(&readable, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0))) <=
                0) {
                return failure(ErrorKind::timeout, "no answer");
            }
            std::array<char, 4096> bytes{};
            const auto count = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
            if (count <= 0 || received_.size() > longest_answer) {
                return failure(ErrorKind::not_found, "it closed the connection");
            }
            received_.append(bytes.data(), static_cast<std::size_t>(count));
            end = received_.find('\n');
        }
        auto line = Json::parse(received_.substr(0, end), nullptr, false);
        received_.erase(0, end + 1);
        return line.is_object() ? Result<QmpAnswer>(QmpAnswer{std::move(line)})
                                : failure(ErrorKind::unavailable, "it does not speak QMP");
    }

    Fd socket_;
    std::string tried_;
    Clock::time_point end_;
    std::string received_;
};

Result<std::string> read_run_state(Conversation& qemu) {
    const auto status = qemu.ask("query-status");
    return status ? status->json.at("status").get<std::string>()
                  : Result<std::string>(status.error());
}

Result<std::vector<DiskQueue>> read_queues(Conversation& qemu) {
    std::vector<DiskQueue> queues;
    auto devices = qemu.ask("x-query-virtio");
    if (!devices) {
        return devices.error();
    }
    for (const auto& device : devices->json) {
        if (device.at("name") != "virtio-blk") {
            continue;
        }
        const auto& path = device.at("path");
        const auto status = qemu.ask("x-query-virtio-status", {{"path", path}});
        if (!status) {
            return status.error();
        }
        for (int number = 0; number < status->json.at("num-vqs"); ++number) {
            const auto queue =
                qemu.ask("x-query-virtio-queue-status", {{"path", path}, {"queue", number}});
            if (!queue) {
                return queue.error();
            }
            queues.push_back(
                {.waiting = queue->json.at("inuse"), .answered = queue->json.at("used-idx")});
        }
    }
    return queues;
}

/// Opens a conversation and has it; whatever is unlike QMP's answers is a failure.
template <class Questions>
auto converse(const std::filesystem::path& socket, Duration deadline, Questions questions)
    -> decltype(questions(std::declval<Conversation&>())) {
    try {
        auto qemu = Conversation::open(socket, deadline);
        if (!qemu) {
            return qemu.error();
        }
        return questions(*qemu);
    } catch (const Json::exception& unlike) {
        return fail(ErrorKind::unavailable, "ask QEMU at " + socket.string(), unlike.what());
    }
}

}  // namespace

Result<std::string> monitor_run_state(const std::filesystem::path& socket, Duration deadline) {
    return converse(socket, deadline, read_run_state);
}

Result<std::vector<DiskQueue>> monitor_disk_queues(const std::filesystem::path& socket,
                                                   Duration deadline) {
    return converse(socket, deadline, read_queues);
}

}  // namespace ordeal
