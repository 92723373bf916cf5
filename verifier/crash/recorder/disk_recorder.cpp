#include "verifier/crash/recorder/disk_recorder.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/falloc.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace ordeal::verifier::crash {
namespace {

constexpr std::size_t sector = 512;
constexpr std::size_t buffered = std::size_t{1} << 20U;

/// pwrite or pread until all is done: 0 or an errno.
template <class Call, class Byte>
int whole(const Call& call, int fd, std::span<Byte> bytes, std::uint64_t offset) {
    while (!bytes.empty()) {
        const auto done = call(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return done < 0 ? errno : EIO;
        }
        bytes = bytes.subspan(static_cast<std::size_t>(done));
        offset += static_cast<std::uint64_t>(done);
    }
    return 0;
}

}  // namespace

/// A descriptor and, for the trace, where its end is.
class DiskRecorder::File {
  public:
    File(const std::filesystem::path& path, int flags)
        : fd_(::open(path.c_str(), flags | O_CLOEXEC, 0600)) {}

    ~File() {
        if (fd_ >= 0) {
            ::close(fd_);
        }
    }

    File(const File&) = delete;
    File& operator=(const File&) = delete;

    [[nodiscard]] int fd() const { return fd_; }

    [[nodiscard]] int append(std::span<const std::byte> bytes) {
        const int error = whole(::pwrite, fd_, bytes, end_);
        end_ += bytes.size();
        return error;
    }

  private:
    int fd_;
    std::uint64_t end_ = 0;
};

namespace {

/// Stamps all data of a disk and copies them to `copy` unless that is negative: 0 or an errno.
int take_base(int disk, int copy, std::uint64_t size, std::uint64_t& stamp) {
    if (copy >= 0 && ::ftruncate(copy, static_cast<off_t>(size)) != 0) {
        return errno;
    }
    std::vector<std::byte> buffer(buffered);
    for (off_t at = 0; at < static_cast<off_t>(size);) {
        at = ::lseek(disk, at, SEEK_DATA);
        if (at < 0) {
            return errno == ENXIO ? 0 : errno;  // only a hole is left
        }
        at -= at % static_cast<off_t>(sector);
        const auto end = std::max(::lseek(disk, at, SEEK_HOLE), at);
        while (at < end) {
            const auto left =
                std::min<std::uint64_t>(static_cast<std::uint64_t>(end - at), buffer.size());
            const auto take = (left + sector - 1) / sector * sector;
            const auto bytes = std::span(buffer).first(take);
            const auto offset = static_cast<std::uint64_t>(at);
            int error = whole(::pread, disk, bytes, offset);
            if (error == 0 && copy >= 0) {
                error = whole(::pwrite, copy, std::span<const std::byte>(bytes), offset);
            }
            if (error != 0) {
                return error;
            }
            stamp += sparse_stamp(bytes, offset / sector);
            at += static_cast<off_t>(take);
        }
    }
    return 0;
}

}  // namespace

Result<std::unique_ptr<DiskRecorder>> DiskRecorder::create(const Options& options) {
    const auto tried = "record " + options.file.string();
    const auto failed = [&](const std::filesystem::path& path, int error) {
        const auto kind = error == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable;
        return fail(kind, tried, path.string() + ": " + std::system_category().message(error));
    };
    auto disk = std::make_unique<File>(options.file, O_RDWR);

    struct stat facts {};

    if (disk->fd() < 0 || ::fstat(disk->fd(), &facts) != 0) {
        return failed(options.file, errno);
    }
    TraceHeader header{.atom = options.atom,
                       .disk_size = static_cast<std::uint64_t>(facts.st_size)};
    if ((options.atom != 512 && options.atom != 4096) || header.disk_size == 0 ||
        header.disk_size % options.atom != 0 || header.disk_size > max_trace_disk) {
        return fail(ErrorKind::usage,
                    tried,
                    "its size is no multiple of the atom, or the atom is not 512 or 4096");
    }
    auto trace = std::make_unique<File>(options.trace, O_WRONLY | O_CREAT | O_EXCL);
    if (trace->fd() < 0) {
        return failed(options.trace, errno);
    }
    std::unique_ptr<File> copy;
    if (!options.base.empty()) {
        copy = std::make_unique<File>(options.base, O_WRONLY | O_CREAT | O_EXCL);
        if (copy->fd() < 0) {
            return failed(options.base, errno);
        }
    }
    if (const int error =
            take_base(disk->fd(), copy ? copy->fd() : -1, header.disk_size, header.base_stamp);
        error != 0) {
        return failed(options.base.empty() ? options.file : options.base, error);
    }
    auto recorder = std::unique_ptr<DiskRecorder>(
        new DiskRecorder(std::move(disk), std::move(trace), header));  // NOLINT: private
    if (const int error = recorder->write_out(); error != 0) {
        return failed(options.trace, error);
    }
    return recorder;
}

DiskRecorder::DiskRecorder(std::unique_ptr<File> disk,
                           std::unique_ptr<File> trace,
                           TraceHeader header)
    : disk_(std::move(disk)),
      trace_(std::move(trace)),
      header_(header),
      start_(std::chrono::steady_clock::now()),
      encoder_(header, buffer_) {}

DiskRecorder::~DiskRecorder() {
    (void)write_out();  // what is lost makes the trace shorter, never wrong
}

bool DiskRecorder::inside(std::uint64_t offset, std::uint64_t length) const {
    return offset <= size() && length <= size() - offset && (offset | length) % sector == 0;
}

int DiskRecorder::append(TraceEvent event) {
    event.time = static_cast<std::uint64_t>(
        std::chrono::nanoseconds(std::chrono::steady_clock::now() - start_).count());
    encoder_.encode(event, buffer_);
    buffer_.insert(buffer_.end(), event.data.begin(), event.data.end());
    return buffer_.size() < buffered ? 0 : write_out();
}

int DiskRecorder::write_out() {
    const int error = trace_->append(buffer_);
    buffer_.clear();
    return error;
}

int DiskRecorder::issue(TraceEvent event, std::uint64_t& request) {
    const std::lock_guard lock(mutex_);
    event.request = request = ++requests_;
    return append(event);
}

int DiskRecorder::complete(std::uint64_t request, int error) {
    const std::lock_guard lock(mutex_);
    const int recorded = append({.type = EventType::completion,
                                 .error = static_cast<std::uint16_t>(error),
                                 .request = request});
    return error != 0 ? error : recorded;
}

int DiskRecorder::read(std::span<std::byte> into, std::uint64_t offset) const {
    return inside(offset, into.size()) ? whole(::pread, disk_->fd(), into, offset) : EINVAL;
}

int DiskRecorder::write(std::span<const std::byte> from, std::uint64_t offset, Fua fua) {
    if (!inside(offset, from.size()) || from.size() > max_trace_data) {
        return EINVAL;
    }
    if (from.empty()) {
        return 0;
    }
    std::uint64_t request = 0;
    if (const int error = issue({.type = EventType::write,
                                 .fua = fua == Fua::yes,
                                 .offset = offset,
                                 .length = from.size(),
                                 .data = from},
                                request);
        error != 0) {
        return error;
    }
    int error = whole(::pwrite, disk_->fd(), from, offset);
    if (error == 0 && fua == Fua::yes && ::fdatasync(disk_->fd()) != 0) {
        error = errno;
    }
    return complete(request, error);
}

int DiskRecorder::punch(EventType type, std::uint64_t offset, std::uint64_t length, Fua fua) {
    if (!inside(offset, length)) {
        return EINVAL;
    }
    if (length == 0) {
        return 0;
    }
    std::uint64_t request = 0;
    int error =
        issue({.type = type, .fua = fua == Fua::yes, .offset = offset, .length = length}, request);
    if (error != 0) {
        return error;
    }
    if (::fallocate(disk_->fd(),
                    FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                    static_cast<off_t>(offset),
                    static_cast<off_t>(length)) != 0 ||
        (fua == Fua::yes && ::fdatasync(disk_->fd()) != 0)) {
        error = errno;
    }
    return complete(request, error);
}

int DiskRecorder::zero(std::uint64_t offset, std::uint64_t length, Fua fua) {
    return punch(EventType::zeroes, offset, length, fua);
}

int DiskRecorder::discard(std::uint64_t offset, std::uint64_t length, Fua fua) {
    return punch(EventType::discard, offset, length, fua);
}

int DiskRecorder::flush() {
    std::uint64_t request = 0;
    if (const int error = issue({.type = EventType::flush}, request); error != 0) {
        return error;
    }
    return complete(request, ::fdatasync(disk_->fd()) == 0 ? 0 : errno);
}

int DiskRecorder::mark(std::span<const std::byte> bytes) {
    if (bytes.size() > max_mark) {
        return EINVAL;
    }
    const std::lock_guard lock(mutex_);
    return append({.type = EventType::mark, .data = bytes});
}

int DiskRecorder::note_write_cache(bool on) {
    const std::lock_guard lock(mutex_);
    return append({.type = EventType::write_cache, .offset = on ? 1U : 0U});
}

}  // namespace ordeal::verifier::crash
