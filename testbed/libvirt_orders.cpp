// What can be done to a domain besides starting and ending it.
#include "testbed/libvirt_calls.hpp"
#include "testbed/libvirt_link.hpp"

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string_view>

namespace ordeal {
namespace {

using Call = int (*)(virDomainPtr);

Call call_for(DomainOrder order) {
    switch (order) {
        case DomainOrder::reset:
            return [](virDomainPtr domain) { return virDomainReset(domain, 0); };
        case DomainOrder::save:
            return [](virDomainPtr domain) { return virDomainManagedSave(domain, 0); };
        case DomainOrder::abort_migration:
            return [](virDomainPtr domain) { return virDomainAbortJob(domain); };
        default:
            return nullptr;
    }
}

/// The value at `/return/<key>` of the monitor's answer.
template <class Value>
Result<Value> returned(const Result<std::string>& answer, const char* key) {
    if (!answer) {
        return answer.error();
    }
    auto parsed = nlohmann::json::parse(*answer, nullptr, false);
    const auto at = nlohmann::json::json_pointer(std::string("/return/") + key);
    if (parsed.is_discarded() || !parsed.contains(at)) {
        return fail(ErrorKind::refused, std::string("read \"") + key + "\" of QEMU", *answer);
    }
    return Result<Value>(parsed.at(at).template get<Value>());
}

}  // namespace

Status Libvirt::order(const std::string& domain, DomainOrder order) {
    const auto verb = std::string(name_of(order));
    if (const auto deed = call_for(order)) {
        return call_domain(verb,
                           domain,
                           options_.slow_deadline,
                           [deed](virDomainPtr handle, const std::string& tried) {
                               return checked(deed(handle), tried);
                           });
    }
    const auto answer = ask_monitor(domain, R"({"execute":")" + verb + R"("})");
    if (!answer) {
        return answer.error();
    }
    const bool done = answer->find("\"return\"") != std::string::npos;
    return done ? ok() : Status(fail(ErrorKind::refused, verb + " " + domain, *answer));
}

Result<bool> Libvirt::executes(const std::string& domain) {
    return returned<bool>(ask_monitor(domain, R"({"execute":"query-status"})"), "running");
}

Result<Bytes> Libvirt::memory(const std::string& domain) {
    const auto size =
        returned<std::uint64_t>(ask_monitor(domain, R"({"execute":"query-balloon"})"), "actual");
    return size ? Result<Bytes>(Bytes{*size}) : size.error();
}

Status Libvirt::set_memory(const std::string& domain, Bytes size) {
    const auto set = [kib = size.count >> 10U](virDomainPtr handle, const std::string& tried) {
        return checked(virDomainSetMemoryFlags(handle, kib, VIR_DOMAIN_AFFECT_LIVE), tried);
    };
    return call_domain("set the memory of", domain, options_.call_deadline, set);
}

Result<std::string> Libvirt::device(const std::string& domain,
                                    DeviceKind kind,
                                    const std::string& name) {
    const auto read = [](virDomainPtr handle, const std::string& tried) -> Result<std::string> {
        // As it is defined: what libvirt and QEMU made of it when it was plugged in is no part of
        // it.
        const std::unique_ptr<char, decltype(&std::free)> text(
            virDomainGetXMLDesc(handle, VIR_DOMAIN_XML_INACTIVE), &std::free);
        return text ? Result<std::string>(std::string(text.get())) : libvirt_failure(tried);
    };
    const auto definition =
        call_domain("read the definition of", domain, options_.call_deadline, read);
    return definition ? device_in(*definition, kind, name) : definition.error();
}

Result<bool> Libvirt::has_device(const std::string& domain,
                                 DeviceKind kind,
                                 const std::string& name) {
    const auto now = xml(domain);
    if (!now) {
        return now.error();
    }
    const auto found = device_in(*now, kind, name);
    if (!found && found.error().kind != ErrorKind::not_found) {
        return found.error();
    }
    return found.has_value();
}

Status Libvirt::unplug(const std::string& domain, const std::string& device) {
    const auto detach = [device](virDomainPtr handle, const std::string& tried) {
        return checked(virDomainDetachDeviceFlags(handle, device.c_str(), VIR_DOMAIN_AFFECT_LIVE),
                       tried);
    };
    return call_domain("unplug a device of", domain, options_.call_deadline, detach);
}

Status Libvirt::plug(const std::string& domain, const std::string& device) {
    const auto attach = [device](virDomainPtr handle, const std::string& tried) {
        return checked(virDomainAttachDeviceFlags(handle, device.c_str(), VIR_DOMAIN_AFFECT_LIVE),
                       tried);
    };
    return call_domain("plug a device into", domain, options_.call_deadline, attach);
}

Result<MigrationProgress> Libvirt::migration(const std::string& domain) {
    const auto read = [](virDomainPtr handle,
                         const std::string& tried) -> Result<MigrationProgress> {
        int type = 0;
        virTypedParameterPtr values = nullptr;
        int count = 0;
        if (virDomainGetJobStats(handle, &type, &values, &count, 0) != 0) {
            return libvirt_failure(tried);
        }
        unsigned long long pass = 0;
        unsigned long long remaining = 0;
        virTypedParamsGetULLong(values, count, VIR_DOMAIN_JOB_MEMORY_ITERATION, &pass);
        virTypedParamsGetULLong(values, count, VIR_DOMAIN_JOB_MEMORY_REMAINING, &remaining);
        virTypedParamsFree(values, count);
        return MigrationProgress{.pass = pass, .remaining = Bytes{remaining}};
    };
    return call_domain("read the migration of", domain, options_.call_deadline, read);
}

}  // namespace ordeal
