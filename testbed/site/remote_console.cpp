#include "testbed/site/remote_console.hpp"

#include <charconv>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <mutex>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr auto look_interval = 250ms;
constexpr Duration look_deadline = 3s;

/// Says the file's size, then what is behind the given offset (-1: nothing). A file that has become
/// shorter was made anew and is read from its beginning.
constexpr const char* read_script = R"sh(
size=$(stat -c %s "$1") || exit 3
from=$2
[ "$from" -ge 0 ] || from=$size
[ "$from" -le "$size" ] || from=0
size=$((size - from > 262144 ? from + 262144 : size))
echo "$size"
tail -c "+$((from + 1))" "$1" | head -c "$((size - from))"
)sh";

}  // namespace

RemoteConsole::RemoteConsole(RemoteShell& shell,
                             std::filesystem::path file,
                             std::filesystem::path copy)
    : shell_(shell), file_(std::move(file)), copy_(std::move(copy)) {
    std::ofstream(copy_).flush();
    thread_ = std::jthread([this](const std::stop_token& stop) { follow(stop); });
}

void RemoteConsole::follow(const std::stop_token& stop) {
    std::mutex mutex;
    std::condition_variable_any never;
    std::int64_t offset = -1;
    while (!stop.stop_requested()) {
        const auto said = shell_.script("read " + file_.string(),
                                        read_script,
                                        {file_.string(), std::to_string(offset)},
                                        {.deadline = look_deadline});
        if (said) {
            const auto end = std::min(said->find('\n'), said->size());
            std::from_chars(said->data(), said->data() + end, offset);
            std::ofstream(copy_, std::ios::app) << said->substr(std::min(end + 1, said->size()));
        }
        std::unique_lock lock(mutex);
        never.wait_for(lock, stop, look_interval, [] { return false; });
    }
}

}  // namespace ordeal
