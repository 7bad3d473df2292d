# SPDX-License-Identifier: MIT
# What is built beside the library, and what each part needs.

# yoke_part(OPTION NOUN NEED RESULT)
#
# Adds OPTION, which is ON, OFF or AUTO, and sets RESULT to whether the part is built. AUTO
# builds it if this is the top-level project and yoke_find_NEED() finds what it needs. ON
# makes it an error if that is missing.
function(yoke_part option noun need result)
    if(DEFINED CACHE{${option}} OR NOT DEFINED ${option}) # else a project around has set it
        set(${option} AUTO CACHE STRING
            "Build the ${noun}: ON, OFF, or AUTO (at top level, if what they need is there)")
        set_property(CACHE ${option} PROPERTY STRINGS AUTO ON OFF)
    endif()
    set(${result} OFF PARENT_SCOPE)

    string(COMPARE EQUAL "${${option}}" AUTO is_auto)
    if(NOT yoke_is_top_level AND (is_auto OR NOT ${option}))
        return()
    endif()
    if(is_auto AND "${option}" STREQUAL "YOKE_TESTS" AND NOT BUILD_TESTING)
        message(STATUS "${noun}: not built, BUILD_TESTING is ${BUILD_TESTING}")
        return()
    endif()
    if(NOT ${option})
        message(STATUS "${noun}: not built, ${option} is ${${option}}")
        return()
    endif()
    cmake_language(CALL yoke_find_${need} missing)
    if(missing AND NOT is_auto)
        message(FATAL_ERROR "${noun}: ${option} is ${${option}}, but ${missing}")
    elseif(missing)
        message(STATUS "${noun}: not built, ${missing}")
        return()
    endif()
    message(STATUS "${noun}: built")
    set(${result} ON PARENT_SCOPE)
endfunction()

# cmocka 1.1.5 exports no target; yoke_cmocka is made from its .pc file.
function(yoke_find_cmocka missing)
    pkg_check_modules(YOKE_CMOCKA QUIET cmocka)
    if(NOT YOKE_CMOCKA_FOUND)
        set(${missing} "cmocka is missing (Debian, Ubuntu: apt install libcmocka-dev)"
            PARENT_SCOPE)
        return()
    endif()
    add_library(yoke_cmocka INTERFACE)
    target_include_directories(yoke_cmocka SYSTEM INTERFACE ${YOKE_CMOCKA_INCLUDE_DIRS})
    target_link_libraries(yoke_cmocka INTERFACE ${YOKE_CMOCKA_LINK_LIBRARIES})
    set(${missing} "" PARENT_SCOPE)
endfunction()

# Makes PNG::PNG.
function(yoke_find_png missing)
    find_package(PNG QUIET)
    if(TARGET PNG::PNG)
        set(${missing} "" PARENT_SCOPE)
    else()
        set(${missing} "libpng is missing (Debian, Ubuntu: apt install libpng-dev)"
            PARENT_SCOPE)
    endif()
endfunction()
