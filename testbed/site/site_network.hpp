#pragma once

#include "core/network.hpp"
#include "testbed/site/remote_host.hpp"
#include "testbed/site/site_cut.hpp"

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace ordeal {

/// Whether a cut could be made at a network device of that host: it is there, ssh does not come by
/// it, and the kernel takes the rules. Changes nothing. Errors: not_found, refused, unavailable.
[[nodiscard]] Status can_cut_at(RemoteShell& host, const std::string& device);

/// The networks of a real site. Nobody here commands its switches, so that faults are made on the
/// hosts themselves, at the devices that [host.devices] names: rules of nft(8) whose elements time
/// out and are renewed over ssh as long as this object lives. A device by which ssh itself comes is
/// refused: its cut could not be renewed or mended. Thread-safe.
class SiteNetwork final : public Network {
  public:
    /// Long enough for two hosts whose ssh does not answer.
    static constexpr Duration lease = std::chrono::seconds(10);

    /// The host of that name.
    using Remote = std::function<Result<RemoteHost*>(std::string_view name)>;

    /// `site` must outlive it.
    SiteNetwork(const Site& site, Remote remote);
    ~SiteNetwork() override;
    SiteNetwork(const SiteNetwork&) = delete;
    SiteNetwork& operator=(const SiteNetwork&) = delete;

    Status cut(const std::string& id, const std::vector<Way>& ways) override;
    /// A delay is `missing`.
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
    /// Only from the controller.
    Result<Bytes> speed(Plane plane,
                        const std::string& from,
                        const std::string& to,
                        Duration span) override;

  private:
    [[nodiscard]] Result<std::string> on(const SiteHost& host,
                                         const std::string& tried,
                                         const std::string& script,
                                         std::vector<std::string> arguments,
                                         std::string input = {});
    [[nodiscard]] std::vector<const SiteHost*> with_devices() const;
    [[nodiscard]] Result<std::string> address(Plane plane, const std::string& host) const;
    void renew(const std::stop_token& stop);

    const Site& site_;
    Remote remote_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::map<std::string, std::vector<SiteCut>> renewals_;  ///< by id
    std::jthread renewer_;                                  ///< last: it uses all of the above
};

}  // namespace ordeal
