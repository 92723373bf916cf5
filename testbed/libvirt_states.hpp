#pragma once

#include "core/testbed.hpp"
#include "testbed/bounded_calls.hpp"

#include <condition_variable>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

namespace ordeal {

class LibvirtHub;

/// Asks libvirt for the states of domains, for all who want one at the same time in one call: many
/// domains under many observers would otherwise cost the controller most of its time.
///
/// An answer is never older than the question: who comes while a call is under way waits for the
/// next one. A domain that libvirt cannot tell about at once does not hold up the others: what is
/// not answered together in `patience` is asked for one by one. Thread-safe.
class LibvirtStates {
  public:
    LibvirtStates(std::shared_ptr<LibvirtHub> hub, BoundedCalls& calls, Duration deadline);

    /// Errors: not_found (libvirt does not know the domain), unavailable, timeout.
    [[nodiscard]] Result<DomainStatus> ask(const std::string& domain);

  private:
    using Answers = std::map<std::string, DomainStatus>;

    /// Who asks together, and what was said of them.
    struct Round {
        std::set<std::string> domains;
        Answers answers;
        bool done = false;
    };

    [[nodiscard]] Result<DomainStatus> ask_alone(const std::string& domain);
    /// Those that libvirt told about.
    [[nodiscard]] Answers ask_together(const std::set<std::string>& domains);

    std::shared_ptr<LibvirtHub> hub_;
    BoundedCalls& calls_;
    Duration deadline_;

    std::mutex mutex_;
    std::condition_variable changed_;
    std::shared_ptr<Round> next_;  ///< gathers while a call is under way
    bool asking_ = false;
};

}  // namespace ordeal
