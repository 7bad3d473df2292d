# SPDX-License-Identifier: MIT
include(CMakePackageConfigHelpers)

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/yoke)
# GNUInstallDirs names this folder after the project: after that around, if there is one.
set(yoke_doc_dir ${CMAKE_INSTALL_DOCDIR})
if(NOT yoke_is_top_level)
    set(yoke_doc_dir ${CMAKE_INSTALL_DATAROOTDIR}/doc/yoke)
endif()

# A project around, and a packager, choose among these components: what programs load, and the
# rest.
install(TARGETS yoke EXPORT yoke-targets
    LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
    COMPONENT yoke_runtime NAMELINK_COMPONENT yoke_development)
install(DIRECTORY include/yoke DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}
    COMPONENT yoke_development FILES_MATCHING PATTERN "*.h")
if(TARGET yoke_command)
    install(TARGETS yoke_command RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR}
        COMPONENT yoke_tools)
endif()

# The pages keep their places beside README.md and LICENSE, which their links name.
install(FILES README.md LICENSE DESTINATION ${yoke_doc_dir} COMPONENT yoke_documentation)
install(DIRECTORY docs DESTINATION ${yoke_doc_dir} COMPONENT yoke_documentation
    FILES_MATCHING PATTERN "*.md")

install(EXPORT yoke-targets NAMESPACE yoke:: DESTINATION ${package_dir}
    COMPONENT yoke_development)
configure_package_config_file(cmake/yoke-config.cmake.in yoke-config.cmake
    INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(yoke-config-version.cmake
    COMPATIBILITY SameMinorVersion)
install(FILES
    ${CMAKE_CURRENT_BINARY_DIR}/yoke-config.cmake
    ${CMAKE_CURRENT_BINARY_DIR}/yoke-config-version.cmake
    cmake/YokeKernels.cmake cmake/YokeEmbed.cmake
    DESTINATION ${package_dir} COMPONENT yoke_development)

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
    DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig COMPONENT yoke_development)
