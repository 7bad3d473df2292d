# SPDX-License-Identifier: MIT
# Where the parts of an installation go: CMAKE_INSTALL_LIBDIR and so on. GNUInstallDirs puts them
# into the cache, where a project around has them, too, and its own install() goes by them: what it
# has not said itself stays inside.
set(names BIN SBIN LIBEXEC SYSCONF SHAREDSTATE LOCALSTATE RUNSTATE LIB INCLUDE OLDINCLUDE DATAROOT
    DATA INFO LOCALE MAN DOC)
set(unsaid)
foreach(name IN LISTS names)
    if(NOT yoke_is_top_level AND NOT DEFINED CACHE{CMAKE_INSTALL_${name}DIR})
        list(APPEND unsaid CMAKE_INSTALL_${name}DIR)
    endif()
endforeach()

include(GNUInstallDirs)

foreach(name IN LISTS unsaid)
    set(value "${${name}}")
    unset(${name} CACHE)
    set(${name} "${value}")
endforeach()
if(unsaid)
    unset(_GNUInstallDirs_LAST_CMAKE_INSTALL_PREFIX CACHE)
endif()
