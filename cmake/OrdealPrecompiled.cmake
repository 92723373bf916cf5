# The headers that nearly every source includes, compiled once for the libraries and once, with GoogleTest, for
# the tests. Sources include what they use all the same: the preset "tidy" compiles without.

# GCC 12 takes std::string's own operator+ for an overrun (gcc.gnu.org/PR105651) once it comes from a precompiled
# header, where it is no system header any more. Bounds are AddressSanitizer's.
if(NOT CMAKE_DISABLE_PRECOMPILE_HEADERS)
  target_compile_options(ordeal_options INTERFACE
    "$<$<CXX_COMPILER_ID:GNU>:-fpch-preprocess;-Wno-array-bounds;-Wno-restrict>"
    "$<$<CXX_COMPILER_ID:GNU>:-Wno-stringop-overflow;-Wno-stringop-overread>")
endif()

function(ordeal_precompiled target)
  target_precompile_headers(${target} REUSE_FROM ordeal_precompiled)
endfunction()

add_library(ordeal_precompiled STATIC ${CMAKE_SOURCE_DIR}/core/precompiled.cpp)
target_link_libraries(ordeal_precompiled PRIVATE ordeal_options Threads::Threads fmt::fmt)
target_precompile_headers(ordeal_precompiled PRIVATE ${CMAKE_SOURCE_DIR}/core/precompiled.hpp)

# Tests measure nothing of their own code, and optimising it is what takes long.
set(ordeal_test_options $<$<CONFIG:Release>:-O1>)

add_library(ordeal_precompiled_tests STATIC ${CMAKE_SOURCE_DIR}/core/precompiled.cpp)
target_link_libraries(ordeal_precompiled_tests PRIVATE ordeal_options Threads::Threads fmt::fmt GTest::gmock)
target_compile_options(ordeal_precompiled_tests PRIVATE ${ordeal_test_options})
target_precompile_headers(ordeal_precompiled_tests PRIVATE
  ${CMAKE_SOURCE_DIR}/core/precompiled.hpp <gmock/gmock.h> <gtest/gtest.h>)

# Batches of sources in one compilation, where whole folders are built far more often than one file is
# changed: what each source instantiates of the standard library is then compiled once. Names in unnamed
# namespaces must be told apart within a folder. Off where one source is looked at alone (dev, tidy).
option(ORDEAL_UNITY "Compile the sources of a folder in batches" OFF)

function(ordeal_batched target)
  if(ORDEAL_UNITY)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE 8)
    # A class that holds another source's private type is one source's own all the same.
    target_compile_options(${target} PRIVATE $<$<CXX_COMPILER_ID:GNU>:-Wno-subobject-linkage>)
  endif()
endfunction()
