#include "tests/injectors/program_fault_fixture.hpp"

namespace ordeal {
namespace {

INSTANTIATE_TEST_SUITE_P(HostIoHog, ProgramFault, testing::Values("host.io_hog"));

}  // namespace
}  // namespace ordeal
