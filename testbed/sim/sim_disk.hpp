#pragma once

#include "core/storage.hpp"
#include "testbed/sim/sim_processes.hpp"

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace ordeal {

/// A simulated disk with its server. What it is asked for, it answers at once or not at all.
class SimDisk {
  public:
    enum class Answer { done, none, failed };

    struct Reply {
        Answer answer = Answer::done;
        DiskError error = DiskError::input_output;
    };

    explicit SimDisk(SimProcesses& processes) : processes_(processes) {}

    void start();
    void end();

    [[nodiscard]] std::optional<ProcessRef> server() const;

    /// A write with its flush. Meets each fault that is for one of the two.
    Reply write();

    void impose(const std::string& id, const DiskFault& fault) { orders_[id] = fault; }

    void lift(const std::string& id) { orders_.erase(id); }

    [[nodiscard]] DiskFaultState state(const std::string& id) const;

    void mark(std::vector<std::byte> bytes) { marks_.push_back(std::move(bytes)); }

    /// What a recorder would have been told.
    [[nodiscard]] const std::vector<std::vector<std::byte>>& marks() const { return marks_; }

  private:
    SimProcesses& processes_;
    std::optional<ProcessRef> server_;
    std::map<std::string, DiskFault> orders_;
    std::map<std::string, std::uint64_t> met_;
    std::vector<std::vector<std::byte>> marks_;
};

}  // namespace ordeal
