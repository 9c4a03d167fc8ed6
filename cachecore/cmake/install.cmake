# SPDX-License-Identifier: MIT
# Installs the engine as a package of its own, component "cachecore": the library, the headers that cachecore.h reaches, and what find_package needs.
include(CMakePackageConfigHelpers)

set(cachecore_package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/cachecore)

install(TARGETS cachecore EXPORT cachecore
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT cachecore
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
install(EXPORT cachecore NAMESPACE cachecore:: FILE cachecore-targets.cmake
    DESTINATION ${cachecore_package_dir} COMPONENT cachecore)

install(CODE "set(cachecore_root \"${PROJECT_SOURCE_DIR}\")
    set(cachecore_include_dir \"${CMAKE_INSTALL_INCLUDEDIR}\")" COMPONENT cachecore)
install(SCRIPT ${CMAKE_CURRENT_LIST_DIR}/install_headers.cmake COMPONENT cachecore)

configure_package_config_file(${CMAKE_CURRENT_LIST_DIR}/cachecore-config.cmake.in
    ${CMAKE_CURRENT_BINARY_DIR}/cachecore-config.cmake INSTALL_DESTINATION ${cachecore_package_dir})
# Before 1.0 a minor version may change what there is.
write_basic_package_version_file(${CMAKE_CURRENT_BINARY_DIR}/cachecore-config-version.cmake
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/cachecore-config.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/cachecore-config-version.cmake
    DESTINATION ${cachecore_package_dir} COMPONENT cachecore)
install(FILES ${CMAKE_CURRENT_LIST_DIR}/../LICENSE DESTINATION ${CMAKE_INSTALL_DATADIR}/doc/cachecore
    COMPONENT cachecore)
