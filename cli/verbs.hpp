#pragma once

#include "cli/options.hpp"

/// One function a verb, one file each. The result is the exit code.
namespace ordeal::cli {

[[nodiscard]] int execute(const CommonOptions& common, const ValidateOptions& options);
[[nodiscard]] int execute(const CommonOptions& common, const SelectionOptions& options);  // plan
[[nodiscard]] int execute(const CommonOptions& common, const RunOptions& options);
[[nodiscard]] int execute(const CommonOptions& common, const ReportOptions& options);
[[nodiscard]] int execute(const CommonOptions& common, const MatrixOptions& options);
[[nodiscard]] int execute(const CommonOptions& common, const ListOptions& options);
[[nodiscard]] int execute(const CommonOptions& common, const DescribeOptions& options);
[[nodiscard]] int execute(const CommonOptions& common, const LabOptions& options);
[[nodiscard]] int execute(const CommonOptions& common, const ExploreOptions& options);
[[nodiscard]] int execute(const CommonOptions& common, const DoctorOptions& options);
[[nodiscard]] int execute(const CommonOptions& common, const RollbackOptions& options);
[[nodiscard]] int execute(const CommonOptions& common, const GuardianOptions& options);

}  // namespace ordeal::cli
