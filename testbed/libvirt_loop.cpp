#include "testbed/libvirt_loop.hpp"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <cassert>
#include <csignal>
#include <mutex>

namespace ordeal {
namespace {

void disarm(int timer, void* /*opaque*/) {
    virEventUpdateTimeout(timer, -1);
}

void print_nothing(void* /*data*/, virErrorPtr /*error*/) {}

bool initialise() {
    std::signal(SIGPIPE, SIG_IGN);
    virSetErrorFunc(nullptr, print_nothing);
    return virInitialize() == 0 && virEventRegisterDefaultImpl() == 0;
}

}  // namespace

Result<std::shared_ptr<LibvirtLoop>> LibvirtLoop::shared() {
    // libvirt's own state is global to the process; so must be what guards it.
    static std::mutex mutex;
    static std::weak_ptr<LibvirtLoop> present;
    static const bool initialised = initialise();

    const std::lock_guard lock(mutex);
    if (auto loop = present.lock()) {
        return loop;
    }
    const int timer = initialised ? virEventAddTimeout(-1, disarm, nullptr, nullptr) : -1;
    if (timer < 0) {
        return fail(ErrorKind::internal, "start libvirt's event loop", virGetLastErrorMessage());
    }
    std::shared_ptr<LibvirtLoop> loop(new LibvirtLoop(timer));
    present = loop;
    return loop;
}

LibvirtLoop::LibvirtLoop(int wake_timer) : wake_timer_(wake_timer), thread_([this] { run(); }) {}

LibvirtLoop::~LibvirtLoop() {
    // The last holder must not be a libvirt callback: the loop cannot wait for itself.
    assert(std::this_thread::get_id() != thread_.get_id());
    stop_ = true;
    virEventUpdateTimeout(wake_timer_, 0);
    thread_.join();
    virEventRemoveTimeout(wake_timer_);
}

void LibvirtLoop::run() const {
    while (!stop_) {
        virEventRunDefaultImpl();
    }
}

}  // namespace ordeal
