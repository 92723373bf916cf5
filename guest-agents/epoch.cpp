#include "guest-agents/epoch.hpp"

#include "core/fd.hpp"
#include "guest-agents/system_failure.hpp"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <sys/random.h>
#include <unistd.h>
#include <utility>

namespace ordeal::agent {
namespace {

using namespace std::chrono_literals;

constexpr auto between_looks = 100ms;
/// What O_DIRECT asks for on any disk.
constexpr std::size_t alignment = 4096;

struct Free {
    void operator()(char* memory) const { std::free(memory); }
};

using Buffer = std::unique_ptr<char, Free>;

/// Reads past the guest's page cache, which would not know what others write.
bool look(int device, off_t place, Buffer& buffer, epoch::Keeper& keeper) {
    if (::pread(device, buffer.get(), alignment, place) != static_cast<ssize_t>(alignment)) {
        return false;
    }
    const auto found = epoch::parse({buffer.get(), epoch::sector_size});
    const auto sector = epoch::to_sector(keeper.next(found));
    std::fill_n(buffer.get(), alignment, '\0');
    std::ranges::copy(sector, buffer.get());
    if (::pwrite(device, buffer.get(), alignment, place) != static_cast<ssize_t>(alignment)) {
        return false;
    }
    keeper.written();
    return true;
}

void keep(const std::stop_token& stop, const std::string& path) {
    const Fd device(::open(path.c_str(), O_RDWR | O_DIRECT | O_DSYNC | O_CLOEXEC));
    const off_t end = device ? ::lseek(device.get(), 0, SEEK_END) : -1;
    Buffer buffer(static_cast<char*>(std::aligned_alloc(alignment, alignment)));
    std::uint64_t owner = 0;
    if (end < static_cast<off_t>(epoch::reserved) || !buffer ||
        ::getrandom(&owner, sizeof owner, 0) != sizeof owner) {
        std::fprintf(stderr, "ordeal: EPOCH FAILED: %s has no place for it\n", path.c_str());
        return;
    }
    epoch::Keeper keeper(owner);
    std::mutex mutex;
    std::condition_variable_any wakes;
    std::unique_lock lock(mutex);
    bool failed = false;
    while (!stop.stop_requested()) {
        const bool kept =
            look(device.get(), end - static_cast<off_t>(epoch::reserved), buffer, keeper);
        if (!kept && !failed) {
            std::perror("ordeal: EPOCH FAILED");
        }
        failed = !kept;
        wakes.wait_for(lock, stop, between_looks, [] { return false; });
    }
}

}  // namespace

EpochKeeper::EpochKeeper(std::string device)
    : thread_([path = std::move(device)](const std::stop_token& stop) { keep(stop, path); }) {}

}  // namespace ordeal::agent
