// The disks of a domain in the lab, while QEMU has them and after.
#include "testbed/lab_testbed_entry.hpp"
#include "testbed/lab_testbed_files.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ordeal {
namespace {

namespace fs = std::filesystem;

/// Of the disk that libvirt calls "virtio-disk<index>", in the answer to query-block.
Result<CacheContract> contract_in(const nlohmann::json& answer, std::size_t index) {
    const auto device = "/virtio-disk" + std::to_string(index) + "/";
    for (const auto& block : answer.value("return", nlohmann::json::array())) {
        const auto path = block.value("qdev", std::string()) + "/";
        if (path.find(device) != std::string::npos && block.contains("inserted")) {
            const auto cache = block["inserted"].value("cache", nlohmann::json::object());
            return CacheContract{.writeback = cache.at("writeback"),
                                 .direct = cache.at("direct"),
                                 .no_flush = cache.at("no-flush")};
        }
    }
    return fail(ErrorKind::not_found, "read a disk's cache", "query-block does not know it");
}

}  // namespace

Result<std::vector<CacheContract>> LabTestbed::cache_contracts(const std::string& domain) {
    const auto entry = find(domain);
    if (!entry) {
        return fail(ErrorKind::not_found, "read the caches of " + domain, "not provisioned here");
    }
    std::vector<CacheContract> contracts;
    if (entry->spec.machine == "bare") {
        return contracts;
    }
    if (const auto found = host_of(domain); !found) {
        return found.error();
    }
    LabHost* host = entry->host.load();
    const auto words = host->libvirt()->ask_monitor(domain, R"({"execute":"query-block"})");
    if (!words) {
        return words.error();
    }
    try {
        const auto answer = nlohmann::json::parse(*words);
        for (std::size_t index = 0; index < entry->spec.disks.size(); ++index) {
            auto contract = contract_in(answer, index);
            if (!contract) {
                return contract.error();
            }
            contract->disk = entry->spec.disks[index].name;
            contracts.push_back(std::move(*contract));
        }
    } catch (const nlohmann::json::exception& error) {
        return fail(ErrorKind::corrupt, "read the caches of " + domain, error.what());
    }
    return contracts;
}

Result<Specimen> LabTestbed::capture(const std::string& domain,
                                     const std::string& disk,
                                     const fs::path& destination) {
    const auto tried = "copy disk " + disk + " of " + domain;
    const auto entry = find(domain);
    if (!entry) {
        return fail(ErrorKind::not_found, tried, "the domain was not provisioned here");
    }
    const auto& disks = entry->spec.disks;
    const auto found = std::ranges::find(disks, disk, &DiskSpec::name);
    if (found == disks.end()) {
        return fail(ErrorKind::not_found, tried, "the domain has no such disk");
    }
    const auto host = host_of(domain);
    if (!host) {
        return host.error();
    }
    const auto qemu = (*host)->qemu_process(domain);
    if (qemu || qemu.error().kind != ErrorKind::not_found) {
        return qemu ? fail(ErrorKind::refused, tried, "QEMU runs") : qemu.error();
    }
    // What a disk's cache holds survives the end of QEMU, and goes with the power alone.
    if (auto settled = storage_.settle({(*host)->name(), domain, disk}); !settled) {
        return settled.error();
    }
    const auto& place = entry->place.disks.at(static_cast<std::size_t>(found - disks.begin()));
    if (auto copied = copy_unused_image(place.image, destination); !copied) {
        return copied.error();
    }
    Specimen specimen{.domain = domain, .disk = *found, .image = destination};
    if (found->backing == "recorded") {
        specimen.trace = fs::path(place.image).replace_extension(".trace");
        specimen.base = fs::path(place.image).replace_extension(".base");
    }
    return specimen;
}

}  // namespace ordeal
