#include "testbed/guest_doors.hpp"

#include "testbed/guest_facts.hpp"
#include "testbed/tcp_door.hpp"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <tuple>
#include <type_traits>
#include <unistd.h>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

/// One attempt to reach the port; the keeper makes the next.
constexpr auto connect_deadline = 1s;
constexpr std::chrono::milliseconds pause_after_failure = 50ms;
/// By ssh, with a login each time.
constexpr auto far_connect_deadline = 5s;
constexpr std::chrono::milliseconds pause_after_far_failure = 300ms;

Beat beat_from(const wire::Heartbeat& heartbeat, Instant arrived) {
    return {.arrived = arrived,
            .guest_uptime = heartbeat.uptime,
            .boot_id = heartbeat.boot_id,
            .load_running = heartbeat.load == wire::LoadState::running,
            .load_failed = heartbeat.load == wire::LoadState::failed,
            .intended = heartbeat.intended,
            .acknowledged = heartbeat.acknowledged};
}

Result<wire::LoadStart> wire_order(const LoadOrder& order) {
    auto plan = plan_of(order);
    if (!plan) {
        return plan.error();
    }
    return wire::LoadStart{.directory = order.mount_point + "/" + order.directory(),
                           .plan = *plan,
                           .rate_limit = static_cast<std::uint32_t>(
                               std::clamp<std::int64_t>(order.spec.rate, 0, UINT32_MAX))};
}

}  // namespace

Result<std::unique_ptr<GuestDoors>> GuestDoors::open(GuestPlace place, const Scheduler& scheduler) {
    std::optional<Ping> ping;
    if (!place.address.empty()) {
        auto opened = Ping::open(place.inside, place.address);
        if (!opened) {
            return opened.error();
        }
        ping.emplace(std::move(*opened));
    }
    std::unique_ptr<GuestDoors> doors(new GuestDoors(std::move(place), scheduler, std::move(ping)));
    const auto& there = doors->place_;
    if (!there.console.empty()) {
        auto console =
            ConsoleTail::follow(there.console, [self = doors.get()](auto at, const auto& line) {
                self->console_lines_.call(self->instant(at), line);
            });
        if (!console) {
            return console.error();
        }
        doors->console_ = std::move(*console);
    }
    if (there.agent || !there.agent_sockets.empty()) {
        doors->keeper_ = std::jthread(
            [self = doors.get()](const std::stop_token& stop) { self->keep_link(stop); });
    }
    return doors;
}

GuestDoors::GuestDoors(GuestPlace place, const Scheduler& scheduler, std::optional<Ping> ping)
    : place_(std::move(place)), scheduler_(scheduler), ping_(std::move(ping)) {}

GuestDoors::~GuestDoors() = default;

Result<std::unique_ptr<AgentLink>> GuestDoors::open_link(const std::stop_token& stop) {
    const auto sink = [this](auto at, const AgentEvent& event) { on_agent(at, event); };
    if (place_.agent) {
        auto stream = place_.agent(far_connect_deadline);
        if (!stream) {
            return stream.error();
        }
        stream_ = std::move(stream->keeper);
        return AgentLink::over(std::move(stream->socket), sink, far_connect_deadline);
    }
    // After a migration it is on another host.
    const auto& sockets = place_.agent_sockets;
    const auto made = std::ranges::find_if(
        sockets, [](const auto& path) { return ::access(path.c_str(), F_OK) == 0; });
    return AgentLink::connect(
        made == sockets.end() ? sockets.front() : *made, sink, connect_deadline, stop);
}

void GuestDoors::keep_link(const std::stop_token& stop) {
    const auto pause = place_.agent ? pause_after_far_failure : pause_after_failure;
    while (!stop.stop_requested()) {
        auto opened = open_link(stop);
        std::unique_lock lock(mutex_);
        if (!opened) {
            // A port that takes the connection and drops it must not make this spin.
            changed_.wait_for(lock, stop, pause, [] { return false; });
            continue;
        }
        link_ = std::move(*opened);
        changed_.notify_all();
        changed_.wait(lock, stop, [this] { return closed_; });
        const auto old = std::exchange(link_, nullptr);
        closed_ = false;
        lock.unlock();  // the link waits for its reader, which may want this lock
    }
}

Instant GuestDoors::instant(SteadyTime at) const {
    return scheduler_.now() - (steady_clock::now() - at);
}

void GuestDoors::on_agent(SteadyTime at, const AgentEvent& event) {
    if (const auto* message = std::get_if<wire::Message>(&event)) {
        std::visit(
            [&](const auto& content) {
                if constexpr (requires { this->on_message(at, content); }) {
                    on_message(at, content);
                }
            },
            *message);
    } else if (const auto* problem = std::get_if<wire::Problem>(&event)) {
        protocol_errors_.call(problem->text());
    } else {
        const std::lock_guard lock(mutex_);
        closed_ = true;
        changed_.notify_all();
    }
}

void GuestDoors::on_message(SteadyTime at, const wire::Hello& hello) {
    const Hello said{.arrived = instant(at),
                     .boot_id = hello.boot_id,
                     .version = hello.agent_version,
                     .capabilities = hello.capabilities};
    {
        const std::lock_guard lock(mutex_);
        hello_ = said;
        changed_.notify_all();
    }
    hellos_.call(said);
}

void GuestDoors::on_message(SteadyTime at, const wire::Heartbeat& heartbeat) {
    beats_.call(beat_from(heartbeat, instant(at)));
}

/// Sequences are dealt to the writers in turn, from 1; see core/wire_ledger.hpp.
void GuestDoors::on_message(SteadyTime at, const wire::Acknowledged& acknowledged) {
    std::uint64_t writers = 1;
    {
        const std::lock_guard lock(mutex_);
        writers = acknowledged.run == run_ ? writers_ : 0;
    }
    if (writers == 0) {
        protocol_errors_.call("an acknowledgement of a load that nobody ordered");
        return;
    }
    // One message holds several writers' records, each writer's in order: join what is contiguous.
    std::vector<Acknowledged> ranges;
    const auto arrived = instant(at);
    for (const auto sequence : acknowledged.sequences) {
        const auto writer = static_cast<std::int64_t>((sequence - 1) % writers);
        const auto record = static_cast<std::int64_t>((sequence - 1) / writers);
        const auto range = std::ranges::find_if(ranges, [&](const Acknowledged& known) {
            return known.writer == writer && known.last + 1 == record;
        });
        if (range != ranges.end()) {
            range->last = record;
        } else {
            ranges.push_back({arrived, writer, record, record});
        }
    }
    for (const auto& range : ranges) {
        acknowledged_.call(range);
    }
}

void GuestDoors::on_message(SteadyTime /*at*/, const wire::WriteCache& cache) {
    write_caches_.call({cache.device, cache.mode});
}

void GuestDoors::on_message(SteadyTime /*at*/, const wire::LogLine& line) {
    spdlog::debug("the agent says domain={} text=\"{}\"", place_.domain, line.text);
}

void GuestDoors::expect_boot() {
    const std::lock_guard lock(mutex_);
    hello_.reset();
}

void GuestDoors::take(const NetworkBeat& beat) {
    if (const auto* heartbeat = std::get_if<wire::Heartbeat>(&beat.content)) {
        network_beats_.call(beat_from(*heartbeat, instant(beat.at)));
    } else {
        protocol_errors_.call(std::get<wire::Problem>(beat.content).text());
    }
}

Result<Hello> GuestDoors::wait_hello(Instant deadline) {
    if (place_.booted) {
        const auto booted = place_.booted(deadline);
        return booted ? Result<Hello>(Hello{.arrived = scheduler_.now()}) : booted.error();
    }
    const auto left = deadline - scheduler_.now();
    std::unique_lock lock(mutex_);
    // The hello can be here before the link it came over is there to be used.
    if (!changed_.wait_for(lock, left, [this] { return hello_ && link_ && !closed_; })) {
        return fail(ErrorKind::timeout,
                    "wait for the hello of the agent in " + place_.domain,
                    "none came",
                    "its console says how far it came: " + place_.console.string());
    }
    return *hello_;
}

Result<std::shared_ptr<AgentLink>> GuestDoors::link(const std::string& tried) {
    const std::lock_guard lock(mutex_);
    if (!link_ || closed_) {
        return fail(ErrorKind::unavailable,
                    tried,
                    "the agent link of " + place_.domain + " is closed",
                    "no QEMU has its port open");
    }
    return link_;
}

Status GuestDoors::start_load(const LoadOrder& wanted, Duration deadline) {
    auto order = wanted;
    if (place_.mounts.contains(order.spec.disk)) {
        order.mount_point = mount_of(order.spec.disk);
    }
    auto start = wire_order(order);
    const auto link = this->link("start the load");
    if (!start || !link) {
        return start ? link.error() : start.error();
    }
    if (place_.agent) {
        // The guest was there before this trial, and may write for one that died.
        std::ignore = (*link)->stop_load(deadline);
    }
    {
        // Before the order: the first acknowledgements may come before its answer.
        const std::lock_guard lock(mutex_);
        run_ = start->plan.run;
        writers_ = start->plan.writers;
    }
    return (*link)->start_load(std::move(*start), deadline);
}

Status GuestDoors::stop_load(Duration deadline) {
    const auto link = this->link("stop the load");
    if (!link) {
        return link.error();
    }
    const auto status = (*link)->stop_load(deadline);
    if (!status) {
        return status.error();
    }
    return status->error.empty()
               ? ok()
               : Status(fail(ErrorKind::unavailable, "stop the load", status->error));
}

Result<ClockReading> GuestDoors::read_clock(Duration deadline) {
    const auto link = this->link("read the guest's clocks");
    if (!link) {
        return link.error();
    }
    const auto asked = steady_clock::now();
    const auto reading = (*link)->read_clocks(deadline);
    if (!reading) {
        return reading.error();
    }
    return ClockReading{.guest_realtime = reading->realtime,
                        .guest_boottime = reading->boottime,
                        .round_trip = steady_clock::now() - asked};
}

Status GuestDoors::inject(const std::string& fault, const Fields& params, Duration deadline) {
    const auto link = this->link("have the agent make the fault " + fault);
    if (!link) {
        return link.error();
    }
    wire::InjectFault order{.kind = fault};
    for (const auto& [name, value] : params.all()) {
        order.params.emplace_back(name, exact(value));
    }
    if (const auto* disk = params.find<std::string>("disk")) {
        order.params.emplace_back("path", mount_of(*disk));
    }
    auto answer = (*link)->inject(std::move(order), deadline);
    // The link was there a moment ago: it went with the order.
    const bool gone_with_it = !answer && answer.error().kind == ErrorKind::unavailable;
    return gone_with_it ? ok() : answer;
}

Status GuestDoors::heal(const std::string& fault, Duration deadline) {
    const auto link = this->link("have the agent end the fault " + fault);
    return link ? (*link)->end_fault(fault, deadline) : Status(link.error());
}

Result<GuestFacts> GuestDoors::look(const std::string& disk, Duration deadline) {
    const auto link = this->link("look into the guest");
    const auto told = link ? (*link)->look(mount_of(disk), deadline) : link.error();
    return told ? facts_from(*told) : Result<GuestFacts>(told.error());
}

std::string GuestDoors::mount_of(const std::string& disk) const {
    const auto mount = place_.mounts.find(disk);
    return mount == place_.mounts.end() ? LoadOrder{}.mount_point : mount->second;
}

Subscription GuestDoors::on_hello(std::function<void(const Hello&)> callback) {
    return hellos_.add(std::move(callback));
}

Subscription GuestDoors::on_beat(std::function<void(const Beat&)> callback) {
    return beats_.add(std::move(callback));
}

Subscription GuestDoors::on_acknowledged(std::function<void(const Acknowledged&)> callback) {
    return acknowledged_.add(std::move(callback));
}

Subscription GuestDoors::on_write_cache(std::function<void(const GuestWriteCache&)> callback) {
    return write_caches_.add(std::move(callback));
}

Subscription GuestDoors::on_protocol_error(std::function<void(const std::string&)> callback) {
    return protocol_errors_.add(std::move(callback));
}

Subscription GuestDoors::on_network_beat(std::function<void(const Beat&)> callback) {
    return network_beats_.add(std::move(callback));
}

Subscription GuestDoors::on_console(std::function<void(Instant, const std::string&)> callback) {
    return console_lines_.add(std::move(callback));
}

Result<Duration> GuestDoors::ping(Duration deadline) {
    if (!ping_) {
        return fail(ErrorKind::missing, "ping " + place_.domain, "its address is not known");
    }
    return ping_->echo(deadline);
}

Result<Duration> GuestDoors::connect(std::uint16_t port, Duration deadline) {
    if (place_.address.empty()) {
        return fail(ErrorKind::missing, "connect to " + place_.domain, "its address is not known");
    }
    return tcp_connect({place_.inside, place_.address, port}, deadline);
}

Result<std::string> GuestDoors::ask(std::uint16_t port,
                                    const std::string& question,
                                    Duration deadline) {
    if (place_.address.empty()) {
        return fail(ErrorKind::missing, "ask " + place_.domain, "its address is not known");
    }
    return tcp_ask({place_.inside, place_.address, port}, question, deadline);
}

}  // namespace ordeal
