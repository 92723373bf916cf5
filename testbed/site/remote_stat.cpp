#include "testbed/site/remote_stat.hpp"

#include <charconv>
#include <chrono>
#include <sstream>
#include <string_view>
#include <vector>

namespace ordeal {
namespace {

constexpr Duration tick = std::chrono::milliseconds(10);

// Fields of proc(5) behind the name in parentheses, which may hold anything; "state" is the first.
constexpr std::size_t state_at = 0;
constexpr std::size_t session_at = 3;
constexpr std::size_t user_time_at = 11;
constexpr std::size_t system_time_at = 12;
constexpr std::size_t start_at = 19;

template <class T>
bool parse_number_field(std::string_view text, T& number) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc() && end == text.data() + text.size();
}

}  // namespace

Result<RemoteProcess> parse_stat(const std::string& tried, const std::string& line) {
    const auto broken = fail(ErrorKind::corrupt, tried, "no line of /proc/<pid>/stat: " + line);
    const auto end = line.rfind(')');
    if (end == line.npos) {
        return broken;
    }
    std::istringstream rest(line.substr(end + 1));
    std::vector<std::string> fields;
    for (std::string field; rest >> field;) {
        fields.push_back(std::move(field));
    }
    RemoteProcess process;
    std::int64_t user = 0;
    std::int64_t system = 0;
    if (fields.size() <= start_at ||
        !parse_number_field(std::string_view(line).substr(0, line.find(' ')), process.ref.pid) ||
        !parse_number_field(fields[start_at], process.ref.start_ticks) ||
        !parse_number_field(fields[user_time_at], user) ||
        !parse_number_field(fields[system_time_at], system) ||
        !parse_number_field(fields[session_at], process.session)) {
        return broken;
    }
    process.status = {.state = fields[state_at].front(), .cpu_time = tick * (user + system)};
    if (process.status.state == 'Z' || process.status.state == 'X') {
        return fail(ErrorKind::not_found, tried, "it has ended");
    }
    return process;
}

}  // namespace ordeal
