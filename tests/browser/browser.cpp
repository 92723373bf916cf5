#include "tests/browser/browser.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdexcept>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace ordeal::browser {
namespace {

using nlohmann::json;
using std::chrono::steady_clock;

constexpr auto patience = std::chrono::seconds(60);
constexpr int first_free = 10;  ///< descriptors below are given away to the browser

struct Pipe {
    int read_end = -1;
    int write_end = -1;
};

[[noreturn]] void give_up(int error, const std::string& what) {
    throw std::system_error(error, std::system_category(), what);
}

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) {
        give_up(errno, "pipe2");
    }
    const Pipe high{::fcntl(ends[0], F_DUPFD_CLOEXEC, first_free),
                    ::fcntl(ends[1], F_DUPFD_CLOEXEC, first_free)};
    ::close(ends[0]);
    ::close(ends[1]);
    return high;
}

pid_t spawn(std::vector<std::string> argv, int in, int out) {
    std::vector<char*> words;
    for (auto& word : argv) {
        words.push_back(word.data());
    }
    words.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    ::posix_spawn_file_actions_adddup2(&actions, in, 3);
    ::posix_spawn_file_actions_adddup2(&actions, out, 4);
    posix_spawnattr_t attributes;
    ::posix_spawnattr_init(&attributes);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
    ::posix_spawnattr_setpgroup(&attributes, 0);
    pid_t pid = -1;
    const int error = ::posix_spawn(&pid, words[0], &actions, &attributes, words.data(), environ);
    ::posix_spawnattr_destroy(&attributes);
    ::posix_spawn_file_actions_destroy(&actions);
    if (error != 0) {
        give_up(error, argv[0]);
    }
    return pid;
}

}  // namespace

std::optional<std::filesystem::path> find_chromium() {
    const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): nobody sets it
    const std::string directories = path == nullptr ? "/usr/bin" : path;
    for (std::size_t from = 0; from <= directories.size();) {
        const auto to = std::min(directories.find(':', from), directories.size());
        for (const auto* name : {"chromium", "chromium-browser", "google-chrome"}) {
            const auto program = std::filesystem::path(directories.substr(from, to - from)) / name;
            if (::access(program.c_str(), X_OK) == 0) {
                return program;
            }
        }
        from = to + 1;
    }
    return {};
}

Browser::Browser(const std::filesystem::path& program) {
    std::string profile = std::filesystem::temp_directory_path() / "ordeal-browser-XXXXXX";
    if (::mkdtemp(profile.data()) == nullptr) {
        give_up(errno, "mkdtemp");
    }
    profile_ = profile;
    const auto down = make_pipe();
    const auto up = make_pipe();
    to_browser_ = down.write_end;
    from_browser_ = up.read_end;
    pid_ = spawn({program.string(),
                  "--headless",
                  "--no-sandbox",
                  "--disable-gpu",
                  "--no-first-run",
                  "--disable-background-networking",
                  "--disable-component-update",
                  "--disable-sync",
                  "--disable-dev-shm-usage",
                  "--window-size=1280,1000",
                  "--remote-debugging-pipe",
                  "--user-data-dir=" + profile,
                  "about:blank"},
                 down.read_end,
                 up.write_end);
    ::close(down.read_end);
    ::close(up.write_end);
    const auto target = call("Target.createTarget", {{"url", "about:blank"}});
    session_ =
        call("Target.attachToTarget", {{"targetId", target.at("targetId")}, {"flatten", true}})
            .at("sessionId");
    for (const auto* domain : {"Page.enable", "Runtime.enable", "Log.enable", "Network.enable"}) {
        call(domain, json::object());
    }
}

Browser::~Browser() {
    // End of input makes the browser quit; what does not quit in time is killed with its children.
    ::close(to_browser_);
    const int process = static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0));
    pollfd gone{.fd = process, .events = POLLIN, .revents = 0};
    ::poll(&gone, 1, 10'000);
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::close(process);
    ::close(from_browser_);
    std::error_code ignored;
    std::filesystem::remove_all(profile_, ignored);
}

std::chrono::duration<double> Browser::open(const std::filesystem::path& file) {
    complaints_.clear();
    loaded_ = false;
    page_ = "file://" + file.string();
    const auto begin = steady_clock::now();
    call("Page.navigate", {{"url", page_}});
    while (!loaded_) {
        note(receive());
    }
    // The second frame begins when the first has been painted.
    evaluate(
        "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))");
    return steady_clock::now() - begin;
}

json Browser::evaluate(const std::string& expression) {
    const auto answer =
        call("Runtime.evaluate",
             {{"expression", expression}, {"awaitPromise", true}, {"returnByValue", true}});
    const auto& result = answer.at("result");
    return result.contains("value") ? result.at("value") : json();
}

void Browser::resize(int width, int height) {
    call("Emulation.setDeviceMetricsOverride",
         {{"width", width}, {"height", height}, {"deviceScaleFactor", 1}, {"mobile", false}});
}

json Browser::call(const std::string& method, json params) {
    json message{{"id", ++last_id_}, {"method", method}, {"params", std::move(params)}};
    if (!session_.empty()) {
        message["sessionId"] = session_;
    }
    const std::string text = message.dump() + '\0';
    if (::write(to_browser_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        give_up(errno, "write to the browser");
    }
    while (true) {
        auto answer = receive();
        if (answer.value("id", 0) != last_id_) {
            note(answer);
            continue;
        }
        if (answer.contains("error")) {
            throw std::runtime_error(method + ": " + answer.at("error").dump());
        }
        return answer.at("result");
    }
}

json Browser::receive() {
    const auto deadline = steady_clock::now() + patience;
    while (true) {
        const auto end = buffer_.find('\0');
        if (end != std::string::npos) {
            auto message = json::parse(buffer_.substr(0, end));
            buffer_.erase(0, end + 1);
            return message;
        }
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - steady_clock::now());
        pollfd ready{.fd = from_browser_, .events = POLLIN, .revents = 0};
        if (left.count() <= 0 || ::poll(&ready, 1, static_cast<int>(left.count())) <= 0) {
            throw std::runtime_error("the browser does not answer");
        }
        std::array<char, 65536> chunk{};
        const auto size = ::read(from_browser_, chunk.data(), chunk.size());
        if (size <= 0) {
            throw std::runtime_error("the browser has gone");
        }
        buffer_.append(chunk.data(), static_cast<std::size_t>(size));
    }
}

void Browser::note(const json& event) {
    const auto method = event.value("method", "");
    const auto params = event.value("params", json::object());
    if (method == "Page.loadEventFired") {
        loaded_ = true;
    } else if (method == "Runtime.exceptionThrown" || method == "Runtime.consoleAPICalled") {
        complaints_.push_back(params.dump());
    } else if (method == "Log.entryAdded") {
        complaints_.push_back(params.at("entry").value("text", ""));
    } else if (method == "Network.requestWillBeSent") {
        const auto url = params.at("request").value("url", "");
        if (url != page_) {
            complaints_.push_back("asked for " + url);
        }
    }
}

}  // namespace ordeal::browser
