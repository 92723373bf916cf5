// Programs that are started on a host of a site: each is a session of its own, whose leader's pid
// is in a file there.
#include "testbed/site/remote_host.hpp"
#include "testbed/site/remote_stat.hpp"

#include <chrono>
#include <sstream>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration ending_deadline = 10s;

constexpr const char* program_script = R"sh(
name=$1 && shift
mkdir -p /run/ordeal/programs && cd / || exit 4
read -r pid 2>/dev/null <"/run/ordeal/programs/$name.pid" && kill -0 "$pid" 2>/dev/null &&
    { echo "it runs already" >&2; exit 4; }
setsid "$@" </dev/null >"/run/ordeal/programs/$name.log" 2>&1 &
echo $! >"/run/ordeal/programs/$name.pid"
)sh";

/// Sets `members` to the pids of the program's session.
constexpr const char* members_script = R"sh(
read -r leader 2>/dev/null <"/run/ordeal/programs/$1.pid" || exit 3
members=
for each in /proc/[0-9]*/stat; do
    read -r stat 2>/dev/null <"$each" || continue
    set -- ${stat##*) }
    [ "$4" = "$leader" ] && [ "$1" != Z ] && members="$members ${stat%% *}"
done
)sh";

/// Of each member: the line of stat, resident pages, bytes written.
constexpr const char* list_script = R"sh(
[ -n "$members" ] || exit 3
echo "$leader $(getconf PAGESIZE)"
for pid in $members; do
    read -r stat 2>/dev/null <"/proc/$pid/stat" || continue
    read -r size pages rest 2>/dev/null <"/proc/$pid/statm"
    written=0
    while read -r key value; do [ "$key" = write_bytes: ] && written=$value; done \
        2>/dev/null <"/proc/$pid/io"
    printf '%s\n%s %s\n' "$stat" "${pages:-0}" "$written"
done
)sh";

constexpr const char* end_script = R"sh(
[ -z "$members" ] || kill -s KILL $members 2>/dev/null
for pid in $members; do
    tries=100
    while [ -e "/proc/$pid" ] && [ $((tries -= 1)) -gt 0 ]; do
        read -r stat 2>/dev/null <"/proc/$pid/stat" || break
        set -- ${stat##*) }
        [ "$1" = Z ] && break
        sleep 0.05
    done
    [ "$tries" -gt 0 ] || { echo "process $pid does not end" >&2; exit 1; }
done
)sh";

}  // namespace

Status RemoteHost::start_program(const std::string& name,
                                 const std::vector<std::string>& argv,
                                 Duration deadline) {
    const auto tried = "start program " + name;
    if (auto may = permitted(tried); !may) {
        return may;
    }
    std::vector<std::string> arguments{name};
    arguments.insert(arguments.end(), argv.begin(), argv.end());
    const auto started = script(tried, program_script, std::move(arguments), deadline);
    return started ? ok() : Status(started.error());
}

Result<ProgramStatus> RemoteHost::program(const std::string& name) {
    const auto tried = "find program " + name;
    const auto listed = script(tried, std::string(members_script) + list_script, {name});
    if (!listed) {
        return listed.error();
    }
    ProgramStatus status;
    std::istringstream lines(*listed);
    std::int64_t leader = 0;
    std::uint64_t page = 0;
    std::string line;
    lines >> leader >> page;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
        const auto process = parse_stat(tried, line);
        std::uint64_t pages = 0;
        std::uint64_t written = 0;
        lines >> pages >> written;
        std::getline(lines, line);
        if (!process) {
            continue;
        }
        status.process = process->ref.pid == leader ? process->ref : status.process;
        status.cpu_time += process->status.cpu_time;
        status.resident.count += pages * page;
        status.written.count += written;
    }
    return status.process.pid != 0
               ? Result<ProgramStatus>(status)
               : fail(ErrorKind::not_found, tried + " on host " + host_.name, "it does not run");
}

Status RemoteHost::end_program(const std::string& name) {
    const auto ended = script(
        "end program " + name, std::string(members_script) + end_script, {name}, ending_deadline);
    return ended || ended.error().kind == ErrorKind::not_found ? ok() : Status(ended.error());
}

}  // namespace ordeal
