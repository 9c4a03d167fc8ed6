# SPDX-License-Identifier: MIT
# Run by cmake --install with cachecore_root and cachecore_include_dir set. A header is public when cachecore.h reaches it, and no other list says so.
cmake_policy(VERSION 3.25)

set(waiting cachecore/cachecore.h)
set(public)
while(waiting)
    list(POP_FRONT waiting header)
    list(APPEND public ${header})
    file(STRINGS ${cachecore_root}/${header} lines REGEX "^#include \"cachecore/[^\"]+\"")
    foreach(line IN LISTS lines)
        string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" next "${line}")
        if(NOT next IN_LIST public AND NOT next IN_LIST waiting)
            list(APPEND waiting ${next})
        endif()
    endforeach()
endwhile()

cmake_path(ABSOLUTE_PATH cachecore_include_dir BASE_DIRECTORY "${CMAKE_INSTALL_PREFIX}")
foreach(header IN LISTS public)
    cmake_path(GET header PARENT_PATH folder)
    file(INSTALL ${cachecore_root}/${header} DESTINATION "${cachecore_include_dir}/${folder}")
endforeach()
