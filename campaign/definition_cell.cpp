#include "campaign/definition_cell.hpp"

#include "campaign/definition_cluster.hpp"
#include "campaign/definition_keys.hpp"
#include "campaign/schedule.hpp"
#include "core/schema.hpp"
#include "core/suggest.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/format.h>

namespace ordeal {
namespace {

using Keys = std::vector<std::string_view>;

/// "2s", "2s..5s" or "log 2s..5s".
Result<Window> parse_window(std::string_view text) {
    constexpr std::string_view log = "log ";
    const auto spread = text.starts_with(log) ? Spread::log_uniform : Spread::uniform;
    text.remove_prefix(spread == Spread::log_uniform ? log.size() : 0);
    const auto dots = text.find("..");
    const auto from = parse_duration(text.substr(0, dots));
    if (!from) {
        return from.error();
    }
    const auto to = dots == std::string_view::npos ? from : parse_duration(text.substr(dots + 2));
    if (!to) {
        return to.error();
    }
    if (*to < *from) {
        return fail(ErrorKind::definition, "read a window", "the window ends before it starts");
    }
    if (spread == Spread::log_uniform && *from == Duration::zero()) {
        return fail(ErrorKind::definition,
                    "read a window",
                    "a log-uniform window cannot begin at 0",
                    "begin it at the shortest time that matters, such as 1ms");
    }
    return Window{*from, *to, spread};
}

/// How many of `size` members "one", "all", "2" or "50%" are; 0: it is none of these.
std::size_t parse_pick(std::string_view text, std::size_t size) {
    if (text == "one" || text == "all") {
        return text == "one" ? 1 : size;
    }
    const bool percent = text.ends_with('%');
    text.remove_suffix(percent ? 1 : 0);
    std::size_t number = 0;
    const auto* end = text.data() + text.size();
    const auto read = std::from_chars(text.data(), end, number);
    if (read.ec != std::errc() || read.ptr != end || number > (percent ? 100 : size)) {
        return 0;
    }
    return percent ? (number * size + 99) / 100 : number;
}

bool is_name(std::string_view text) {
    constexpr std::size_t longest = 32;
    constexpr std::string_view first = "abcdefghijklmnopqrstuvwxyz0123456789";
    return !text.empty() && text.size() <= longest && first.find(text[0]) != first.npos &&
           std::ranges::all_of(text, [&](char letter) {
               return letter == '-' || first.find(letter) != first.npos;
           });
}

class CellReader {
  public:
    CellReader(const Document& document,
               const Node& root,
               const KindLibrary& kinds,
               Diagnostics& out)
        : document_(document), root_(root), kinds_(kinds), out_(out) {}

    Experiment run() {
        look_at_sections();
        read_experiment();
        read_section(root_, "domain", [this](const Node& table) { read_domain(table); });
        read_service();
        experiment_.cluster = read_cluster(document_, root_, out_);
        read_section(root_, "group", [this](const Node& table) { read_group(table); });
        read_section(root_, "load", [this](const Node& table) { read_load(table); });
        read_section(root_, "fault", [this](const Node& table) { read_fault(table); });
        read_section(root_, "probe", [this](const Node& table) { read_probe(table); });
        read_section(root_, "check", [this](const Node& table) { read_check(table); });
        return std::move(experiment_);
    }

  private:
    void complain(Span span, std::string message, std::string hint = {}) {
        out_.push_back(document_.at(span, std::move(message), std::move(hint)));
    }

    void look_at_sections() {
        const std::vector<std::string> known{"experiment",
                                             "matrix",
                                             "domain",
                                             "service",
                                             "cluster",
                                             "group",
                                             "load",
                                             "fault",
                                             "probe",
                                             "check"};
        for (const auto& entry : *root_.as<Node::Table>()) {
            if (std::ranges::find(known, entry.key) == known.end()) {
                complain(entry.key_span,
                         fmt::format("unknown key \"{}\"", entry.key),
                         suggestion_hint(entry.key, known));
            }
        }
    }

    template <class Read>
    void read_section(const Node& parent, std::string_view key, Read read) {
        const Entry* entry = parent.find(key);
        const auto* list = entry == nullptr ? nullptr : entry->value.as<Node::Array>();
        if (entry != nullptr && list == nullptr) {
            complain(entry->key_span,
                     fmt::format("\"{}\" must be a list of tables", key),
                     fmt::format("write [[{}]]", &parent == &root_ ? key : "domain.disk"));
            return;
        }
        for (std::size_t index = 0; list != nullptr && index < list->size(); ++index) {
            const Node& node = (*list)[index];
            if (node.as<Node::Table>() == nullptr) {
                complain(node.span,
                         fmt::format("\"{}\" must be a list of tables", key),
                         fmt::format("write [[{}]]", &parent == &root_ ? key : "domain.disk"));
            } else {
                read(node);
            }
        }
    }

    Params read(const Node& table,
                const std::vector<ParamSpec>& specs,
                const Keys& elsewhere = {}) {
        return read_params(document_, table, specs, elsewhere, UnknownKeys::report, out_);
    }

    std::string read_name(const Node& table, const Params& params) {
        auto name = params.get<std::string>("name");
        const Entry* entry = table.find("name");
        if (params.has("name") && entry != nullptr && !is_name(name)) {
            complain(entry->value.span,
                     "a name has a-z, 0-9 and \"-\", at most 32 of them, and no \"-\" in front");
        }
        return name;
    }

    void read_experiment() {
        const Entry* entry = root_.find("experiment");
        if (entry == nullptr || entry->value.as<Node::Table>() == nullptr) {
            complain(entry == nullptr ? Span{} : entry->key_span,
                     "there is no table [experiment]",
                     "add [experiment] with name, title, question, duration and deadline");
            return;
        }
        const auto params = read(entry->value, definition_keys::experiment());
        experiment_.name = read_name(entry->value, params);
        experiment_.title = params.get<std::string>("title");
        experiment_.question = params.get<std::string>("question");
        experiment_.trials = static_cast<int>(params.get<std::int64_t>("trials", 1));
        experiment_.settle = params.get<Duration>("settle");
        experiment_.duration = params.get<Duration>("duration");
        experiment_.deadline = params.get<Duration>("deadline");
        experiment_.hosts = static_cast<int>(params.get<std::int64_t>("hosts", 1));
        experiment_.recover = params.get<bool>("recover", true);
        experiment_.explore = params.get<bool>("explore", false);
    }

    void read_domain(const Node& table) {
        const auto params = read(table, definition_keys::domain(), {"disk"});
        DomainSpec domain{.name = read_name(table, params),
                          .machine = params.get<std::string>("machine"),
                          .host = params.get<std::string>("host"),
                          .failover = params.get<std::string>("failover"),
                          .lease = params.get<bool>("lease", false),
                          .memory = params.get<Bytes>("memory"),
                          .vcpus = static_cast<int>(params.get<std::int64_t>("vcpus")),
                          .pvpanic = params.get<bool>("pvpanic", true),
                          .hotplug = params.get<bool>("hotplug", false),
                          .on_crash = params.get<std::string>("on_crash"),
                          .disks = {}};
        read_section(table, "disk", [&](const Node& disk) {
            const auto keys = read(disk, definition_keys::disk());
            domain.disks.push_back({.name = read_name(disk, keys),
                                    .size = keys.get<Bytes>("size"),
                                    .filesystem = keys.get<std::string>("filesystem"),
                                    .mount_options = keys.get<std::string>("mount_options"),
                                    .cache = keys.get<std::string>("cache"),
                                    .backing = keys.get<std::string>("backing"),
                                    .sector = keys.get<Bytes>("sector"),
                                    .werror = keys.get<std::string>("werror"),
                                    .rerror = keys.get<std::string>("rerror"),
                                    .epoch = keys.get<bool>("epoch", false)});
        });
        experiment_.domains.push_back(std::move(domain));
    }

    void read_service() {
        const Entry* entry = root_.find("service");
        if (entry == nullptr) {
            return;
        }
        if (entry->value.as<Node::Table>() == nullptr) {
            complain(entry->key_span, "\"service\" must be a table", "write [service]");
            return;
        }
        const auto params = read(entry->value, definition_keys::service());
        experiment_.service = ServiceSpec{
            .address = params.get<std::string>("address"),
            .port = params.get<std::int64_t>("port"),
            .members = params.get<std::vector<std::string>>("members"),
            .request = params.get<std::string>("request"),
        };
    }

    void read_group(const Node& table) {
        const auto params = read(table, definition_keys::group());
        experiment_.groups.push_back(
            {.name = read_name(table, params),
             .members = params.get<std::vector<std::string>>("members"),
             .keep_alive = static_cast<int>(params.get<std::int64_t>("keep_alive"))});
    }

    void read_load(const Node& table) {
        const auto params = read(table, definition_keys::load());
        experiment_.loads.push_back(
            {.domain = params.get<std::string>("domain"),
             .profile = params.get<std::string>("profile"),
             .disk = params.get<std::string>("disk"),
             .record = params.get<Bytes>("record"),
             .writers = static_cast<int>(params.get<std::int64_t>("writers")),
             .rate = params.get<std::int64_t>("rate")});
    }

    /// A table with a kind: `general` are the keys of all kinds, the rest its entry's parameters.
    struct Kinded {
        Params general;
        Params own;
    };

    Kinded read_kinded(const Node& table,
                       std::vector<ParamSpec> general,
                       std::string_view what,
                       const std::vector<EntryInfo>& entries,
                       const Keys& elsewhere = {}) {
        const Entry* key = table.find("kind");
        const auto* kind = key == nullptr ? nullptr : key->value.as<std::string>();
        const EntryInfo* info = kind == nullptr ? nullptr : find_kind(entries, *kind);
        if (kind != nullptr && info == nullptr) {
            complain(key->value.span,
                     fmt::format("there is no {} \"{}\"", what, *kind),
                     suggestion_hint(*kind, kind_names(entries)));
        }
        if (info == nullptr) {  // its parameters cannot be known
            return {read_params(document_, table, general, {}, UnknownKeys::ignore, out_), {}};
        }
        // An entry may say a general key more exactly, such as another default interval.
        for (const auto& spec : info->params) {
            std::erase_if(general, [&](const auto& each) { return each.name == spec.name; });
        }
        std::vector<ParamSpec> all = general;
        all.insert(all.end(), info->params.begin(), info->params.end());
        const auto params = read(table, all, elsewhere);
        Kinded result{params, {}};
        for (const auto& spec : info->params) {
            const auto it = params.all().find(spec.name);
            if (it != params.all().end()) {
                result.own.set(spec.name, it->second);
            }
        }
        return result;
    }

    Window read_window(const Node& table, const Params& params, const std::string& key) {
        const Entry* entry = table.find(key);
        if (!params.has(key)) {
            return {};
        }
        const auto window = parse_window(params.get<std::string>(key));
        if (!window) {
            complain(entry == nullptr ? table.span : entry->value.span,
                     fmt::format("\"{}\": {}", key, window.error().answer),
                     window.error().hint);
            return {};
        }
        return *window;
    }

    void read_fault(const Node& table) {
        const auto [general, own] =
            read_kinded(table, definition_keys::fault(), "fault", kinds_.faults, {"on"});
        FaultSpec fault{.id = general.get<std::string>("id"),
                        .kind = general.get<std::string>("kind"),
                        .target = general.get<std::string>("target"),
                        .at = read_window(table, general, "at"),
                        .hold = read_window(table, general, "hold"),
                        .params = own,
                        .stagger = read_window(table, general, "stagger"),
                        .every = general.get<Duration>("every")};
        if (fault.id.empty()) {
            fault.id = fault.kind;
        }
        read_pick(table, general.get<std::string>("pick", "all"), fault);
        read_trigger(table, general, fault);
        const auto times = general.get<std::int64_t>("times");
        const auto gaps = static_cast<std::int64_t>(std::max<std::size_t>(fault.pick, 1)) - 1;
        const auto left = experiment_.duration - fault.at.to - fault.stagger.to * gaps;
        if (times > 0) {
            fault.times = static_cast<int>(times);
        } else if (fault.every > Duration::zero() && left > Duration::zero()) {
            // More than the limit are refused; an int holds that many.
            fault.times =
                static_cast<int>(std::min<std::int64_t>(left / fault.every, max_strikes) + 1);
        }
        experiment_.faults.push_back(std::move(fault));
    }

    void read_pick(const Node& table, const std::string& pick, FaultSpec& fault) {
        const auto members = experiment_.targets(fault.target).size();
        fault.pick = parse_pick(pick, members);
        if (fault.pick == 0 && members > 0) {
            const Entry* entry = table.find("pick");
            complain(
                entry == nullptr ? table.span : entry->value.span,
                fmt::format(
                    "\"pick\" must choose some of the {} that \"{}\" has", members, fault.target),
                "write \"one\", \"all\", a number such as \"2\", or a share such as \"50%\"");
        }
    }

    void read_trigger(const Node& table, const Params& general, FaultSpec& fault) {
        const Entry* on = table.find("on");
        if (on == nullptr) {
            return;
        }
        if (on->value.as<Node::Table>() == nullptr) {
            complain(on->value.span, "\"on\" must be a table", "write on = { probe = \"…\" }");
            return;
        }
        const auto params = read(on->value, definition_keys::trigger());
        fault.within = general.get<Duration>("within");
        fault.on = {.probe = params.get<std::string>("probe"),
                    .opinion = params.get<std::string>("opinion"),
                    .detail = params.get<std::string>("detail"),
                    .fact = params.get<std::string>("fact"),
                    .at_least = params.get<double>("at_least"),
                    .acknowledged = params.get<std::int64_t>("acknowledged"),
                    .fault = params.get<std::string>("fault"),
                    .step = params.get<std::string>("step"),
                    .domain = params.get<std::string>("domain")};
    }

    void read_probe(const Node& table) {
        auto [general, own] = read_kinded(table, definition_keys::probe(), "probe", kinds_.probes);
        own.set("interval", general.get<Duration>("interval"));
        experiment_.probes.push_back({.kind = general.get<std::string>("kind"),
                                      .domain = general.get<std::string>("domain"),
                                      .params = std::move(own)});
    }

    void read_check(const Node& table) {
        auto [general, own] = read_kinded(table, definition_keys::check(), "check", kinds_.checks);
        experiment_.checks.push_back(
            {.kind = general.get<std::string>("kind"), .params = std::move(own)});
    }

    const Document& document_;
    const Node& root_;
    const KindLibrary& kinds_;
    Diagnostics& out_;
    Experiment experiment_;
};

}  // namespace

Experiment read_cell(const Document& document,
                     const Node& root,
                     const KindLibrary& kinds,
                     Diagnostics& out) {
    return CellReader(document, root, kinds, out).run();
}

}  // namespace ordeal
