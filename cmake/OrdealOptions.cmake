# Language level, warnings, sanitizers and compiler cache, for every target of the project.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_CXX_VISIBILITY_PRESET default)
set(THREADS_PREFER_PTHREAD_FLAG ON)

set(ORDEAL_SANITIZE "" CACHE STRING "Value for -fsanitize=, for example address,undefined")
option(ORDEAL_WERROR "Treat warnings as errors" ON)

find_program(ORDEAL_CCACHE ccache)
if(ORDEAL_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # What ccache asks for before it keeps objects made with a precompiled header (and -fpch-preprocess).
  set(CMAKE_CXX_COMPILER_LAUNCHER
    ${CMAKE_COMMAND} -E env CCACHE_SLOPPINESS=pch_defines,time_macros ${ORDEAL_CCACHE})
  set(CMAKE_C_COMPILER_LAUNCHER ${ORDEAL_CCACHE})
endif()

# Everything that the options mean hangs on one interface target, linked by every target of ours.
add_library(ordeal_options INTERFACE)
target_include_directories(ordeal_options INTERFACE ${CMAKE_SOURCE_DIR} ${CMAKE_BINARY_DIR}/generated)
# Designated initialisers name what differs from the members' own defaults; that is no missing initialiser.
target_compile_options(ordeal_options INTERFACE
  -Wall -Wextra -Wno-missing-field-initializers -Wshadow -Wconversion -Wnon-virtual-dtor -Woverloaded-virtual
  $<$<BOOL:${ORDEAL_WERROR}>:-Werror>)
if(ORDEAL_SANITIZE)
  target_compile_options(ordeal_options INTERFACE -fsanitize=${ORDEAL_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(ordeal_options INTERFACE -fsanitize=${ORDEAL_SANITIZE})
endif()
