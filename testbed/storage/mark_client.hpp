#pragma once

#include "core/result.hpp"
#include "core/units.hpp"

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

struct nbd_handle;

namespace ordeal {

/// A connection to the mark export of a disk recorder. Not thread-safe.
class MarkClient {
  public:
    /// Errors: unavailable (nobody records there), timeout.
    [[nodiscard]] static Result<std::unique_ptr<MarkClient>> connect(
        const std::filesystem::path& socket, Duration deadline);
    ~MarkClient();
    MarkClient(const MarkClient&) = delete;
    MarkClient& operator=(const MarkClient&) = delete;

    /// Returns when the mark is in the recording. After an error the client is of no more use.
    [[nodiscard]] Status put(std::span<const std::byte> bytes, Duration deadline);

  private:
    struct Close {
        void operator()(nbd_handle* handle) const;
    };

    explicit MarkClient(std::unique_ptr<nbd_handle, Close> handle);

    std::unique_ptr<nbd_handle, Close> handle_;
};

}  // namespace ordeal
