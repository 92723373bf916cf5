// The disk of a lab, as a plugin of nbdkit: a file behind a volatile write cache, which does to
// requests what the controller's orders say.
//
//   nbdkit disk.so image=FILE directory=DIR [seed=N] [cache=lossy|write-through]
//
// It ends in two ways. SIGTERM: the cache is written out, as by a disk that is switched off in
// order. SIGKILL: the cache is lost.
#include "testbed/storage/disk_orders.hpp"
#include "testbed/storage/write_cache.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

#define NBDKIT_API_VERSION 2
#include <nbdkit-plugin.h>
#define THREAD_MODEL NBDKIT_THREAD_MODEL_PARALLEL

namespace {

using namespace ordeal;

constexpr unsigned lock_look_us = 10'000;
constexpr unsigned hang_look_ns = 10'000'000;

/// What the orders do to a request while it is served.
struct Effects {
    bool lose = false;
    bool spoil = false;
    bool tear = false;
};

/// The lowest bit of the byte in the middle.
void spoil(std::span<std::byte> data) {
    if (!data.empty()) {
        data[data.size() / 2] ^= std::byte{1};
    }
}

/// What of a write reaches the disk's cache: whole sectors.
std::span<const std::byte> torn(std::span<const std::byte> data) {
    return data.first(data.size() / 2 / WriteCache::sector_size * WriteCache::sector_size);
}

/// nbdkit's plugins are C: their state is the library's.
class Disk {
  public:
    bool configure(std::string_view key, std::string_view value) {
        if (key == "image") {
            image_ = value;
        } else if (key == "directory") {
            directory_ = value;
        } else if (key == "cache" && (value == "lossy" || value == "write-through")) {
            options_.mode =
                value == "lossy" ? WriteCache::Mode::lossy : WriteCache::Mode::write_through;
        } else if (key == "seed") {
            const auto* end = value.data() + value.size();
            return std::from_chars(value.data(), end, options_.seed).ptr == end;
        } else {
            return false;
        }
        return true;
    }

    /// After nbdkit has gone to the background: watches and descriptors are this process's.
    int start() {
        Fd medium(::open(image_.c_str(), O_RDWR | O_CLOEXEC));

        struct stat status {};

        if (!medium || ::fstat(medium.get(), &status) != 0) {
            nbdkit_error("open %s: %s", image_.c_str(), std::strerror(errno));
            return -1;
        }

        // Whoever copies the image can see by the lock whether it is still served.
        struct flock whole {};

        whole.l_type = F_WRLCK;
        whole.l_whence = SEEK_SET;
        // The threads of a server that was killed just now may still have it.
        for (int tries = 500; ::fcntl(medium.get(), F_OFD_SETLK, &whole) != 0 && tries > 0;) {
            --tries;
            ::usleep(lock_look_us);
        }
        if (::fcntl(medium.get(), F_OFD_SETLK, &whole) != 0) {
            nbdkit_error("lock %s: %s", image_.c_str(), std::strerror(errno));
            return -1;
        }
        if (!directory_.empty() && !orders_.open(directory_)) {
            nbdkit_error("watch %s: %s", directory_.c_str(), std::strerror(errno));
            return -1;
        }
        random_ = Random(options_.seed).derive("faults");
        size_ = status.st_size;
        cache_ = std::make_unique<WriteCache>(std::move(medium), options_);
        return 0;
    }

    void end() {
        if (cache_ && cache_->flush() != 0) {
            nbdkit_error("write out the cache of %s", image_.c_str());
        }
        cache_.reset();
    }

    [[nodiscard]] std::int64_t size() const { return size_; }

    /// Runs `work(cache, effects)` after what the orders do to the request before it is served.
    /// 0 or -1 as nbdkit wants.
    template <class Work>
    int serve(const DiskRequest& request, Work work) noexcept {
        int error = EIO;
        try {
            Effects effects;
            error = undergo(request, effects);
            if (error == 0) {
                const std::lock_guard lock(mutex_);
                error = work(*cache_, effects);
            }
        } catch (const std::bad_alloc&) {
            error = ENOMEM;
        } catch (const std::exception& problem) {
            nbdkit_error("%s", problem.what());
        }
        if (error != 0) {
            nbdkit_set_error(error);
            return -1;
        }
        return 0;
    }

  private:
    struct Met {
        std::string order;
        DiskFault fault;
    };

    std::vector<Met> meet(const DiskRequest& request) {
        const std::lock_guard lock(mutex_);
        orders_.refresh();
        std::vector<Met> met;
        for (const auto& [name, fault] : orders_.all()) {
            if (concerns(fault, request) && (fault.rate >= 1 || random_.unit() < fault.rate)) {
                orders_.count(name);
                met.push_back({name, fault});
            }
        }
        return met;
    }

    bool in_force(const std::string& order) {
        const std::lock_guard lock(mutex_);
        orders_.refresh();
        return orders_.all().contains(order);
    }

    /// 0, or the error that the request is answered with. nbdkit_nanosleep ends early, with an
    /// error, when the client goes or the server is told to end.
    int undergo(const DiskRequest& request, Effects& effects) {
        if (directory_.empty()) {
            return 0;
        }
        for (const auto& [order, fault] : meet(request)) {
            if (fault.effect == DiskEffect::error) {
                return errno_of(fault.error);
            }
            effects.lose = effects.lose || fault.effect == DiskEffect::lose;
            effects.spoil = effects.spoil || fault.effect == DiskEffect::spoil;
            effects.tear = effects.tear || fault.effect == DiskEffect::tear;
            if (fault.effect == DiskEffect::delay) {
                const auto seconds = std::chrono::floor<std::chrono::seconds>(fault.delay);
                const auto rest = static_cast<unsigned>((fault.delay - seconds).count());
                if (nbdkit_nanosleep(static_cast<unsigned>(seconds.count()), rest) != 0) {
                    return EIO;
                }
            }
            while (fault.effect == DiskEffect::hang && in_force(order)) {
                if (nbdkit_nanosleep(0, hang_look_ns) != 0) {
                    return EIO;
                }
            }
        }
        return 0;
    }

    std::string image_;
    std::string directory_;
    WriteCache::Options options_;
    std::int64_t size_ = 0;
    std::mutex mutex_;  ///< of all below
    Random random_{0};
    DiskOrders orders_;
    std::unique_ptr<WriteCache> cache_;
};

Disk& disk() {
    static Disk the_disk;
    return the_disk;
}

int configure(const char* key, const char* value) {
    if (!disk().configure(key, value)) {
        nbdkit_error("unknown parameter %s=%s", key, value);
        return -1;
    }
    return 0;
}

void* open_connection(int /*readonly*/) {
    return NBDKIT_HANDLE_NOT_NEEDED;
}

int read(void* /*handle*/, void* data, std::uint32_t count, std::uint64_t offset, std::uint32_t) {
    const std::span bytes(static_cast<std::byte*>(data), count);
    const auto work = [&](WriteCache& cache, const Effects& effects) {
        const int error = cache.read(bytes, offset);
        if (effects.spoil) {
            spoil(bytes);
        }
        return error;
    };
    return disk().serve({DiskOperation::read, offset, count}, work);
}

int write(void* /*handle*/,
          const void* data,
          std::uint32_t count,
          std::uint64_t offset,
          std::uint32_t flags) {
    const bool durable = (flags & NBDKIT_FLAG_FUA) != 0U;
    const auto work = [&](WriteCache& cache, const Effects& effects) {
        std::span bytes(static_cast<const std::byte*>(data), count);
        std::vector<std::byte> spoilt;
        if (effects.spoil) {
            spoilt.assign(bytes.begin(), bytes.end());
            spoil(spoilt);
            bytes = spoilt;
        }
        bytes = effects.tear ? torn(bytes) : bytes;
        return durable && !effects.lose ? cache.write_durably(bytes, offset)
                                        : cache.write(bytes, offset);
    };
    return disk().serve({DiskOperation::write, offset, count, durable}, work);
}

int flush(void* /*handle*/, std::uint32_t /*flags*/) {
    const auto work = [](WriteCache& cache, const Effects& effects) {
        return effects.lose ? 0 : cache.flush();
    };
    return disk().serve({DiskOperation::flush, 0, 0, true}, work);
}

nbdkit_plugin describe() {
    nbdkit_plugin plugin{};
    plugin.name = "ordeal-disk";
    plugin.description = "a file behind a volatile write cache, with faults to order";
    plugin.unload = [] { disk().end(); };
    plugin.config = configure;
    plugin.after_fork = [] { return disk().start(); };
    plugin.open = open_connection;
    plugin.get_size = [](void*) { return disk().size(); };
    plugin.can_fua = [](void*) { return NBDKIT_FUA_NATIVE; };
    plugin.can_flush = [](void*) { return 1; };
    plugin.can_multi_conn = [](void*) { return 1; };  // one cache for all
    plugin.pread = read;
    plugin.pwrite = write;
    plugin.flush = flush;
    return plugin;
}

nbdkit_plugin the_plugin = describe();

}  // namespace

NBDKIT_REGISTER_PLUGIN(the_plugin)
