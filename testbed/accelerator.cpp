#include "testbed/accelerator.hpp"

#include "core/read_file.hpp"
#include "testbed/process.hpp"
#include "testbed/wait.hpp"

#include <fstream>
#include <iterator>
#include <optional>
#include <sys/utsname.h>
#include <unistd.h>

namespace ordeal {
namespace {

namespace fs = std::filesystem;

std::string first_line(const std::string& text) {
    return text.substr(0, text.find('\n'));
}

/// What the answer depends on. Also the boot: the machine below a nested host may have changed.
Result<std::string> circumstances(const fs::path& emulator) {
    const auto version = run_or_fail({emulator.string(), "--version"});
    if (!version) {
        return version.error();
    }
    utsname host{};
    ::uname(&host);
    return std::string(host.release) + "; " + first_line(*version) + "; boot " +
           first_line(read_file("/proc/sys/kernel/random/boot_id"));
}

// The file has three lines: the circumstances, the accelerator, the reason.
std::optional<AcceleratorChoice> recall(const fs::path& file, const std::string& key) {
    std::ifstream stored(file);
    std::string line;
    if (!std::getline(stored, line) || line != key || !std::getline(stored, line)) {
        return std::nullopt;
    }
    AcceleratorChoice choice;
    choice.accelerator = line == "kvm" ? Accelerator::kvm : Accelerator::tcg;
    std::getline(stored, choice.reason);
    return choice;
}

void remember(const fs::path& file, const std::string& key, const AcceleratorChoice& choice) {
    // Losing it costs one more check, so a failure here is nobody's problem.
    std::error_code ignored;
    fs::create_directories(file.parent_path(), ignored);
    const fs::path draft = file.string() + "." + std::to_string(::getpid());
    std::ofstream(draft) << key << '\n'
                         << name_of(choice.accelerator) << '\n'
                         << choice.reason << '\n';
    fs::rename(draft, file, ignored);
}

// QEMU's default CPU, as a domain has it: with -cpu host QEMU may refuse where guests could run.
Argv boot_command(const AcceleratorOptions& options, const fs::path& console) {
    return {options.emulator.string(),
            "-accel",
            "kvm",
            "-m",
            "256",
            "-nodefaults",
            "-no-user-config",
            "-display",
            "none",
            "-no-reboot",
            "-serial",
            "file:" + console.string(),
            "-kernel",
            (options.guest / "vmlinuz").string(),
            "-initrd",
            (options.guest / "initramfs").string(),
            "-append",
            "console=ttyS0 panic=-1"};
}

Result<AcceleratorChoice> try_kvm(const AcceleratorOptions& options, const fs::path& scratch) {
    const auto console = scratch / "console";
    const auto log = scratch / "qemu";
    auto qemu = Child::spawn(boot_command(options, console), {.log = log});
    if (!qemu) {
        return qemu.error();
    }
    const auto booted = [&] {
        return read_file(console).find("ordeal: userspace") != std::string::npos;
    };
    const auto start = std::chrono::steady_clock::now();
    const bool decided = wait_until(
        options.deadline,
        [&] { return booted() || !qemu->alive(); },
        options.stop,
        std::chrono::milliseconds(20));
    const auto taken = to_text(Duration(std::chrono::steady_clock::now() - start));
    if (booted()) {
        return AcceleratorChoice{Accelerator::kvm, "the guest booted under KVM in " + taken};
    }
    if (options.stop.stop_requested()) {
        return fail(ErrorKind::unavailable, "try a guest under KVM", "stopped on request");
    }
    if (decided) {
        return AcceleratorChoice{Accelerator::tcg,
                                 "QEMU ended under KVM: " + first_line(read_file(log))};
    }
    return AcceleratorChoice{Accelerator::tcg,
                             options.device.string() +
                                 " is there, but a guest under KVM does not " +
                                 "reach userspace in " + to_text(options.deadline)};
}

}  // namespace

std::string_view name_of(Accelerator accelerator) {
    return accelerator == Accelerator::kvm ? "kvm" : "tcg";
}

Result<AcceleratorChoice> choose_accelerator(const AcceleratorOptions& options) {
    if (::access(options.device.c_str(), R_OK | W_OK) != 0) {
        return AcceleratorChoice{Accelerator::tcg,
                                 options.device.string() + " is not there or not ours to use"};
    }
    const auto key = circumstances(options.emulator);
    if (!key) {
        return key.error();
    }
    const auto file = options.cache / "accelerator";
    if (auto known = recall(file, *key)) {
        return *known;
    }
    if (::access((options.guest / "vmlinuz").c_str(), R_OK) != 0 ||
        ::access((options.guest / "initramfs").c_str(), R_OK) != 0) {
        return fail(ErrorKind::missing,
                    "try a guest under KVM",
                    "no guest image in " + options.guest.string(),
                    "run ./bootstrap build");
    }
    auto pattern = (fs::temp_directory_path() / "ordeal-accelerator-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) {
        return fail(ErrorKind::unavailable, "make a directory in " + pattern, "could not");
    }
    auto choice = try_kvm(options, pattern);
    std::error_code ignored;
    fs::remove_all(pattern, ignored);
    if (choice) {
        remember(file, *key, *choice);
    }
    return choice;
}

}  // namespace ordeal
