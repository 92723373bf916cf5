#include "tests/verifier/image_lab.hpp"

#include "testbed/process.hpp"

#include <cstdlib>
#include <fmt/format.h>
#include <fstream>
#include <numeric>
#include <sstream>
#include <stdexcept>

namespace ordeal::testing {

namespace fs = std::filesystem;

Result<Tools::Output> RealTools::run(const std::vector<std::string>& argv, Duration deadline) {
    auto done = ordeal::run(argv, {.deadline = deadline, .env = {{"LC_ALL", "C"}}});
    if (!done) {
        return done.error();
    }
    return Output{done->exit.signal != 0 ? -1 : done->exit.code, done->out, done->err};
}

ImageLab::ImageLab() {
    auto name = (fs::temp_directory_path() / "ordeal-images-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("mkdtemp " + name);
    }
    directory_ = name;
}

ImageLab::~ImageLab() {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
}

std::string ImageLab::run(const std::vector<std::string>& argv) {
    RealTools tools;
    auto done = tools.run(argv, std::chrono::minutes(1));
    if (!done || done->exit_code != 0) {
        throw std::runtime_error(to_text(argv) + ": " +
                                 (done ? done->out + done->err : done.error().text()));
    }
    return done->out;
}

fs::path ImageLab::image(const ledger::Plan& plan,
                         const std::vector<std::uint64_t>& sequences,
                         const std::string& filesystem) {
    const auto stem = directory_ / std::to_string(made_++);
    const auto root = fs::path(stem.string() + ".root");
    const auto ledger = root / LoadOrder{.run_id = plan.run}.directory();
    fs::create_directories(ledger);
    std::vector<std::byte> record(plan.record_size);
    for (const auto sequence : sequences) {
        const auto path = ledger / ledger::file_of(plan, sequence);
        std::ofstream(path, std::ios::app).flush();
        std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
        ledger::fill_record(plan, sequence, record);
        file.seekp(static_cast<std::streamoff>(ledger::offset_of(plan, sequence)));
        file.write(reinterpret_cast<const char*>(record.data()),
                   static_cast<std::streamsize>(record.size()));
    }
    const auto image = fs::path(stem.string() + ".img");
    run({"mke2fs",
         "-q",
         "-F",
         "-t",
         filesystem,
         "-b",
         std::to_string(block_size),
         "-d",
         root.string(),
         image.string(),
         "16M"});
    fs::remove_all(root);
    return image;
}

void ImageLab::debugfs(const fs::path& image, const std::vector<std::string>& commands) {
    const auto script = directory_ / "debugfs.commands";
    std::ofstream file(script);
    for (const auto& command : commands) {
        file << command << '\n';
    }
    file.close();
    run({"debugfs", "-w", "-f", script.string(), image.string()});
}

std::vector<std::uint64_t> ImageLab::blocks(const fs::path& image, const std::string& file) {
    std::istringstream words(run({"debugfs", "-R", "blocks " + file, image.string()}));
    std::vector<std::uint64_t> numbers;
    for (std::uint64_t number = 0; words >> number;) {
        numbers.push_back(number);
    }
    if (numbers.empty()) {
        throw std::runtime_error("no blocks of " + file);
    }
    return numbers;
}

std::uint64_t ImageLab::number(const fs::path& image, const std::string& label) {
    const auto text = run({"dumpe2fs", image.string()});
    const auto at = text.find(label);
    if (at == std::string::npos) {
        throw std::runtime_error("dumpe2fs says nothing about " + label);
    }
    return std::stoull(text.substr(at + label.size()));
}

void ImageLab::zero_block(const fs::path& image, std::uint64_t block) {
    std::fstream file(image, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(block * block_size));
    file << std::string(block_size, '\0');
}

void ImageLab::only_in_journal(const fs::path& image, std::uint64_t block) {
    const auto saved = directory_ / "saved.block";
    {
        std::ifstream from(image, std::ios::binary);
        std::string bytes(block_size, '\0');
        from.seekg(static_cast<std::streamoff>(block * block_size));
        from.read(bytes.data(), block_size);
        std::ofstream(saved, std::ios::binary) << bytes;
    }
    debugfs(image, {"jo", fmt::format("jw -b {} {}", block, saved.string()), "jc"});
    zero_block(image, block);
}

std::string content(const fs::path& path) {
    std::string bytes(fs::file_size(path), '\0');
    std::ifstream(path, std::ios::binary)
        .read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

std::vector<std::uint64_t> up_to(std::uint64_t last) {
    std::vector<std::uint64_t> sequences(last);
    std::iota(sequences.begin(), sequences.end(), std::uint64_t{1});
    return sequences;
}

ledger::Plan plan_for(ledger::Profile profile) {
    return {
        .profile = profile, .run = 7, .seed = 42, .record_size = 4096, .writers = 1, .slots = 16};
}

std::vector<Event> acknowledged_history(const ledger::Plan& plan, std::uint64_t acknowledged) {
    std::vector<Event> events;
    events.push_back({std::chrono::seconds(1),
                      std::string(event::load_started),
                      "runner",
                      "vm",
                      {{"disk", std::string("data")},
                       {"directory", LoadOrder{.run_id = plan.run}.directory()},
                       {"profile", std::string(ledger::name_of(plan.profile))},
                       {"run_id", static_cast<std::int64_t>(plan.run)},
                       {"seed", static_cast<std::int64_t>(plan.seed)},
                       {"record", Bytes{plan.record_size}},
                       {"writers", std::int64_t{plan.writers}},
                       {"slots", std::int64_t{plan.slots}}}});
    if (acknowledged > 0) {
        events.push_back({std::chrono::seconds(2),
                          std::string(event::ledger_acknowledged),
                          "agent",
                          "vm",
                          {{"writer", std::int64_t{0}},
                           {"first", std::int64_t{0}},
                           {"last", static_cast<std::int64_t>(acknowledged) - 1}}});
    }
    return events;
}

Examined examine(const Check& check,
                 Tools& tools,
                 const fs::path& image,
                 std::vector<Event> events,
                 const std::string& filesystem,
                 const Params& params) {
    const History before(events);
    KeepingRecorder recorder;
    const auto directory = fs::path(image.string() + ".examination");
    fs::create_directories(directory);
    ExamineContext context{tools, recorder, std::chrono::seconds(10), directory, before};
    const Specimen specimen{"vm", {.name = "data", .filesystem = filesystem}, image};
    Examined examined;
    examined.status = check.examine(context, specimen, params);
    events.insert(events.end(), recorder.events.begin(), recorder.events.end());
    examined.history = History(std::move(events));
    examined.findings = check.judge(examined.history, Experiment{}, params);
    return examined;
}

}  // namespace ordeal::testing
