#include "campaign/undo_journal.hpp"

#include "campaign/json.hpp"
#include "core/read_file.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <xxhash.h>

namespace ordeal {
namespace {

using nlohmann::json;

constexpr int format_version = 1;
constexpr std::size_t checksum_digits = 16;

std::string checksum(std::string_view text) {
    constexpr std::string_view digits = "0123456789abcdef";
    auto hash = XXH64(text.data(), text.size(), 0);
    std::string hex(checksum_digits, '0');
    for (auto digit = hex.rbegin(); digit != hex.rend(); ++digit, hash >>= 4U) {
        *digit = digits[hash & 0xfU];
    }
    return hex;
}

Error system_error(std::string tried, int code) {
    return fail(code == ENOENT ? ErrorKind::not_found : ErrorKind::unavailable,
                std::move(tried),
                std::generic_category().message(code));
}

struct ToJson {
    json operator()(const HealFault& heal) const {
        const auto& fault = heal.fault;
        return {{"heal",
                 {{"id", fault.id},
                  {"kind", fault.kind},
                  {"host", fault.target.host},
                  {"domain", fault.target.domain},
                  {"params", json_of(fault.params)},
                  {"undo", json_of(fault.undo)}}}};
    }

    json operator()(const RemoveDomain& remove) const { return {{"remove", remove.domain}}; }

    json operator()(const TakeDownLab& lab) const { return {{"take_down", lab.lab}}; }
};

std::string text_of(const json& object, const char* name) {
    const auto found = object.find(name);
    return found == object.end() || !found->is_string() ? "" : found->get<std::string>();
}

std::optional<Undo> undo_of(const json& line) {
    if (const auto heal = line.find("heal"); heal != line.end() && heal->is_object()) {
        const auto params = fields_of(heal->value("params", json()));
        const auto undo = fields_of(heal->value("undo", json()));
        if (!params || !undo) {
            return std::nullopt;
        }
        return HealFault{{.id = text_of(*heal, "id"),
                          .kind = text_of(*heal, "kind"),
                          .target = {text_of(*heal, "host"), text_of(*heal, "domain")},
                          .params = *params,
                          .undo = *undo}};
    }
    if (auto domain = text_of(line, "remove"); !domain.empty()) {
        return RemoveDomain{std::move(domain)};
    }
    if (auto lab = text_of(line, "take_down"); !lab.empty()) {
        return TakeDownLab{std::move(lab)};
    }
    return std::nullopt;
}

/// The JSON of a line whose checksum holds.
std::optional<json> sound(std::string_view line) {
    if (line.size() <= checksum_digits || line[checksum_digits] != ' ') {
        return std::nullopt;
    }
    const auto text = line.substr(checksum_digits + 1);
    if (checksum(text) != line.substr(0, checksum_digits)) {
        return std::nullopt;
    }
    auto parsed = json::parse(text, nullptr, /*allow_exceptions=*/false);
    return parsed.is_object() ? std::optional(std::move(parsed)) : std::nullopt;
}

/// False: the line says nothing we know.
bool apply(const json& line, JournalContents& contents) {
    const auto number = [&](const char* name) { return line.value(name, std::int64_t{0}); };
    if (line.contains("journal")) {
        contents.head = {text_of(line, "run"), text_of(line, "testbed")};
        return true;
    }
    if (line.contains("done")) {
        std::erase_if(contents.open,
                      [&](const UndoEntry& entry) { return entry.id == number("done"); });
        return true;
    }
    contents.last_id = std::max(contents.last_id, number("id"));
    auto undo = undo_of(line);
    if (undo) {
        contents.open.push_back({number("id"), std::move(*undo)});
    }
    return undo.has_value();
}

Result<JournalContents> parse_journal(std::string_view text, const std::string& tried) {
    JournalContents contents;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const bool last = end == std::string_view::npos || end + 1 == text.size();
        const auto line = end == std::string_view::npos ? std::nullopt : sound(text.substr(0, end));
        if (!line && last) {
            break;
        }
        if (line && line->value("journal", format_version) != format_version) {
            return fail(ErrorKind::corrupt,
                        tried,
                        "its format is not version " + std::to_string(format_version),
                        "use the version of ordeal that wrote it");
        }
        if (!line || !apply(*line, contents)) {
            ++contents.damaged;
        }
        contents.sound_size += end + 1;
        text.remove_prefix(end + 1);
    }
    return contents;
}

}  // namespace

Result<JournalContents> read_journal(const std::filesystem::path& file) {
    const auto tried = "read " + file.string();
    std::ifstream stream(file, std::ios::binary);
    if (!stream) {
        return system_error(tried, errno);
    }
    return parse_journal(read_file(file), tried);
}

UndoJournal::UndoJournal(Fd file, JournalContents contents)
    : file_(std::move(file)),
      contents_(std::move(contents)),
      next_(contents_.last_id + 1),
      size_(static_cast<off_t>(contents_.sound_size)) {}

Result<std::unique_ptr<UndoJournal>> UndoJournal::create(const std::filesystem::path& file,
                                                         const JournalHead& head) {
    Fd opened(::open(file.c_str(), O_WRONLY | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!opened) {
        return system_error("create " + file.string(), errno);
    }
    ::flock(opened.get(), LOCK_EX | LOCK_NB);  // nobody else knows the file yet
    std::unique_ptr<UndoJournal> journal(new UndoJournal(std::move(opened), {.head = head}));
    const json first{{"journal", format_version}, {"run", head.run}, {"testbed", head.testbed}};
    if (auto status = journal->append(to_line(first), Durable::yes); !status) {
        return status.error();
    }
    // The name of a new file is durable only with its directory.
    const Fd directory(::open(file.parent_path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (::fsync(directory.get()) != 0) {
        return system_error("flush " + file.parent_path().string(), errno);
    }
    return journal;
}

Result<std::unique_ptr<UndoJournal>> UndoJournal::resume(const std::filesystem::path& file) {
    const auto tried = "open " + file.string();
    Fd opened(::open(file.c_str(), O_WRONLY | O_APPEND | O_CLOEXEC));
    if (!opened) {
        return system_error(tried, errno);
    }
    if (::flock(opened.get(), LOCK_EX | LOCK_NB) != 0) {
        return fail(ErrorKind::refused,
                    tried,
                    "another process is using it",
                    "its run is still going, or another rollback is at work");
    }
    auto contents = read_journal(file);
    if (!contents) {
        return contents.error();
    }
    if (::ftruncate(opened.get(), static_cast<off_t>(contents->sound_size)) != 0) {
        return system_error(tried, errno);
    }
    return std::unique_ptr<UndoJournal>(new UndoJournal(std::move(opened), std::move(*contents)));
}

Result<std::int64_t> UndoJournal::announce(const Undo& undo) {
    auto line = std::visit(ToJson{}, undo);
    const std::lock_guard lock(mutex_);
    line["id"] = next_;
    if (auto status = append(to_line(line), Durable::yes); !status) {
        return status.error();
    }
    return next_++;
}

// Not flushed: a lost "done" costs a needless look at the next rollback, no more.
Status UndoJournal::done(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    return append(to_line(json{{"done", id}}), Durable::no);
}

Status UndoJournal::append(const std::string& json, Durable durable) {
    const auto line = checksum(json) + " " + json + "\n";
    const auto written = ::write(file_.get(), line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size())) {
        // Or the next line would hang on to half of this one.
        if (written > 0 && ::ftruncate(file_.get(), size_) != 0) {
            return system_error("repair the undo journal", errno);
        }
        return fail(ErrorKind::unavailable,
                    "write the undo journal",
                    written < 0 ? std::generic_category().message(errno) : "the disk is full",
                    "free some space or choose another directory with --out");
    }
    size_ += written;
    if (durable == Durable::yes && ::fdatasync(file_.get()) != 0) {
        return system_error("flush the undo journal", errno);
    }
    return ok();
}

}  // namespace ordeal
