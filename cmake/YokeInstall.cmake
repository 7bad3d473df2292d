# SPDX-License-Identifier: MIT
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/yoke)

install(TARGETS yoke EXPORT yoke-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(DIRECTORY include/yoke DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    FILES_MATCHING PATTERN "*.h")
if(TARGET yoke_command)
    install(TARGETS yoke_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
endif()

install(EXPORT yoke-targets NAMESPACE yoke:: DESTINATION ${package_dir})
configure_package_config_file(cmake/yoke-config.cmake.in yoke-config.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(yoke-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES
    ${CMAKE_CURRENT_BINARY_DIR}/yoke-config.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/yoke-config-version.cmake
    DESTINATION ${package_dir})

# An absolute GNUInstallDirs path stands as it is. A relative one is under the prefix,
# which the .pc file finds from its own place, wherever the tree was installed.
foreach(dir LIBDIR INCLUDEDIR)
    if(IS_ABSOLUTE "${CMAKE_INSTALL_${dir}}")
        set(pc_${dir} "${CMAKE_INSTALL_${dir}}")
    else()
        set(pc_${dir} "\${prefix}/${CMAKE_INSTALL_${dir}}")
    endif()
endforeach()
if(IS_ABSOLUTE "${CMAKE_INSTALL_LIBDIR}")
    set(pc_PREFIX "${CMAKE_INSTALL_PREFIX}")
else()
    file(RELATIVE_PATH up "/prefix/${CMAKE_INSTALL_LIBDIR}/pkgconfig" "/prefix")
    string(REGEX REPLACE "/$" "" up "${up}")
    set(pc_PREFIX "\${pcfiledir}/${up}")
endif()
configure_file(cmake/yoke.pc.in yoke.pc @ONLY)
install(FILES ${CMAKE_CURRENT_BINARY_DIR}/yoke.pc
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
