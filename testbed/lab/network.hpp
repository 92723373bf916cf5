#pragma once

#include "core/testbed.hpp"
#include "testbed/lab/lab.hpp"
#include "testbed/ping.hpp"

#include <condition_variable>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace ordeal {

/// The switches of a lab: cuts are firewall rules of the bridges in the rack, one nft table for
/// each cut. What is dropped are set elements with a timeout (see nft(8), "Sets"), renewed as long
/// as this object lives: whatever becomes of the controller, the networks are whole again `lease`
/// later. Thread-safe.
class LabNetwork final : public Network {
  public:
    static constexpr Duration lease = std::chrono::seconds(5);

    LabNetwork(std::vector<LabNode> nodes, ProcessRef rack);
    ~LabNetwork() override;
    LabNetwork(const LabNetwork&) = delete;
    LabNetwork& operator=(const LabNetwork&) = delete;

    Status cut(const std::string& id, const std::vector<Way>& ways) override;
    Status impair(const std::string& id,
                  const std::vector<Way>& ways,
                  const Impairment& impairment) override;
    Status can_impair(const Impairment& impairment) override;
    Status mend(const std::string& id) override;
    Result<bool> is_cut(const std::string& id) override;
    Result<Duration> echo(Plane plane,
                          const std::string& from,
                          const std::string& to,
                          Duration deadline) override;
    Result<Bytes> speed(Plane plane,
                        const std::string& from,
                        const std::string& to,
                        Duration span) override;

  private:
    [[nodiscard]] Result<std::string> nft(const std::string& tried,
                                          const std::vector<std::string>& words,
                                          const std::string& commands) const;
    [[nodiscard]] Result<Ping> open_way(Plane plane,
                                        const std::string& from,
                                        const std::string& to) const;
    [[nodiscard]] Status known(const std::vector<Way>& ways) const;
    [[nodiscard]] Result<const LabNode*> node(const std::string& name) const;
    void renew(const std::stop_token& stop);

    std::vector<LabNode> nodes_;
    ProcessRef rack_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, std::string> renewals_;  ///< by id: the commands
    std::jthread renewer_;                         ///< last: it uses all of the above
};

/// nft commands that make the cut, or drop a part of what goes these ways, and those that renew the
/// lease. `usage` when the id or a way makes no sense.
struct CutCommands {
    std::string make;
    std::string renew;
};

[[nodiscard]] Result<CutCommands> cut_commands(const std::string& id,
                                               const std::vector<Way>& ways,
                                               Duration lease,
                                               const Impairment& impairment = {.loss = 1});

}  // namespace ordeal
