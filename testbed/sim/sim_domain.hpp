#pragma once

#include "core/listeners.hpp"
#include "core/testbed.hpp"
#include "testbed/sim/sim_disk.hpp"
#include "testbed/sim/sim_processes.hpp"

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace ordeal {

/// One simulated domain: a QEMU process, the guest in it, and what libvirt believes of the two.
/// The three are kept apart, because the tool exists to show where they disagree.
class SimDomain : public std::enable_shared_from_this<SimDomain> {
  public:
    SimDomain(SimAgenda& agenda, SimProcesses& processes, DomainSpec spec, std::string name);

    [[nodiscard]] const DomainSpec& spec() const { return spec_; }

    [[nodiscard]] const std::string& name() const { return name_; }

    // The machine's side. Orders that make no sense in the present state do nothing.

    void power_on();
    /// libvirt ends QEMU itself: it will say "destroyed".
    void destroy();
    void pause();
    void resume();
    /// Goes on in another QEMU on another machine, whose processes these are; the guest sees
    /// nothing of it.
    void move_to(SimProcesses& processes);

    /// All but abort_migration, which is no domain's own affair.
    void obey(DomainOrder order);
    /// The guest gives its memory up, or takes it back, within a second, if it lives.
    void squeeze(Bytes size);
    void set_card(bool there);
    /// One that comes back is another disk to the guest, whose filesystem stays dead.
    void set_disk(const std::string& name, bool there);

    [[nodiscard]] bool vcpus_run() const { return vcpus_run_; }

    [[nodiscard]] Bytes memory() const { return memory_; }

    [[nodiscard]] bool has_card() const { return card_; }

    [[nodiscard]] bool has_disk(const std::string& name) const { return unplugged_ != name; }

    [[nodiscard]] std::optional<ProcessRef> qemu() const { return qemu_; }

    /// nullptr when the domain has no such disk, or a plain file.
    [[nodiscard]] SimDisk* disk(const std::string& name);

    /// QEMU's own word, see Host::run_state.
    [[nodiscard]] std::string run_state() const;

    /// Of the disk that the load writes to.
    [[nodiscard]] DiskQueue queue() const { return queue_; }

    /// CPU time of the present QEMU without what it uses while no processor of the guest runs.
    [[nodiscard]] Duration vcpu_time() const;

    [[nodiscard]] bool frozen() const { return qemu_ && processes_->stopped(*qemu_); }

    // The guest's side.

    enum class Kernel { off, booting, alive, panicked, hung };

    void panic();
    /// The kernel goes round in a circle and does nothing else.
    void hang();

    void kill_agent() { agent_runs_ = false; }

    /// A fault by the agent's word for it. `refused` when the agent does not know it.
    Status make_fault(const std::string& kind, const Fields& params);
    void end_fault(const std::string& kind);

    [[nodiscard]] bool holds(const std::string& kind) const { return held_.contains(kind); }

    /// What the guest's kernel says.
    [[nodiscard]] GuestFacts facts() const;
    /// Of the guest's clock against the world's.
    [[nodiscard]] Duration clock_ahead() const;

    void nmi();

    void say(const std::string& line);

    void set_network(bool connected) { network_ = connected; }

    /// Whether anybody listens at the guest's ports.
    void set_servers(bool listen) { servers_ = listen; }

    [[nodiscard]] bool serves() const { return servers_ && !service_killed_; }

    /// Whoever listens takes the connection and says nothing.
    [[nodiscard]] bool service_hangs() const { return holds("service_hang"); }

    /// What servers say instead of what is right.
    void set_answer(std::string line) { answer_ = std::move(line); }

    [[nodiscard]] const std::string& answer() const { return answer_; }

    /// Whether the guest plane leads to its host.
    void set_plane(bool connected) { plane_ = connected; }

    /// Whether its host has a way to the shared storage.
    void set_storage(bool connected) { storage_ = connected; }

    /// The link of its network card.
    void set_link(LinkState state) { link_ = state; }

    [[nodiscard]] LinkState link() const { return link_; }

    void start_load(const LoadOrder& order);
    void stop_load();

    [[nodiscard]] bool load_runs() const { return load_.has_value(); }

    /// Instructions of the guest are executed and its kernel lives.
    [[nodiscard]] bool guest_lives() const;

    [[nodiscard]] bool agent_answers() const {
        return guest_lives() && agent_runs_ && !holds("agent_stop");
    }

    [[nodiscard]] bool network_answers() const { return guest_lives() && connected(); }

    [[nodiscard]] const std::optional<Hello>& hello() const { return hello_; }

    [[nodiscard]] Duration uptime() const { return agenda_.now() - booted_; }

    // libvirt's side.

    [[nodiscard]] const DomainStatus& known() const { return known_; }

    void libvirt_lost();
    void libvirt_back();

    Listeners<DomainEvent> on_event;
    Listeners<Hello> on_hello;
    Listeners<Beat> on_beat;
    Listeners<Beat> on_network_beat;
    Listeners<Acknowledged> on_acknowledged;
    Listeners<std::string> on_protocol_error;
    Listeners<Instant, std::string> on_console;

  private:
    struct Load {
        LoadOrder order;
        std::vector<std::int64_t> acknowledged;  ///< by writer
        std::int64_t ticks = 0;
        bool failed = false;  ///< it got an error and gave up
    };

    struct Held {
        Fields params;
        Instant since{};
    };

    /// Runs `action` unless the domain was removed, or its guest booted again, meanwhile.
    void later(Duration delay, void (SimDomain::*action)());
    void boot();
    void finish_boot();
    void beat();
    void write();
    /// Whether the load's disk takes what it writes now.
    bool disk_takes();
    void write_failed(DiskError error);
    void set_cpu_load();
    [[nodiscard]] Duration cpu_time() const;
    void panic_reported();
    void launch();
    void save();
    void restore();
    void power_off();
    void take_memory();
    void qemu_ended();
    void end_noticed();
    void learn(DomainState state, std::string reason, std::string event, std::string detail);
    [[nodiscard]] bool executes() const;

    [[nodiscard]] bool connected() const {
        return network_ && plane_ && card_ && link_ == LinkState::up && !holds("link_down");
    }

    SimAgenda& agenda_;
    SimProcesses* processes_;
    const DomainSpec spec_;
    const std::string name_;

    std::map<std::string, SimDisk> disks_;
    std::optional<ProcessRef> qemu_;
    bool vcpus_run_ = false;
    bool vcpus_ran_ = false;     ///< at the last change of the load
    Duration changed_cpu_{};     ///< QEMU's CPU time at that change
    Duration vcpu_time_{};       ///< until that change
    bool held_by_disk_ = false;  ///< stopped because a request failed, which waits
    DiskQueue queue_;
    Kernel kernel_ = Kernel::off;
    bool agent_runs_ = false;
    bool network_ = true;
    bool plane_ = true;
    bool servers_ = true;
    bool service_killed_ = false;  // until the next boot
    std::string answer_;
    bool storage_ = true;
    LinkState link_ = LinkState::up;
    std::uint64_t boot_ = 0;
    Instant booted_{};
    std::optional<Hello> hello_;
    std::optional<Load> load_;
    std::map<std::string, Held> held_;  ///< faults that helpers of the agent make
    std::int64_t oom_kills_ = 0;
    std::int64_t nmis_ = 0;
    Bytes memory_ = spec_.memory;
    Bytes wanted_memory_ = spec_.memory;
    bool card_ = true;
    std::string unplugged_;   ///< the disk that is not there
    bool disk_dead_ = false;  ///< it was not there for a while

    struct Saved {
        Kernel kernel = Kernel::off;
        Instant at{};
        std::optional<Hello> hello;
        std::optional<Load> load;
    };

    std::optional<Saved> saved_;
    std::string end_reason_;  ///< that libvirt will give; empty: QEMU just ended

    bool libvirt_looks_ = true;
    bool pvpanic_fired_ = false;
    bool destroyed_ = false;
    DomainStatus known_{.state = DomainState::shut_off, .reason = "unknown"};
};

}  // namespace ordeal
