#pragma once

#include "core/result.hpp"
#include "core/wire_ledger.hpp"

#include <memory>
#include <string>

namespace ordeal::agent {

/// Puts the records of one writer on disk. Used by one thread.
class LedgerWriter {
  public:
    virtual ~LedgerWriter() = default;

    /// Returns once the record is durable as its profile defines it.
    [[nodiscard]] virtual Status write(std::uint64_t sequence) = 0;
};

/// Makes the ledger's directory, which must not exist, and the files that its profile needs at the
/// start, all durable. `plan` is valid.
[[nodiscard]] Status prepare_ledger(const std::string& directory, const ledger::Plan& plan);

/// The writer with this number, from 0, on a prepared ledger.
[[nodiscard]] Result<std::unique_ptr<LedgerWriter>> open_writer(const std::string& directory,
                                                                const ledger::Plan& plan,
                                                                std::uint32_t writer);

}  // namespace ordeal::agent
