// Faults of a file system.
#include "core/fd.hpp"
#include "guest-agents/faults.hpp"
#include "guest-agents/held_fault.hpp"
#include "guest-agents/system_failure.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <utility>
#include <vector>

namespace ordeal::agent {
namespace {

/// One file that takes what is free.
class DiskFull final : public HeldFault {
  public:
    explicit DiskFull(const Order& order)
        : file_(order.path() + "/ordeal-disk-full"), order_(order) {}

    Status begin() override {
        const auto made = workers_.add(fill, order_);
        return made;
    }

    void end() override {
        workers_.kill();
        ::unlink(file_.c_str());
    }

  private:
    /// ext3 reserves nothing ahead: all of it is written. Goes on when something becomes free.
    static void fill(const Order& order) {
        const auto path = order.path() + "/ordeal-disk-full";
        const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
        const std::vector<char> piece(std::size_t{256} * 1024, 'o');
        std::size_t size = piece.size();
        while (file) {
            if (::write(file.get(), piece.data(), size) <= 0) {
                size = std::max<std::size_t>(size / 2, 512);
                ::usleep(pause_us);
            }
        }
    }

    static constexpr unsigned pause_us = 10'000;
    std::string file_;
    Order order_;
    Workers workers_;
};

/// FIFREEZE: what writes waits until it is thawed.
class Freeze final : public HeldFault {
  public:
    explicit Freeze(const Order& order)
        : root_(::open(order.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {}

    Status begin() override {
        return ::ioctl(root_.get(), FIFREEZE, 0) == 0
                   ? ok()
                   : Status(system_failure("freeze the file system"));
    }

    void end() override { ::ioctl(root_.get(), FITHAW, 0); }

  private:
    Fd root_;
};

/// sysrq u: every file system of a disk, at once, whoever writes.
class ReadOnly final : public HeldFault {
  public:
    explicit ReadOnly(const Order& order) : path_(order.path()) {}

    Status begin() override { return sysrq('u'); }

    void end() override { ::mount(nullptr, path_.c_str(), nullptr, MS_REMOUNT, nullptr); }

  private:
    std::string path_;
};

}  // namespace

std::unique_ptr<HeldFault> make_disk_fault(const Order& order) {
    if (order.kind == "disk_full") {
        return std::make_unique<DiskFull>(order);
    }
    if (order.kind == "fs_freeze") {
        return std::make_unique<Freeze>(order);
    }
    return order.kind == "fs_readonly" ? std::make_unique<ReadOnly>(order) : nullptr;
}

}  // namespace ordeal::agent
