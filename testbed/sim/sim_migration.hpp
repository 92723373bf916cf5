#pragma once

#include "testbed/sim/sim_world.hpp"

#include <memory>
#include <optional>
#include <string>

namespace ordeal {

/// A domain on its way from one simulated machine to another. Its QEMU on the target exists from
/// the start; the memory is copied while the migration plane leads there, and the target has its
/// disk. A guest that writes dirties some of it again; only a pause that is long enough for that
/// ends the last pass.
class SimMigration : public std::enable_shared_from_this<SimMigration> {
  public:
    /// Begins one and waits until it has ended, or `deadline`.
    static Status run(SimWorld& world,
                      SimMachine& from,
                      SimMachine& to,
                      const std::shared_ptr<SimDomain>& domain,
                      const Migration& migration,
                      Duration deadline);

    /// The domain stays where it is.
    void give_up(const std::string& why);

    [[nodiscard]] MigrationProgress progress() const { return progress_; }

  private:
    SimMigration(SimWorld& world,
                 SimMachine& from,
                 SimMachine& to,
                 std::shared_ptr<SimDomain> domain,
                 const Migration& migration);

    void begin();
    void tell_pass();
    void tick();
    void arrive();
    void leave_target();

    SimWorld& world_;
    SimMachine& from_;
    SimMachine& to_;
    std::shared_ptr<SimDomain> domain_;
    const Migration migration_;
    const ProcessRef source_;
    MigrationProgress progress_;
    std::optional<Status> ended_;
};

}  // namespace ordeal
