#include "tests/injectors/program_fault_fixture.hpp"

namespace ordeal {
namespace {

INSTANTIATE_TEST_SUITE_P(HostMemoryHog, ProgramFault, testing::Values("host.memory_hog"));

}  // namespace
}  // namespace ordeal
