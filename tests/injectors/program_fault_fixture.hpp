#pragma once

#include <gtest/gtest.h>

#include <string>

namespace ordeal {

/// What every fault that is a program on the host must do. Its own test file instantiates this with
/// its kind; the tests are in host_program_test.cpp.
class ProgramFault : public testing::TestWithParam<std::string> {};

}  // namespace ordeal
