// Marks in the recordings of disks.
#include "testbed/storage/lab_storage.hpp"

namespace ordeal {
namespace {

constexpr auto mark_deadline = std::chrono::seconds(2);

}  // namespace

Status LabStorage::mark(const DiskName& disk, std::span<const std::byte> bytes) {
    const auto place = find(disk);
    if (!place) {
        return place.error();
    }
    const auto socket = place->outside / "socket";
    const std::lock_guard lock(marking_);
    const auto [known, fresh] = markers_.try_emplace(socket);
    if (fresh) {
        auto connected = MarkClient::connect(socket, mark_deadline);
        if (!connected) {
            return connected.error();
        }
        known->second = std::move(*connected);
    }
    if (!known->second) {
        return fail(ErrorKind::unavailable, "put a mark", "the recorder was lost before");
    }
    auto put = known->second->put(bytes, mark_deadline);
    if (!put) {
        known->second.reset();
    }
    return put;
}

/// nbdkit ends only when its clients have gone.
void LabStorage::stop_marking(const Place& place) {
    const std::lock_guard lock(marking_);
    markers_.erase(place.outside / "socket");
}

}  // namespace ordeal
