#include "cli/world.hpp"

#include "testbed/lab/lab.hpp"
#include "testbed/lab_testbed.hpp"

namespace ordeal::cli {
namespace {

constexpr std::string_view lab_prefix = "lab:";

Result<std::unique_ptr<Testbed>> open_testbed(const std::string& name, const Scheduler& scheduler) {
    if (!name.starts_with(lab_prefix)) {
        return fail(ErrorKind::corrupt, "open the testbed " + name, "its name is not of a lab");
    }
    LabTestbedOptions options;
    options.lab = name.substr(lab_prefix.size());
    auto testbed = LabTestbed::open(options, scheduler);
    if (!testbed) {
        return testbed.error();
    }
    return std::unique_ptr<Testbed>(std::move(*testbed));
}

Status take_down(const std::string& name) {
    auto lab = Lab::open(name);
    return lab ? lab->down() : Status(lab.error());
}

}  // namespace

std::string testbed_name(const std::string& lab) {
    return std::string(lab_prefix) + lab;
}

RollbackWorld rollback_world(const Scheduler& scheduler) {
    return {.open = [&scheduler](const std::string& name) { return open_testbed(name, scheduler); },
            .take_lab_down = take_down};
}

std::filesystem::path journal_of(const std::filesystem::path& run) {
    return run / "undo.journal";
}

}  // namespace ordeal::cli
