#pragma once

#include "core/wire_messages.hpp"

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

namespace ordeal::agent {

/// The real agent as a process of this machine, with this test as QEMU: a unix socket instead of
/// the virtio-serial port and a directory on the real disk instead of the guest's.
class AgentProcess {
  public:
    explicit AgentProcess(std::vector<std::string> more_options = {});
    AgentProcess(const AgentProcess&) = delete;
    AgentProcess& operator=(const AgentProcess&) = delete;
    ~AgentProcess();

    /// Waits for the agent to connect (again).
    void accept();
    void hang_up();

    void send(const wire::Message& message);
    void send_raw(wire::ByteView bytes);

    /// The next item for which `wanted` holds; what comes before is kept in seen(). Fails the test
    /// and gives nothing after 10 s.
    [[nodiscard]] std::optional<wire::MessageDecoder::Item> next(
        const std::function<bool(const wire::MessageDecoder::Item&)>& wanted);

    /// The next message of a type.
    template <class M>
    [[nodiscard]] M next(const std::function<bool(const M&)>& wanted = [](const M&) {
        return true;
    }) {
        const auto item = next([&](const wire::MessageDecoder::Item& candidate) {
            const auto* message = std::get_if<wire::Message>(&candidate);
            const auto* typed = message == nullptr ? nullptr : std::get_if<M>(message);
            return typed != nullptr && wanted(*typed);
        });
        return item ? std::get<M>(std::get<wire::Message>(*item)) : M{};
    }

    /// Everything received so far, in order.
    [[nodiscard]] const std::vector<wire::MessageDecoder::Item>& seen() const { return seen_; }

    /// Sequences acknowledged so far, in order.
    [[nodiscard]] std::vector<std::uint64_t> acknowledged() const;

    [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

    [[nodiscard]] bool alive() const;

    /// Waits at most 10 s for its end; the signal that ended it, or 0.
    [[nodiscard]] int wait_signal();

  private:
    std::filesystem::path directory_;
    int listener_ = -1;
    int link_ = -1;
    mutable pid_t pid_ = -1;
    wire::MessageDecoder decoder_;
    std::uint32_t sequence_ = 0;
    std::vector<wire::MessageDecoder::Item> seen_;
};

}  // namespace ordeal::agent
