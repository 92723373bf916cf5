#pragma once

#include "core/check.hpp"

namespace ordeal::cli {

/// Runs the programs of an examination for real.
class ProcessTools final : public Tools {
  public:
    Result<Output> run(const std::vector<std::string>& argv, Duration deadline) override;
};

}  // namespace ordeal::cli
