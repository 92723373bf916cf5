#include "testbed/sim/sim_migration.hpp"

#include <algorithm>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

constexpr Duration step = 50ms;
constexpr Bytes used_memory{std::uint64_t{64} << 20U};
constexpr Bytes fastest{std::uint64_t{128} << 20U};  // a second
constexpr Bytes dirtied{std::uint64_t{1} << 20U};    // in each pass by a guest that writes
constexpr Duration usual_pause = 300ms;

}  // namespace

SimMigration::SimMigration(SimWorld& world,
                           SimMachine& from,
                           SimMachine& to,
                           std::shared_ptr<SimDomain> domain,
                           const Migration& migration)
    : world_(world),
      from_(from),
      to_(to),
      domain_(std::move(domain)),
      migration_(migration),
      source_(*domain_->qemu()),
      progress_{.pass = 1, .remaining = used_memory} {}

Status SimMigration::run(SimWorld& world,
                         SimMachine& from,
                         SimMachine& to,
                         const std::shared_ptr<SimDomain>& domain,
                         const Migration& migration,
                         Duration deadline) {
    const std::shared_ptr<SimMigration> self(new SimMigration(world, from, to, domain, migration));
    const auto tried = "migrate " + domain->name();
    if (world.migrations.contains(domain->name())) {
        return fail(ErrorKind::refused, tried, "a migration goes on already");
    }
    self->begin();
    world.scheduler().wait_until(
        world.scheduler().now() + deadline, {}, [&] { return self->ended_.has_value(); });
    return self->ended_ ? *self->ended_
                        : Status(fail(ErrorKind::timeout, tried, "it still goes on"));
}

void SimMigration::begin() {
    world_.migrations[domain_->name()] = shared_from_this();
    to_.incoming[domain_->name()] = to_.processes().launch([weak = weak_from_this()] {
        if (const auto self = weak.lock()) {
            self->to_.incoming.erase(self->domain_->name());
            self->give_up("the QEMU there ended");
        }
    });
    tell_pass();
    tick();
}

void SimMigration::tell_pass() {
    domain_->on_event.call({.domain = domain_->name(),
                            .event = "migration_pass",
                            .detail = std::to_string(progress_.pass)});
}

void SimMigration::tick() {
    if (ended_) {
        return;
    }
    if (!domain_->qemu() || domain_->qemu()->pid != source_.pid) {
        give_up("the domain ended");
        return;
    }
    const auto rate = migration_.bandwidth.count > 0 ? migration_.bandwidth : fastest;
    const auto copied = rate.count * static_cast<std::uint64_t>(step / 1ms) / 1000;
    const bool moves = world_.connected(Plane::migration, from_.name(), to_.name()) &&
                       world_.connected(Plane::storage, "", to_.name()) && !domain_->frozen();
    if (moves) {
        progress_.remaining.count -= std::min(progress_.remaining.count, copied);
    }
    if (progress_.remaining.count == 0) {
        const auto pause = migration_.pause > Duration{} ? migration_.pause : usual_pause;
        const auto in_pause = rate.count * static_cast<std::uint64_t>(pause / 1ms) / 1000;
        if (!domain_->load_runs() || in_pause >= dirtied.count) {
            arrive();
            return;
        }
        progress_ = {.pass = progress_.pass + 1, .remaining = dirtied};
        tell_pass();
    }
    world_.agenda().after(step, [self = shared_from_this()] { self->tick(); });
}

/// The QEMU that waited is this one's own affair; the domain has another there.
void SimMigration::leave_target() {
    const auto waiting = to_.incoming.extract(domain_->name());
    if (!waiting.empty()) {
        to_.processes().end(waiting.mapped());
    }
}

void SimMigration::arrive() {
    ended_ = ok();
    progress_ = {};
    leave_target();
    domain_->move_to(to_.processes());
    to_.domains[domain_->name()] = domain_;
    from_.domains.erase(domain_->name());
    world_.migrations.erase(domain_->name());
    world_.scheduler().notify();
}

void SimMigration::give_up(const std::string& why) {
    if (ended_) {
        return;
    }
    ended_ = Status(fail(ErrorKind::unavailable, "migrate " + domain_->name(), why));
    progress_ = {};
    leave_target();
    world_.migrations.erase(domain_->name());
    world_.scheduler().notify();
}

}  // namespace ordeal
