#include "testbed/storage/disk_orders.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <string_view>
#include <sys/inotify.h>
#include <system_error>

namespace ordeal {
namespace {

namespace fs = std::filesystem;

constexpr std::array effects{std::pair{DiskEffect::error, "error"},
                             std::pair{DiskEffect::hang, "hang"},
                             std::pair{DiskEffect::delay, "delay"},
                             std::pair{DiskEffect::lose, "lose"},
                             std::pair{DiskEffect::spoil, "spoil"},
                             std::pair{DiskEffect::tear, "tear"}};
constexpr std::array errors{std::pair{DiskError::input_output, "io"},
                            std::pair{DiskError::no_space, "no_space"},
                            std::pair{DiskError::read_only, "read_only"}};

constexpr std::uint64_t least_torn = 512;

template <class Table, class Key>
std::string word_of(const Table& table, Key key) {
    const auto row = std::ranges::find(table, key, [](const auto& each) { return each.first; });
    return row == table.end() ? "" : row->second;
}

template <class Table, class Key>
bool read_word(const Table& table, std::string_view text, Key& out) {
    const auto row =
        std::ranges::find_if(table, [&](const auto& each) { return each.second == text; });
    if (row != table.end()) {
        out = row->first;
    }
    return row != table.end();
}

template <class Number>
bool read_number(std::string_view text, Number& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc{} && end == text.data() + text.size();
}

bool read_operations(std::string_view text, DiskFault& fault) {
    for (const char letter : text) {
        switch (letter) {
            case 'r':
                fault.reads = true;
                break;
            case 'w':
                fault.writes = true;
                break;
            case 'f':
                fault.flushes = true;
                break;
            default:
                return false;
        }
    }
    return !text.empty();
}

bool read_word_pair(std::string_view key, std::string_view value, DiskFault& fault) {
    if (key == "on") {
        return read_operations(value, fault);
    }
    if (key == "effect") {
        return read_word(effects, value, fault.effect);
    }
    if (key == "error") {
        return read_word(errors, value, fault.error);
    }
    if (key == "rate") {
        return read_number(value, fault.rate);
    }
    if (key == "from") {
        return read_number(value, fault.from);
    }
    if (key == "to") {
        return read_number(value, fault.to);
    }
    Duration::rep delay = 0;
    const bool known = key == "delay" && read_number(value, delay) && delay >= 0;
    fault.delay = Duration(delay);
    return known;
}

}  // namespace

std::string to_order(const DiskFault& fault) {
    std::ostringstream text;
    text << "on=" << (fault.reads ? "r" : "") << (fault.writes ? "w" : "")
         << (fault.flushes ? "f" : "") << " effect=" << word_of(effects, fault.effect)
         << " error=" << word_of(errors, fault.error) << " delay=" << fault.delay.count()
         << " rate=" << fault.rate << " from=" << fault.from << " to=" << fault.to << " end\n";
    return text.str();
}

std::optional<DiskFault> parse_order(const std::string& text) {
    DiskFault fault;
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (word == "end") {
            return fault;
        }
        const auto equals = word.find('=');
        if (equals == std::string::npos ||
            !read_word_pair(std::string_view(word).substr(0, equals),
                            std::string_view(word).substr(equals + 1),
                            fault)) {
            return std::nullopt;
        }
    }
    return std::nullopt;
}

std::string order_file(const std::string& id) {
    constexpr std::string_view plain =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
    std::string name = id;
    std::ranges::replace_if(
        name, [&](char letter) { return plain.find(letter) == plain.npos; }, '_');
    return name;
}

int errno_of(DiskError error) {
    switch (error) {
        case DiskError::no_space:
            return ENOSPC;
        case DiskError::read_only:
            return EROFS;
        case DiskError::input_output:
            break;
    }
    return EIO;
}

bool concerns(const DiskFault& fault, const DiskRequest& request) {
    if (request.operation == DiskOperation::flush) {
        return fault.flushes;
    }
    const bool writes = request.operation == DiskOperation::write;
    const bool kind = writes ? fault.writes : fault.reads;
    if (fault.effect == DiskEffect::tear && (!writes || request.length < 2 * least_torn)) {
        return false;  // a sector is written whole or not at all
    }
    if (fault.effect == DiskEffect::lose && !request.durable) {
        return false;
    }
    return kind && request.offset < fault.to && request.offset + request.length > fault.from;
}

bool DiskOrders::open(const fs::path& directory) {
    directory_ = directory;
    changes_ = Fd(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    const auto orders = directory / "orders";
    if (!changes_ ||
        ::inotify_add_watch(changes_.get(), orders.c_str(), IN_MOVED_TO | IN_DELETE) < 0) {
        return false;
    }
    read_all();
    return true;
}

void DiskOrders::refresh() {
    // What happened is not looked at: any change is a reason to read all.
    std::array<char, 4096> events{};
    bool changed = false;
    while (::read(changes_.get(), events.data(), events.size()) > 0) {
        changed = true;
    }
    if (changed) {
        read_all();
    }
}

void DiskOrders::read_all() {
    orders_.clear();
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory_ / "orders", error)) {
        std::ifstream file(entry.path());
        std::string line;
        std::getline(file, line);
        if (auto fault = parse_order(line)) {
            orders_.emplace(entry.path().filename(), *fault);
        }
    }
}

void DiskOrders::count(const std::string& name) {
    // Written over in place: it only grows, so that a reader never sees less than a whole number.
    const auto text = std::to_string(++met_[name]);
    const auto path = directory_ / "met" / name;
    const Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    if (::pwrite(file.get(), text.data(), text.size(), 0) < 0) {
        --met_[name];
    }
}

}  // namespace ordeal
