#include "testbed/site/site_file.hpp"

#include "core/suggest.hpp"
#include "core/toml_reader.hpp"
#include "testbed/site/site_forms.hpp"
#include "testbed/site/site_keys.hpp"

#include <algorithm>
#include <cstdlib>
#include <fmt/format.h>
#include <fmt/ranges.h>

namespace ordeal {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

template <class Things>
auto* find_named(Things& things, std::string_view name) {
    const auto found = std::ranges::find_if(things, [&](const auto& t) { return t.name == name; });
    return found == things.end() ? nullptr : &*found;
}

template <class Things>
Names names_of(const Things& things) {
    Names names;
    for (const auto& thing : things) {
        names.push_back(thing.name);
    }
    return names;
}

class SiteReader {
  public:
    SiteReader(const Document& document, Diagnostics& out) : document_(document), out_(out) {
        site_.path = document.name;
    }

    Site run() {
        look_at_sections();
        read_testbed();
        each("jump", [&](const Node& table) { read_jump(table); });
        each("host", [&](const Node& table) { read_host(table); });
        each("storage", [&](const Node& table) { read_storage(table); });
        each("target", [&](const Node& table) { read_target(table); });
        if (site_.hosts.empty() && document_.root.find("host") == nullptr) {
            complain({}, "there is no host", "add [[host]] with name, libvirt and [host.ssh]");
        }
        check_jumps();
        return std::move(site_);
    }

  private:
    void complain(Span span, std::string message, std::string hint = {}) {
        out_.push_back(document_.at(span, std::move(message), std::move(hint)));
    }

    /// The place of a key's value, for a value that was there and of its type.
    template <class Wrong>
    void judge(const Node& table, const Params& params, const char* key, Wrong wrong) {
        const Entry* entry = table.find(key);
        if (entry == nullptr || !params.has(key)) {
            return;
        }
        if (const std::pair<std::string, std::string> said = wrong(params.get<std::string>(key));
            !said.first.empty()) {
            complain(entry->value.span, said.first, said.second);
        }
    }

    void look_at_sections() {
        const Names known{"testbed", "jump", "host", "storage", "target"};
        for (const auto& entry : *document_.root.as<Node::Table>()) {
            if (std::ranges::find(known, entry.key) == known.end()) {
                complain(entry.key_span,
                         fmt::format("unknown key \"{}\"", entry.key),
                         suggestion_hint(entry.key, known));
            }
        }
    }

    template <class Read>
    void each(const char* key, Read read, const Node* parent = nullptr) {
        const Entry* entry = (parent == nullptr ? document_.root : *parent).find(key);
        if (entry == nullptr) {
            return;
        }
        const auto* list = entry->value.as<Node::Array>();
        const bool tables = list != nullptr && std::ranges::all_of(*list, [](const Node& node) {
                                return node.as<Node::Table>() != nullptr;
                            });
        if (!tables) {
            complain(entry->key_span,
                     fmt::format("\"{}\" must be a list of tables", key),
                     fmt::format("write [[{}{}]]", parent == nullptr ? "" : "target.", key));
            return;
        }
        std::ranges::for_each(*list, read);
    }

    Params read(const Node& table,
                const std::vector<ParamSpec>& keys,
                const std::vector<std::string_view>& elsewhere = {}) {
        return read_params(document_, table, keys, elsewhere, UnknownKeys::report, out_);
    }

    /// A table below a table, such as [host.ssh]; nullptr when it is not there, or is none.
    const Node* below(const Node& table, const char* key) {
        const Entry* entry = table.find(key);
        if (entry == nullptr || entry->value.as<Node::Table>() != nullptr) {
            return entry == nullptr ? nullptr : &entry->value;
        }
        complain(entry->key_span, fmt::format("\"{}\" must be a table", key));
        return nullptr;
    }

    template <class Things>
    std::string read_name(const Node& table, const Params& params, const Things& known) {
        judge(
            table,
            params,
            "name",
            [&](const std::string& name) -> std::pair<std::string, std::string> {
                if (!site_forms::is_name(name)) {
                    return {
                        "a name has a-z, 0-9 and \"-\", at most 32 of them, and no \"-\" in front",
                        ""};
                }
                const bool twice = find_named(known, name) != nullptr;
                return {twice ? fmt::format("the name \"{}\" is there already", name) : "", ""};
            });
        return params.get<std::string>("name");
    }

    /// "~/" is the home directory; what is not absolute counts from the file's own directory.
    [[nodiscard]] fs::path path(const Params& params, const char* key) const {
        const auto text = params.get<std::string>(key);
        if (text.empty()) {
            return {};
        }
        const char* home = std::getenv("HOME");  // NOLINT(concurrency-mt-unsafe): nobody sets it
        if (text.starts_with("~/") && home != nullptr) {
            return fs::path(home) / text.substr(2);
        }
        return (fs::absolute(document_.name).parent_path() / text).lexically_normal();
    }

    void read_testbed() {
        const Node* table = below(document_.root, "testbed");
        if (table == nullptr) {
            if (document_.root.find("testbed") == nullptr) {
                complain({}, "there is no table [testbed]", "add [testbed] with a name");
            }
            return;
        }
        const auto params = read(*table, site_keys::testbed());
        site_.name = read_name(*table, params, std::vector<SiteJump>{});
        site_.heartbeat = params.get<std::string>("heartbeat");
        judge(*table, params, "heartbeat", [](const std::string& text) {
            return std::pair(
                site_forms::is_ipv4_port(text) ? "" : "this is no IPv4 address with a port",
                "write \"10.0.5.1:7701\"");
        });
    }

    SiteSsh read_ssh(const Node& table) {
        const auto params = read(table, site_keys::ssh(), {"name"});
        SiteSsh ssh{.address = params.get<std::string>("address"),
                    .port = static_cast<std::uint16_t>(params.get<std::int64_t>("port", 22)),
                    .user = params.get<std::string>("user"),
                    .key = path(params, "key"),
                    .agent = params.get<bool>("agent"),
                    .known_hosts = path(params, "known_hosts"),
                    .jump = params.get<std::string>("jump")};
        if (ssh.key.empty() && !ssh.agent && table.find("key") == nullptr) {
            complain(
                table.span, "there is no key to log in with", "add key = \"…\", or agent = true");
        }
        if (!ssh.jump.empty()) {
            jumps_.push_back({&table, ssh.jump});
        }
        return ssh;
    }

    void read_jump(const Node& table) {
        auto name = read_name(
            table,
            read_params(document_, table, site_keys::named(), {}, UnknownKeys::ignore, out_),
            site_.jumps);
        site_.jumps.push_back({std::move(name), read_ssh(table)});
    }

    void read_host(const Node& table) {
        const auto params = read(table, site_keys::host(), {"ssh", "bmc", "planes", "devices"});
        SiteHost host{.name = read_name(table, params, site_.hosts),
                      .libvirt = params.get<std::string>("libvirt"),
                      .target = params.get<bool>("target"),
                      .start_service = params.get<Names>("start_service"),
                      .sysrq_trigger = params.get<std::string>("sysrq_trigger")};
        judge(table, params, "libvirt", [](const std::string& uri) {
            return std::pair(site_forms::wrong_with_uri(uri),
                             "write \"qemu+ssh://root@host/system\"; see libvirt.org/uri.html");
        });
        if (const Node* ssh = below(table, "ssh")) {
            host.ssh = read_ssh(*ssh);
        }
        if (const Node* bmc = below(table, "bmc")) {
            host.bmc = read_bmc(*bmc);
        }
        host.planes =
            read_planes(table, "planes", site_keys::planes(), [](const std::string& text) {
                return site_forms::is_ipv4(text) ? "" : "this is no IPv4 address";
            });
        host.devices = read_planes(table, "devices", site_keys::devices(), [](const auto& text) {
            return site_forms::is_device(text) ? "" : "this is no name of a network device";
        });
        site_.hosts.push_back(std::move(host));
    }

    /// What a table below has for each plane, where it is well-formed.
    template <class Wrong>
    std::map<Plane, std::string> read_planes(const Node& host,
                                             const char* name,
                                             const std::vector<ParamSpec>& keys,
                                             Wrong wrong) {
        std::map<Plane, std::string> found;
        const Node* table = below(host, name);
        if (table == nullptr) {
            return found;
        }
        const auto texts = read(*table, keys);
        for (const auto plane : all_planes) {
            const std::string key(name_of(plane));
            judge(*table, texts, key.c_str(), [&](const std::string& text) {
                return std::pair(wrong(text), "");
            });
            if (auto text = texts.get<std::string>(key); !text.empty()) {
                found.emplace(plane, std::move(text));
            }
        }
        return found;
    }

    SiteBmc read_bmc(const Node& table) {
        const auto params = read(table, site_keys::bmc());
        SiteBmc bmc{.address = params.get<std::string>("address"),
                    .port = static_cast<std::uint16_t>(params.get<std::int64_t>("port")),
                    .user = params.get<std::string>("user"),
                    .cipher_suite = static_cast<int>(params.get<std::int64_t>("cipher_suite"))};
        const auto text = params.get<std::string>("password");
        auto password = parse_secret_ref(text);
        judge(table, params, "password", [&](const std::string&) {
            return password ? std::pair<std::string, std::string>()
                            : std::pair(password.error().answer, password.error().hint);
        });
        if (password) {
            bmc.password = std::move(*password);
        }
        return bmc;
    }

    template <class Things>
    void require(const Node& table,
                 const Params& params,
                 const char* key,
                 const char* what,
                 const Things& things) {
        judge(table, params, key, [&](const std::string& name) {
            return std::pair(find_named(things, name) != nullptr
                                 ? ""
                                 : fmt::format("there is no {} \"{}\"", what, name),
                             suggestion_hint(name, names_of(things)));
        });
    }

    void read_storage(const Node& table) {
        const auto params = read(table, site_keys::storage());
        require(table, params, "host", "host", site_.hosts);
        site_.storage.push_back({.name = read_name(table, params, site_.storage),
                                 .host = params.get<std::string>("host"),
                                 .service = params.get<std::string>("service")});
    }

    void read_target(const Node& table) {
        const auto params = read(table, site_keys::target(), {"disk"});
        require(table, params, "host", "host", site_.hosts);
        judge(table, params, "uuid", [](const std::string& text) {
            return std::pair(site_forms::is_uuid(text) ? "" : "this is no UUID",
                             "virsh domuuid tells it");
        });
        judge(table, params, "address", [](const std::string& text) {
            return std::pair(site_forms::is_ipv4(text) ? "" : "this is no IPv4 address", "");
        });
        const auto guest = params.get<std::string>("guest");
        SiteTarget target{.name = read_name(table, params, site_.targets),
                          .domain = params.get<std::string>("domain"),
                          .host = params.get<std::string>("host"),
                          .uuid = params.get<std::string>("uuid"),
                          .guest = guest == "agent"         ? SiteGuest::agent
                                   : guest == "guest-agent" ? SiteGuest::guest_agent
                                                            : SiteGuest::nothing,
                          .agent_socket = params.get<std::string>("agent_socket"),
                          .console = params.get<std::string>("console"),
                          .address = params.get<std::string>("address"),
                          .disks = {}};
        if (target.guest == SiteGuest::agent && target.agent_socket.empty()) {
            complain(table.span,
                     "\"agent_socket\" is missing",
                     "the <source path> of the domain's channel org.ordeal.agent.0; without the "
                     "agent set guest = \"guest-agent\" or \"nothing\"");
        }
        each(
            "disk", [&](const Node& disk) { read_disk(disk, target); }, &table);
        site_.targets.push_back(std::move(target));
    }

    void read_disk(const Node& table, SiteTarget& target) {
        const auto params = read(table, site_keys::disk());
        require(table, params, "storage", "storage", site_.storage);
        target.disks.push_back({.name = read_name(table, params, target.disks),
                                .mount = params.get<std::string>("mount"),
                                .filesystem = params.get<std::string>("filesystem"),
                                .backing = params.get<std::string>("backing"),
                                .image = params.get<std::string>("image"),
                                .storage = params.get<std::string>("storage")});
    }

    /// Once all are known: a jump host may stand below those that it leads to.
    void check_jumps() {
        for (const auto& [table, name] : jumps_) {
            const auto* jump = find_named(site_.jumps, name);
            const Span span = table->find("jump")->value.span;
            if (jump == nullptr) {
                complain(span,
                         fmt::format("there is no jump host \"{}\"", name),
                         suggestion_hint(name, names_of(site_.jumps)));
            } else if (!jump->ssh.jump.empty()) {
                complain(span,
                         fmt::format("the way to jump host \"{}\" has a jump itself", name),
                         "one jump at most");
            }
        }
    }

    struct Jump {
        const Node* table;
        std::string name;
    };

    const Document& document_;
    Diagnostics& out_;
    Site site_;
    std::vector<Jump> jumps_;
};

std::optional<Site> judge(const std::optional<Document>& document,
                          Diagnostics found,
                          Diagnostics& out) {
    std::optional<Site> site;
    if (document) {
        site = SiteReader(*document, found).run();
    }
    std::ranges::stable_sort(
        found, {}, [](const Diagnostic& each) { return std::pair(each.line, each.column); });
    const bool good = found.empty();
    out.insert(out.end(), found.begin(), found.end());
    return good ? std::move(site) : std::nullopt;
}

}  // namespace

std::optional<Site> parse_site(std::string text, std::string name, Diagnostics& out) {
    Diagnostics found;
    const auto document = parse_toml(std::move(text), std::move(name), found);
    return judge(document, std::move(found), out);
}

std::optional<Site> load_site(const std::filesystem::path& path, Diagnostics& out) {
    Diagnostics found;
    const auto document = read_toml(path, found);
    return judge(document, std::move(found), out);
}

}  // namespace ordeal
