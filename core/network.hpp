#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The testbed's networks, see core/testbed.hpp.
namespace ordeal {

/// The networks that connect the hosts, one for each purpose.
enum class Plane { management, storage, migration, guest };

inline constexpr std::array all_planes{
    Plane::management, Plane::storage, Plane::migration, Plane::guest};

[[nodiscard]] std::string_view name_of(Plane plane);
[[nodiscard]] std::optional<Plane> plane_named(std::string_view name);

/// Frames of one plane that leave `from` and are meant for `to`. Empty: everybody on the plane, the
/// controller and shared storage too.
struct Way {
    Plane plane = Plane::management;
    std::string from;
    std::string to;
};

/// How a way is made worse; one of these is set.
struct Impairment {
    double loss = 0;      ///< the part of the frames that is dropped, above 0 and up to 1
    Bytes rate{};         ///< a second and direction; what comes faster is dropped
    Duration delay{};     ///< of every frame on its way to a host
    Bytes larger_than{};  ///< packets of more than this are dropped
};

/// What connects the hosts (switches). Faults are made in it, not on the hosts.
class Network {
  public:
    virtual ~Network() = default;
    /// Drops all that goes these ways. It is a lease that this object renews: the kernel ends it
    /// some seconds after mend() or after the end of this process. `id` is 1 to 60 of a-z, A-Z,
    /// 0-9,
    /// '-', '_' and '.', and tells this cut from others.
    virtual Status cut(const std::string& id, const std::vector<Way>& ways) = 0;
    /// Makes the ways worse. Loss and rate are leases as of cut(); a delay stays until mend(), and
    /// is made only on ways from everybody to a host. Errors: as of can_impair(); usage.
    virtual Status impair(const std::string& id,
                          const std::vector<Way>& ways,
                          const Impairment& impairment) = 0;
    /// Whether impair() would work, found out by doing it where it harms nobody. `missing` when
    /// what connects the hosts cannot do it.
    virtual Status can_impair(const Impairment& impairment) = 0;
    /// Ends a cut or an impairment, of whatever process. Success when there is none.
    virtual Status mend(const std::string& id) = 0;
    /// Whether anything is dropped or delayed for this cut or impairment.
    virtual Result<bool> is_cut(const std::string& id) = 0;
    /// One ICMP echo over a plane, from a host (empty: from the controller) to another: its
    /// round-trip time, or `timeout`.
    virtual Result<Duration> echo(Plane plane,
                                  const std::string& from,
                                  const std::string& to,
                                  Duration deadline) = 0;
    /// Bytes a second that come back of large echoes, sent for `span` as fast as they go.
    virtual Result<Bytes> speed(Plane plane,
                                const std::string& from,
                                const std::string& to,
                                Duration span) = 0;
};

}  // namespace ordeal
