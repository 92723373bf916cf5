#include "guest-agents/ledger_writer.hpp"

#include "core/fd.hpp"
#include "guest-agents/system_failure.hpp"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <new>
#include <sys/stat.h>

namespace ordeal::agent {
namespace {

/// Memory that O_DIRECT accepts.
class AlignedBuffer {
  public:
    explicit AlignedBuffer(std::size_t size)
        : data_(static_cast<std::byte*>(std::aligned_alloc(alignment, size))), size_(size) {
        if (!data_) {
            throw std::bad_alloc();
        }
        std::fill_n(data_.get(), size, std::byte{0});
    }

    [[nodiscard]] std::span<std::byte> bytes() { return {data_.get(), size_}; }

  private:
    static constexpr std::size_t alignment = 4096;

    struct Free {
        void operator()(std::byte* p) const { std::free(p); }
    };

    std::unique_ptr<std::byte, Free> data_;
    std::size_t size_;
};

std::size_t rounded_up(std::size_t size) {
    return (size + 4095) / 4096 * 4096;
}

Result<Fd> open_at(int directory, const std::string& name, int flags) {
    Fd fd(::openat(directory, name.c_str(), flags | O_CLOEXEC, 0644));
    if (!fd) {
        return system_failure("open " + name);
    }
    return fd;
}

Result<Fd> open_directory(const std::string& path) {
    return open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY);
}

Status write_at(int fd, wire::ByteView bytes, std::uint64_t offset, const std::string& name) {
    while (!bytes.empty()) {
        const auto done = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(offset));
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return system_failure("write " + name);
        }
        bytes = bytes.subspan(static_cast<std::size_t>(done));
        offset += static_cast<std::uint64_t>(done);
    }
    return ok();
}

Status sync(int fd, const std::string& name) {
    return ::fsync(fd) == 0 ? ok() : system_failure("fsync " + name);
}

Status sync_directory(const std::string& path) {
    auto fd = open_directory(path);
    return fd ? sync(fd->get(), path) : fd.error();
}

class AppendWriter : public LedgerWriter {
  public:
    AppendWriter(const ledger::Plan& plan, Fd file, std::string name)
        : plan_(plan), file_(std::move(file)), name_(std::move(name)), record_(plan.record_size) {}

    Status write(std::uint64_t sequence) override {
        ledger::fill_record(plan_, sequence, record_);
        if (auto done = write_at(file_.get(), record_, ledger::offset_of(plan_, sequence), name_);
            !done) {
            return done;
        }
        return sync(file_.get(), name_);
    }

  private:
    ledger::Plan plan_;
    Fd file_;
    std::string name_;
    wire::Buffer record_;
};

class RenameWriter : public LedgerWriter {
  public:
    RenameWriter(const ledger::Plan& plan, Fd directory)
        : plan_(plan), directory_(std::move(directory)), record_(plan.record_size) {}

    Status write(std::uint64_t sequence) override {
        const auto name = ledger::file_of(plan_, sequence);
        const auto temporary = name + ".tmp";
        ledger::fill_record(plan_, sequence, record_);
        auto file = open_at(directory_.get(), temporary, O_WRONLY | O_CREAT | O_TRUNC);
        if (!file) {
            return file.error();
        }
        if (auto done = write_at(file->get(), record_, 0, temporary); !done) {
            return done;
        }
        if (auto done = sync(file->get(), temporary); !done) {
            return done;
        }
        if (::renameat(directory_.get(), temporary.c_str(), directory_.get(), name.c_str()) != 0) {
            return system_failure("rename " + temporary);
        }
        return sync(directory_.get(), "directory");
    }

  private:
    ledger::Plan plan_;
    Fd directory_;
    wire::Buffer record_;
};

class OverwriteWriter : public LedgerWriter {
  public:
    OverwriteWriter(const ledger::Plan& plan, Fd file)
        : plan_(plan), file_(std::move(file)), record_(plan.record_size) {}

    Status write(std::uint64_t sequence) override {
        ledger::fill_record(plan_, sequence, record_.bytes());
        const auto offset = ledger::offset_of(plan_, sequence);
        if (auto done = write_at(file_.get(), record_.bytes(), offset, "slots"); !done) {
            return done;
        }
        return ::fdatasync(file_.get()) == 0 ? ok() : system_failure("fdatasync slots");
    }

  private:
    ledger::Plan plan_;
    Fd file_;
    AlignedBuffer record_;
};

/// Overwriting in place needs blocks that are allocated and written, not just reserved.
Status write_empty_slots(int fd, const ledger::Plan& plan) {
    AlignedBuffer zeroes(rounded_up(plan.record_size));
    for (std::uint64_t slot = 0; slot < plan.slots; ++slot) {
        if (auto done = write_at(fd, zeroes.bytes(), slot * plan.record_size, "slots"); !done) {
            return done;
        }
    }
    return sync(fd, "slots");
}

}  // namespace

Status prepare_ledger(const std::string& directory, const ledger::Plan& plan) {
    if (::mkdir(directory.c_str(), 0755) != 0) {
        return system_failure("make " + directory);
    }
    auto opened = open_directory(directory);
    if (!opened) {
        return opened.error();
    }
    if (plan.profile != ledger::Profile::rename_fsync) {
        for (const auto& name : ledger::file_names(plan)) {
            auto file = open_at(opened->get(), name, O_WRONLY | O_CREAT | O_EXCL);
            if (!file) {
                return file.error();
            }
            const bool slots = plan.profile == ledger::Profile::overwrite_direct;
            if (auto done = slots ? write_empty_slots(file->get(), plan) : sync(file->get(), name);
                !done) {
                return done;
            }
        }
    }
    if (auto done = sync(opened->get(), directory); !done) {
        return done;
    }
    return sync_directory(std::filesystem::path(directory).parent_path().string());
}

Result<std::unique_ptr<LedgerWriter>> open_writer(const std::string& directory,
                                                  const ledger::Plan& plan,
                                                  std::uint32_t writer) {
    auto opened = open_directory(directory);
    if (!opened) {
        return opened.error();
    }
    if (plan.profile == ledger::Profile::rename_fsync) {
        return std::make_unique<RenameWriter>(plan, *std::move(opened));
    }
    const auto name = ledger::file_of(plan, ledger::sequence_of(plan, writer, 0));
    const bool direct = plan.profile == ledger::Profile::overwrite_direct;
    auto file = open_at(opened->get(), name, direct ? O_WRONLY | O_DIRECT : O_WRONLY);
    if (!file) {
        return file.error();
    }
    if (direct) {
        return std::make_unique<OverwriteWriter>(plan, *std::move(file));
    }
    return std::make_unique<AppendWriter>(plan, *std::move(file), name);
}

}  // namespace ordeal::agent
