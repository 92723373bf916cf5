#include "tests/injectors/program_fault_fixture.hpp"

namespace ordeal {
namespace {

INSTANTIATE_TEST_SUITE_P(HostCpuHog, ProgramFault, testing::Values("host.cpu_hog"));

}  // namespace
}  // namespace ordeal
