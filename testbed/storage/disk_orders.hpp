#pragma once

#include "core/fd.hpp"
#include "core/storage.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

/// How faults reach a disk's server: one small file for each in its directory "orders", and one in
/// "met", written by the server, that counts the requests it acted on.
namespace ordeal {

/// One line of `key=value` words.
[[nodiscard]] std::string to_order(const DiskFault& fault);

/// Nothing when the text is no order: a server must not act on half of one.
[[nodiscard]] std::optional<DiskFault> parse_order(const std::string& text);

/// The name of the file for a fault: its id with everything but a-z, A-Z, 0-9, '.', '_', '-'
/// replaced.
[[nodiscard]] std::string order_file(const std::string& id);

/// The errno value that a request is answered with.
[[nodiscard]] int errno_of(DiskError error);

enum class DiskOperation { read, write, flush };

struct DiskRequest {
    DiskOperation operation = DiskOperation::read;
    std::uint64_t offset = 0;
    std::uint64_t length = 0;  ///< of a flush: 0
    bool durable = false;      ///< a write that must be durable when it is answered
};

/// Whether the fault is for requests of this kind and place; its rate is another matter.
[[nodiscard]] bool concerns(const DiskFault& fault, const DiskRequest& request);

/// The orders of one disk, as its server reads them. Not thread-safe.
class DiskOrders {
  public:
    /// `directory` has "orders" and "met". False when it cannot be watched.
    [[nodiscard]] bool open(const std::filesystem::path& directory);

    /// Takes in what has changed; cheap when nothing has.
    void refresh();

    [[nodiscard]] const std::map<std::string, DiskFault>& all() const { return orders_; }

    /// Counts one request, where the controller can see it.
    void count(const std::string& name);

  private:
    void read_all();

    std::filesystem::path directory_;
    Fd changes_;
    std::map<std::string, DiskFault> orders_;  ///< by the file's name
    std::map<std::string, std::uint64_t> met_;
};

}  // namespace ordeal
