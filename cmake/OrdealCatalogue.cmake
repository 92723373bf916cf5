# The generated catalogue: the path is the kind. <folder>/<family>/<name>.cpp with <name>.toml beside it and
# tests/<folder>/<family>/<name>_test.cpp is the entry `family.name` (`name` alone in the family "checks").
#
# ordeal_catalogue(<target> FOLDER injectors THING Injector)
# makes <target> from the folder's sources and from a generated table, so that nobody keeps a list by hand and
# no static initialiser runs. The entry's source defines  std::unique_ptr<Thing> ordeal::<folder>::<family>_<name>().
function(ordeal_catalogue target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "" "FOLDER;THING" "")
  set(root ${CMAKE_SOURCE_DIR}/${arg_FOLDER})
  file(GLOB shared CONFIGURE_DEPENDS ${root}/*.cpp)
  file(GLOB sources CONFIGURE_DEPENDS RELATIVE ${root} ${root}/*/*.cpp)
  file(GLOB schemas CONFIGURE_DEPENDS RELATIVE ${root} ${root}/*/*.toml)

  # A folder with its own CMakeLists.txt is no family.
  file(GLOB apart CONFIGURE_DEPENDS RELATIVE ${root} ${root}/*/CMakeLists.txt)
  foreach(list_file ${apart})
    string(REPLACE "CMakeLists.txt" "" folder ${list_file})
    list(FILTER sources EXCLUDE REGEX "^${folder}")
    list(FILTER schemas EXCLUDE REGEX "^${folder}")
  endforeach()

  set(declarations "")
  set(rows "")
  foreach(schema ${schemas})
    string(REGEX REPLACE "\\.toml$" ".cpp" source ${schema})
    if(NOT source IN_LIST sources)
      message(FATAL_ERROR "${arg_FOLDER}/${schema} has no ${arg_FOLDER}/${source}: "
                          "add the source or remove the .toml")
    endif()
  endforeach()
  foreach(source ${sources})
    string(REGEX REPLACE "\\.cpp$" "" stem ${source})
    if(NOT EXISTS ${root}/${stem}.toml)
      message(FATAL_ERROR "${arg_FOLDER}/${source} has no ${arg_FOLDER}/${stem}.toml: "
                          "every catalogue entry needs its schema (see docs/extend.md)")
    endif()
    if(NOT EXISTS ${CMAKE_SOURCE_DIR}/tests/${arg_FOLDER}/${stem}_test.cpp)
      message(FATAL_ERROR "${arg_FOLDER}/${source} has no tests/${arg_FOLDER}/${stem}_test.cpp: "
                          "every catalogue entry needs its test (see docs/extend.md)")
    endif()
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${root}/${stem}.toml)
    file(READ ${root}/${stem}.toml toml)
    string(REPLACE "/" "." kind ${stem})
    string(REGEX REPLACE "^checks\\." "" kind ${kind})
    string(REPLACE "/" "_" function ${stem})
    string(APPEND declarations "std::unique_ptr<${arg_THING}> ${function}();\n")
    string(APPEND rows "    {\"${kind}\", R\"toml(${toml})toml\", &${function}},\n")
  endforeach()

  list(LENGTH sources count)
  set(generated ${CMAKE_BINARY_DIR}/generated/${arg_FOLDER}_catalogue.cpp)
  file(GENERATE OUTPUT ${generated} CONTENT
"// Generated from the entries in ${arg_FOLDER}/ by cmake/OrdealCatalogue.cmake.
#include \"${arg_FOLDER}/catalogue.hpp\"

#include <array>

namespace ordeal::${arg_FOLDER} {

${declarations}
std::span<const CatalogueRow<${arg_THING}>> catalogue() {
    static constexpr std::array<CatalogueRow<${arg_THING}>, ${count}> table{{
${rows}    }};
    return table;
}

}  // namespace ordeal::${arg_FOLDER}
")
  list(TRANSFORM sources PREPEND ${root}/)
  add_library(${target} STATIC ${shared} ${sources} ${generated})
  ordeal_precompiled(${target})
endfunction()
