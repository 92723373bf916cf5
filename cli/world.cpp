#include "cli/world.hpp"

#include "testbed/lab/lab.hpp"
#include "testbed/lab_testbed.hpp"
#include "testbed/site/site_testbed.hpp"

namespace ordeal::cli {
namespace {

constexpr std::string_view lab_prefix = "lab:";

constexpr std::string_view site_prefix = "site:";

/// A file that is not there is no site that is not there: its errors never are `not_found`.
Result<std::unique_ptr<Testbed>> open_site(const std::string& file, const Scheduler& scheduler) {
    Diagnostics wrong;
    auto site = load_site(file, wrong);
    if (!site) {
        return to_error(wrong);
    }
    auto testbed = SiteTestbed::open(std::move(*site), scheduler);
    return testbed ? Result<std::unique_ptr<Testbed>>(std::move(*testbed)) : testbed.error();
}

Result<std::unique_ptr<Testbed>> open_testbed(const std::string& name, const Scheduler& scheduler) {
    if (name.starts_with(site_prefix)) {
        return open_site(name.substr(site_prefix.size()), scheduler);
    }
    if (!name.starts_with(lab_prefix)) {
        return fail(
            ErrorKind::corrupt, "open the testbed " + name, "it is neither a lab nor a site");
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

std::string site_testbed_name(const std::filesystem::path& file) {
    return std::string(site_prefix) + std::filesystem::absolute(file).string();
}

RollbackWorld rollback_world(const Scheduler& scheduler) {
    return {.open = [&scheduler](const std::string& name) { return open_testbed(name, scheduler); },
            .take_lab_down = take_down};
}

std::filesystem::path journal_of(const std::filesystem::path& run) {
    return run / "undo.journal";
}

}  // namespace ordeal::cli
