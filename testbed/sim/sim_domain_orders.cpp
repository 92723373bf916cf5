// What a simulated domain makes of an order, as QEMU 7.2 and libvirt 9.0 were seen to.
#include "testbed/sim/sim_domain.hpp"

#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration shutdown_time = 300ms;
constexpr Duration squeeze_time = 500ms;

}  // namespace

void SimDomain::obey(DomainOrder order) {
    if (!qemu_) {
        return;
    }
    switch (order) {
        case DomainOrder::reset:
        case DomainOrder::monitor_reset:
            boot();  // libvirt goes on saying what it said
            return;
        case DomainOrder::save:
            save();
            return;
        case DomainOrder::monitor_quit:
            end_reason_ = "shutdown";
            processes_->end(*qemu_);
            return;
        case DomainOrder::monitor_stop:
            if (vcpus_run_) {
                vcpus_run_ = false;
                set_cpu_load();
                learn(DomainState::paused, "unknown", "suspended", "paused");
            }
            return;
        case DomainOrder::monitor_cont:
            resume();
            return;
        case DomainOrder::monitor_power_button:
            later(shutdown_time, &SimDomain::power_off);
            return;
        case DomainOrder::abort_migration:
            return;
    }
}

/// The guest's own doing: a dead or hung one does not hear the button.
void SimDomain::power_off() {
    if (guest_lives()) {
        end_reason_ = "shutdown";
        processes_->end(*qemu_);
    }
}

void SimDomain::save() {
    saved_ = Saved{.kernel = kernel_, .at = agenda_.now(), .hello = hello_, .load = load_};
    end_reason_ = "saved";
    processes_->end(*qemu_);
}

void SimDomain::restore() {
    const auto saved = *std::exchange(saved_, std::nullopt);
    kernel_ = saved.kernel;
    hello_ = saved.hello;
    load_ = saved.load;
    booted_ += agenda_.now() - saved.at;
    set_cpu_load();
    learn(DomainState::running, "restored", "started", "restored");
    if (hello_) {
        on_hello.call(*hello_);
    }
    beat();
    write();
}

void SimDomain::squeeze(Bytes size) {
    wanted_memory_ = size;
    later(squeeze_time, &SimDomain::take_memory);
}

void SimDomain::take_memory() {
    if (guest_lives()) {
        memory_ = wanted_memory_;
    }
}

void SimDomain::set_card(bool there) {
    card_ = there;
}

void SimDomain::set_disk(const std::string& name, bool there) {
    unplugged_ = there ? "" : name;
    disk_dead_ = disk_dead_ || !there;
}

}  // namespace ordeal
