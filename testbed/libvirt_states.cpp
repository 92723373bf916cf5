#include "testbed/libvirt_states.hpp"

#include "testbed/libvirt_hub.hpp"
#include "testbed/libvirt_words.hpp"

#include <libvirt/libvirt.h>

#include <chrono>
#include <utility>

namespace ordeal {
namespace {

using namespace std::chrono_literals;

/// For a call that others wait for. Far more than an answer takes, far less than a deadline.
constexpr Duration patience = 250ms;

struct FreeStats {
    void operator()(virDomainStatsRecordPtr* records) const {
        virDomainStatsRecordListFree(records);
    }
};

DomainStatus status_in(const virDomainStatsRecord& record) {
    int state = VIR_DOMAIN_NOSTATE;
    int reason = 0;
    virTypedParamsGetInt(record.params, record.nparams, "state.state", &state);
    virTypedParamsGetInt(record.params, record.nparams, "state.reason", &reason);
    return libvirt_status(state, reason);
}

}  // namespace

LibvirtStates::LibvirtStates(std::shared_ptr<LibvirtHub> hub,
                             BoundedCalls& calls,
                             Duration deadline)
    : hub_(std::move(hub)), calls_(calls), deadline_(deadline) {}

Result<DomainStatus> LibvirtStates::ask(const std::string& domain) {
    std::unique_lock lock(mutex_);
    if (!next_) {
        next_ = std::make_shared<Round>();
    }
    const auto round = next_;
    round->domains.insert(domain);
    const auto over_or_ours = [&] { return round->done || (next_ == round && !asking_); };
    if (!changed_.wait_for(lock, patience, over_or_ours)) {
        lock.unlock();
        return ask_alone(domain);
    }
    if (!round->done) {
        asking_ = true;
        next_.reset();
        lock.unlock();
        if (round->domains.size() == 1) {
            const auto answer = ask_alone(domain);
            lock.lock();
            asking_ = false;
            changed_.notify_all();
            return answer;
        }
        auto answers = ask_together(round->domains);
        lock.lock();
        round->answers = std::move(answers);
        round->done = true;
        asking_ = false;
        changed_.notify_all();
    }
    const auto answer = round->answers.find(domain);
    if (answer != round->answers.end()) {
        return answer->second;
    }
    lock.unlock();
    return ask_alone(domain);
}

Result<DomainStatus> LibvirtStates::ask_alone(const std::string& domain) {
    const auto tried = "read the state of domain " + domain;
    const auto connection = hub_->current(tried);
    if (!connection) {
        return connection.error();
    }
    return calls_.run(
        tried, deadline_, [tried, domain, connection = *connection]() -> Result<DomainStatus> {
            for (bool looked_up_anew = false;; looked_up_anew = true) {
                const auto handle = connection->domain(domain);
                int state = 0;
                int reason = 0;
                if (handle && virDomainGetState(handle.get(), &state, &reason, 0) == 0) {
                    return libvirt_status(state, reason);
                }
                auto failure = libvirt_failure(tried);
                connection->forget(domain);
                if (!handle || looked_up_anew || failure.kind != ErrorKind::not_found) {
                    return failure;
                }
            }
        });
}

LibvirtStates::Answers LibvirtStates::ask_together(const std::set<std::string>& domains) {
    const std::string tried = "read the states of the domains";
    const auto connection = hub_->current(tried);
    if (!connection) {
        return {};
    }
    const auto ask = [tried, domains, connection = *connection]() -> Result<Answers> {
        std::vector<std::shared_ptr<virDomain>> handles;
        for (const auto& domain : domains) {
            if (auto handle = connection->domain(domain)) {
                handles.push_back(std::move(handle));
            }
        }
        if (handles.empty()) {
            return Answers();
        }
        std::vector<virDomainPtr> list;
        list.reserve(handles.size() + 1);
        for (const auto& handle : handles) {
            list.push_back(handle.get());
        }
        list.push_back(nullptr);
        virDomainStatsRecordPtr* found = nullptr;
        // A domain that is gone is left out of the answer.
        const int count = virDomainListGetStats(list.data(), VIR_DOMAIN_STATS_STATE, &found, 0);
        if (count < 0) {
            return libvirt_failure(tried);
        }
        const std::unique_ptr<virDomainStatsRecordPtr, FreeStats> records(found);
        Answers answers;
        for (int i = 0; i < count; ++i) {
            answers[virDomainGetName(found[i]->dom)] = status_in(*found[i]);
        }
        return answers;
    };
    auto answers = calls_.run(tried, patience, ask);
    return answers ? std::move(*answers) : Answers();
}

}  // namespace ordeal
