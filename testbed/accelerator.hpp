#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <chrono>
#include <filesystem>
#include <stop_token>
#include <string>
#include <string_view>

namespace ordeal {

enum class Accelerator { kvm, tcg };

/// "kvm", "tcg": as QEMU's -accel spells it; libvirt's domain types are "kvm" and "qemu".
[[nodiscard]] std::string_view name_of(Accelerator accelerator);

struct AcceleratorChoice {
    Accelerator accelerator = Accelerator::tcg;
    std::string reason;  ///< for people and for the report
};

struct AcceleratorOptions {
    std::filesystem::path guest;  ///< directory with vmlinuz and initramfs of the embedded guest
    std::filesystem::path cache;  ///< where the answer is remembered
    std::filesystem::path device = "/dev/kvm";
    std::filesystem::path emulator = "qemu-system-x86_64";
    Duration deadline = std::chrono::seconds(10);  ///< of the guest's boot to userspace
    std::stop_token stop = {};
};

/// Whether guests can really run under KVM: the device may exist and ordinary kernels hang on it
/// (nested hosts). Without the device the answer is tcg at once; otherwise the embedded guest is
/// booted once, and the answer remembered until the host's kernel, QEMU or boot changes.
/// Errors: missing (no QEMU, no guest image), unavailable (stopped).
[[nodiscard]] Result<AcceleratorChoice> choose_accelerator(const AcceleratorOptions& options);

}  // namespace ordeal
