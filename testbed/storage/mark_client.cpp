#include "testbed/storage/mark_client.hpp"

#include <algorithm>
#include <chrono>
#include <functional>
#include <libnbd.h>
#include <string>
#include <utility>

namespace ordeal {
namespace {

using std::chrono::steady_clock;

Error nbd_failure(const std::string& tried) {
    const auto* words = nbd_get_error();
    return fail(ErrorKind::unavailable, tried, words == nullptr ? "it ended" : words);
}

/// Lets the connection work until `done`, which answers -1 for an error, 0 for not yet.
Status work_until(nbd_handle* handle,
                  const std::string& tried,
                  Duration deadline,
                  const std::function<int()>& done) {
    const auto end = steady_clock::now() + deadline;
    while (true) {
        const int state = done();
        if (state != 0) {
            return state > 0 ? ok() : Status(nbd_failure(tried));
        }
        const auto left = end - steady_clock::now();
        const auto ms = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        if (ms <= 0) {
            return fail(ErrorKind::timeout, tried, "no answer in " + to_text(deadline));
        }
        if (nbd_poll(handle, static_cast<int>(std::min<std::int64_t>(ms, 60'000))) < 0) {
            return nbd_failure(tried);
        }
    }
}

}  // namespace

void MarkClient::Close::operator()(nbd_handle* handle) const {
    nbd_close(handle);
}

MarkClient::MarkClient(std::unique_ptr<nbd_handle, Close> handle) : handle_(std::move(handle)) {}

MarkClient::~MarkClient() = default;

Result<std::unique_ptr<MarkClient>> MarkClient::connect(const std::filesystem::path& socket,
                                                        Duration deadline) {
    const auto tried = "connect to the recorder at " + socket.string();
    std::unique_ptr<nbd_handle, Close> handle(nbd_create());
    auto* nbd = handle.get();
    if (nbd == nullptr || nbd_set_export_name(nbd, "marks") < 0 ||
        nbd_aio_connect_unix(nbd, socket.c_str()) < 0) {
        return nbd_failure(tried);
    }
    auto connected = work_until(nbd, tried, deadline, [nbd] {
        return nbd_aio_is_ready(nbd) == 1                                 ? 1
               : nbd_aio_is_dead(nbd) == 1 || nbd_aio_is_closed(nbd) == 1 ? -1
                                                                          : 0;
    });
    if (!connected) {
        return connected.error();
    }
    return std::unique_ptr<MarkClient>(new MarkClient(std::move(handle)));  // NOLINT: private
}

Status MarkClient::put(std::span<const std::byte> bytes, Duration deadline) {
    auto* nbd = handle_.get();
    const auto cookie = nbd_aio_pwrite(nbd, bytes.data(), bytes.size(), 0, NBD_NULL_COMPLETION, 0);
    if (cookie < 0) {
        return nbd_failure("put a mark");
    }
    return work_until(nbd, "put a mark", deadline, [nbd, cookie] {
        const int completed = nbd_aio_command_completed(nbd, static_cast<std::uint64_t>(cookie));
        return completed != 0 || nbd_aio_is_dead(nbd) != 1 ? completed : -1;
    });
}

}  // namespace ordeal
