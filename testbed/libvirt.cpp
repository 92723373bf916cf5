#include "testbed/libvirt.hpp"

#include "testbed/libvirt_calls.hpp"
#include "testbed/libvirt_link.hpp"
#include "testbed/libvirt_words.hpp"

#include <libvirt/libvirt-qemu.h>
#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

namespace ordeal {
namespace {

using std::chrono::steady_clock;

std::string version_text(unsigned long number) {
    return std::to_string(number / 1000000) + "." + std::to_string(number / 1000 % 1000) + "." +
           std::to_string(number % 1000);
}

Result<std::string> uuid_of(virDomainPtr domain, const std::string& tried) {
    std::array<char, VIR_UUID_STRING_BUFLEN> uuid{};
    if (virDomainGetUUIDString(domain, uuid.data()) != 0) {
        return libvirt_failure(tried);
    }
    return std::string(uuid.data());
}

}  // namespace

Result<std::unique_ptr<Libvirt>> Libvirt::open(LibvirtOptions options) {
    // Held from here on so that the loop is not started and stopped around every attempt.
    auto loop = LibvirtLoop::shared();
    if (!loop) {
        return loop.error();
    }
    std::unique_ptr<Libvirt> made(new Libvirt(std::move(options)));
    const auto tried = "connect to libvirt at " + made->options_.uri;
    const auto deadline = made->options_.connect_deadline;
    if (auto connection = made->hub_->await(tried, deadline);
        !connection && deadline > Duration::zero()) {
        return connection.error();
    }
    return made;
}

Libvirt::Libvirt(LibvirtOptions options)
    : options_(std::move(options)),
      hub_(std::make_shared<LibvirtHub>()),
      states_(hub_, calls_, options_.call_deadline) {
    std::packaged_task<void()> keep(
        [hub = hub_,
         uri = options_.uri,
         inside = options_.inside,
         pause = options_.retry_interval] { hub->keep(uri, inside, pause); });
    keeper_ended_ = keep.get_future();
    keeper_ = std::thread(std::move(keep));
}

Libvirt::~Libvirt() {
    hub_->stop();
    // It ends at once, or with the keepalive, unless a stopped daemon holds it in virConnectOpen.
    if (keeper_ended_.wait_for(std::chrono::seconds(3)) == std::future_status::ready) {
        keeper_.join();
    } else {
        keeper_.detach();
    }
}

Result<DomainStatus> Libvirt::state(const std::string& domain) {
    auto status = states_.ask(domain);
    if (!status && status.error().kind == ErrorKind::not_found) {
        return DomainStatus{DomainState::not_defined, {}};
    }
    return status;
}

Status Libvirt::start(const std::string& domain) {
    if (options_.before_start) {
        if (auto ready = options_.before_start(domain); !ready) {
            return ready;
        }
    }
    return call_domain(
        "start", domain, options_.slow_deadline, [](virDomainPtr handle, const std::string& tried) {
            return checked(virDomainCreate(handle), tried);
        });
}

Status Libvirt::destroy(const std::string& domain) {
    return call_domain("destroy",
                       domain,
                       options_.slow_deadline,
                       [](virDomainPtr handle, const std::string& tried) {
                           return checked(virDomainDestroy(handle), tried);
                       });
}

Status Libvirt::suspend(const std::string& domain) {
    return call_domain("suspend",
                       domain,
                       options_.call_deadline,
                       [](virDomainPtr handle, const std::string& tried) {
                           return checked(virDomainSuspend(handle), tried);
                       });
}

Status Libvirt::resume(const std::string& domain) {
    return call_domain("resume",
                       domain,
                       options_.call_deadline,
                       [](virDomainPtr handle, const std::string& tried) {
                           return checked(virDomainResume(handle), tried);
                       });
}

Status Libvirt::remove(const std::string& domain) {
    const auto forget = [](virDomainPtr handle, const std::string& tried) {
        if (virDomainIsActive(handle) == 1) {
            virDomainDestroy(handle);  // undefine tells when it did not help
        }
        constexpr unsigned everything =
            VIR_DOMAIN_UNDEFINE_MANAGED_SAVE | VIR_DOMAIN_UNDEFINE_SNAPSHOTS_METADATA;
        if (auto undefined = checked(virDomainUndefineFlags(handle, everything), tried);
            !undefined) {
            return undefined;
        }
        // Undefining a domain that still runs makes it transient, not gone.
        return virDomainIsActive(handle) == 1
                   ? Status(fail(ErrorKind::unavailable, tried, "it still runs"))
                   : ok();
    };
    return call_domain("remove", domain, options_.slow_deadline, forget);
}

Result<std::vector<std::string>> Libvirt::domains() {
    const std::string tried = "list the domains";
    return call(tried,
                options_.call_deadline,
                [tried](virConnectPtr connection) -> Result<std::vector<std::string>> {
                    virDomainPtr* handles = nullptr;
                    const int count = virConnectListAllDomains(connection, &handles, 0);
                    if (count < 0) {
                        return libvirt_failure(tried);
                    }
                    const std::unique_ptr<virDomainPtr, decltype(&std::free)> array(handles,
                                                                                    &std::free);
                    std::vector<std::string> names;
                    for (int i = 0; i < count; ++i) {
                        const DomainHandle handle(handles[i]);
                        names.emplace_back(virDomainGetName(handle.get()));
                    }
                    return names;
                });
}

Status Libvirt::migrate(const std::string& domain, const Migration& migration, Duration deadline) {
    const auto move = [to = "qemu+ssh://" + migration.host + "/system",
                       limit = migration.bandwidth.count >> 20U,
                       longest = migration.pause](virDomainPtr handle, const std::string& tried) {
        constexpr unsigned flags = VIR_MIGRATE_LIVE | VIR_MIGRATE_PEER2PEER |
                                   VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE;
        virTypedParameterPtr options = nullptr;
        int count = 0;
        int room = 0;
        if (limit > 0 && virTypedParamsAddULLong(
                             &options, &count, &room, VIR_MIGRATE_PARAM_BANDWIDTH, limit) != 0) {
            return Status(libvirt_failure(tried));
        }
        const auto pause = std::chrono::ceil<std::chrono::milliseconds>(longest).count();
        if (pause > 0 && virDomainMigrateSetMaxDowntime(
                             handle, static_cast<unsigned long long>(pause), 0) != 0) {
            virTypedParamsFree(options, count);
            return Status(libvirt_failure(tried));
        }
        auto moved = checked(virDomainMigrateToURI3(
                                 handle, to.c_str(), options, static_cast<unsigned>(count), flags),
                             tried);
        virTypedParamsFree(options, count);
        return moved;
    };
    return call_domain("migrate to " + migration.host, domain, deadline, move);
}

Status Libvirt::inject_nmi(const std::string& domain) {
    return call_domain("give an NMI to",
                       domain,
                       options_.call_deadline,
                       [](virDomainPtr handle, const std::string& tried) {
                           return checked(virDomainInjectNMI(handle, 0), tried);
                       });
}

Status Libvirt::set_link(const std::string& domain, LinkState state) {
    const auto now = xml(domain);
    const auto card = now ? network_card_with(*now, state) : Result<std::string>(now.error());
    if (!card) {
        return card.error();
    }
    const auto update = [card = *card](virDomainPtr handle, const std::string& tried) {
        return checked(virDomainUpdateDeviceFlags(handle, card.c_str(), VIR_DOMAIN_AFFECT_LIVE),
                       tried);
    };
    return call_domain("set the link of", domain, options_.call_deadline, update);
}

Result<LinkState> Libvirt::link(const std::string& domain) {
    const auto now = xml(domain);
    return now ? link_in(*now) : Result<LinkState>(now.error());
}

Status Libvirt::alive(Duration deadline) {
    const std::string tried = "ask libvirt at " + options_.uri;
    const auto until = steady_clock::now() + deadline;
    const auto left = [&] {
        return std::max<Duration>(Duration::zero(), until - steady_clock::now());
    };
    for (;;) {
        auto connection = hub_->await(tried, left());
        if (!connection) {
            return connection.error();
        }
        auto answer = calls_.run(tried, left(), [tried, connection = *connection] {
            return checked(virConnectNumOfDomains(connection->get()), tried);
        });
        if (answer || answer.error().kind == ErrorKind::timeout || left() == Duration::zero()) {
            return answer;
        }
        hub_->lost((*connection)->get(), "no answer");
    }
}

Result<Subscription> Libvirt::subscribe(const std::string& domain,
                                        std::function<void(const DomainEvent&)> callback) {
    // An event without a domain is about the connection: everybody's.
    return hub_->events().add([domain, callback = std::move(callback)](const DomainEvent& event) {
        if (event.domain == domain) {
            callback(event);
        } else if (event.domain.empty()) {
            callback({domain, event.event, event.detail});
        }
    });
}

Result<std::string> Libvirt::define(const std::string& xml) {
    const std::string tried = "define a domain";
    return call(tried,
                options_.call_deadline,
                [tried, xml](virConnectPtr connection) -> Result<std::string> {
                    const DomainHandle handle(virDomainDefineXML(connection, xml.c_str()));
                    if (!handle) {
                        return libvirt_failure(tried);
                    }
                    return uuid_of(handle.get(), tried);
                });
}

Result<std::string> Libvirt::xml(const std::string& domain) {
    return call_domain("read the XML of",
                       domain,
                       options_.call_deadline,
                       [](virDomainPtr handle, const std::string& tried) -> Result<std::string> {
                           const std::unique_ptr<char, decltype(&std::free)> text(
                               virDomainGetXMLDesc(handle, 0), &std::free);
                           if (!text) {
                               return libvirt_failure(tried);
                           }
                           return std::string(text.get());
                       });
}

Status Libvirt::ping_guest_agent(const std::string& domain, Duration deadline) {
    const int seconds = static_cast<int>(
        std::max<std::int64_t>(1, std::chrono::ceil<std::chrono::seconds>(deadline).count()));
    const auto ask = [seconds](virDomainPtr handle, const std::string& tried) -> Status {
        const std::unique_ptr<char, decltype(&std::free)> answer(
            virDomainQemuAgentCommand(handle, R"({"execute":"guest-ping"})", seconds, 0),
            &std::free);
        return answer ? ok() : Status(libvirt_failure(tried));
    };
    return call_domain("ping the guest agent of", domain, deadline, ask);
}

Result<std::string> Libvirt::ask_monitor(const std::string& domain, const std::string& command) {
    const auto ask = [command](virDomainPtr handle,
                               const std::string& tried) -> Result<std::string> {
        char* words = nullptr;
        if (virDomainQemuMonitorCommand(handle, command.c_str(), &words, 0) != 0) {
            return libvirt_failure(tried);
        }
        const std::unique_ptr<char, decltype(&std::free)> answer(words, &std::free);
        return std::string(answer.get());
    };
    return call_domain("ask the monitor of", domain, options_.call_deadline, ask);
}

Result<Fields> Libvirt::versions() {
    const std::string tried = "read libvirt's version";
    return call(tried, options_.call_deadline, [tried](virConnectPtr connection) -> Result<Fields> {
        unsigned long libvirt = 0;
        unsigned long qemu = 0;
        if (virConnectGetLibVersion(connection, &libvirt) != 0 ||
            virConnectGetVersion(connection, &qemu) != 0) {
            return libvirt_failure(tried);
        }
        return Fields{{"libvirt", version_text(libvirt)}, {"qemu", version_text(qemu)}};
    });
}

}  // namespace ordeal
