# SPDX-License-Identifier: MIT
# What a test sees of the environment: none of the caller's settings, and nothing of the
# choice of devices. Mesa's rusticl shows its software device only when told to.
file(READ ${PROJECT_SOURCE_DIR}/src/base/settings_table.h settings)
string(REGEX MATCHALL "\"YOKE_[A-Z_]+" yoke_test_environment "${settings}")
list(TRANSFORM yoke_test_environment REPLACE "\"" "")
list(APPEND yoke_test_environment OCL_ICD_VENDORS OCL_ICD_FILENAMES POCL_DEVICES)
list(TRANSFORM yoke_test_environment APPEND "=unset:")

# Sets what all tests have in common. A test's limit follows the load, so its command has
# yoke_run_limited in front. ctest's own, which does not, is for what that cannot end. Of several
# jobs, ctest begins with the tests of the highest cost: those of a long limit take long, and none
# of them is to be alone at the end.
function(yoke_test_properties name label)
    set(limit ${YOKE_TEST_TIMEOUT})
    if(DEFINED YOKE_TEST_TIMEOUT_${name})
        set(limit ${YOKE_TEST_TIMEOUT_${name}})
    endif()
    math(EXPR ctest_limit "${limit} * 12")
    set_tests_properties(${name} PROPERTIES
        LABELS ${label}
        TIMEOUT ${ctest_limit}
        COST ${limit}
        SKIP_RETURN_CODE 77
        ENVIRONMENT "YOKE=$<TARGET_FILE:yoke_command>;YOKE_SOURCE=${PROJECT_SOURCE_DIR};YOKE_TEST_LIMIT=${limit};RUSTICL_ENABLE=llvmpipe"
        ENVIRONMENT_MODIFICATION "${yoke_test_environment}")
endfunction()

# What compiles a source of the tests in a folder, which links these libraries.
function(yoke_test_source target folder)
    target_include_directories(${target} PRIVATE
        ${folder} ${PROJECT_SOURCE_DIR}/tests ${PROJECT_SOURCE_DIR}/src
        ${PROJECT_SOURCE_DIR}/include)
    target_compile_definitions(${target} PRIVATE _GNU_SOURCE)
    target_link_libraries(${target} PRIVATE
        yoke_test_support yoke_cmocka ${ARGN} yoke_flags)
endfunction()

# yoke_test(LABEL SOURCE LIBRARIES... [WRAPPER command...])
#
# One executable, one test: tests/sys/test_futex.c is the test sys/futex. Other sources
# in the same folder are compiled once, as yoke_tests_LABEL, and linked into each of its tests.
function(yoke_test label source)
    cmake_parse_arguments(arg "" "" "LIBRARIES;WRAPPER" ${ARGN})
    get_filename_component(file ${source} NAME_WE)
    get_filename_component(folder ${source} DIRECTORY)
    string(REGEX REPLACE "^test_" "" name ${file})
    set(target test_${label}_${name})

    file(GLOB helpers CONFIGURE_DEPENDS ${folder}/*.c)
    list(FILTER helpers EXCLUDE REGEX "/test_[^/]*\\.c$")
    set(objects)
    if(helpers)
        if(NOT TARGET yoke_tests_${label})
            add_library(yoke_tests_${label} OBJECT ${helpers})
            yoke_test_source(yoke_tests_${label} ${folder} ${arg_LIBRARIES})
        endif()
        set(objects $<TARGET_OBJECTS:yoke_tests_${label}>)
    endif()
    add_executable(${target} ${source} ${objects})
    add_dependencies(${target} yoke_run_limited) # which starts it
    yoke_test_source(${target} ${folder} ${arg_LIBRARIES})
    # Not optimized as a whole: a hundred programs would take minutes to link.
    target_link_options(${target} PRIVATE
        $<$<C_COMPILER_ID:GNU>:-fno-use-linker-plugin>)
    set_target_properties(${target} PROPERTIES
        RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests/bin)

    add_test(NAME ${label}/${name}
        COMMAND $<TARGET_FILE:yoke_run_limited> ${arg_WRAPPER} $<TARGET_FILE:${target}>
        WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
    yoke_test_properties(${label}/${name} ${label})
endfunction()

# The test a second time, with pools that are spawned instead of forked: spawn/LABEL/NAME.
# Not beside the first: what a test leaves behind it finds by its program file.
function(yoke_test_spawned label name)
    add_test(NAME spawn/${label}/${name} COMMAND $<TARGET_FILE:yoke_run_limited>
            $<TARGET_FILE:test_${label}_${name}>
        WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
    yoke_test_properties(spawn/${label}/${name} spawn)
    set_property(TEST spawn/${label}/${name} APPEND PROPERTY
        ENVIRONMENT YOKE_START=spawn)
    set_property(TEST spawn/${label}/${name} APPEND PROPERTY
        ENVIRONMENT_MODIFICATION YOKE_START=set:spawn)
    set_property(TEST ${label}/${name} spawn/${label}/${name} APPEND PROPERTY
        RESOURCE_LOCK test_${label}_${name})
endfunction()

# The test once more with its kernels checked, of which nothing may be said: checked/LABEL/NAME.
function(yoke_test_checked label name)
    add_test(NAME checked/${label}/${name} COMMAND $<TARGET_FILE:yoke_run_limited>
            $<TARGET_FILE:test_${label}_${name}>
        WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
    set(YOKE_TEST_TIMEOUT 600)
    yoke_test_properties(checked/${label}/${name} checked)
    set_property(TEST checked/${label}/${name} APPEND PROPERTY ENVIRONMENT YOKE_CHECK=1)
    set_property(TEST checked/${label}/${name} APPEND PROPERTY
        ENVIRONMENT_MODIFICATION YOKE_CHECK=set:1)
    set_property(TEST ${label}/${name} checked/${label}/${name} APPEND PROPERTY
        RESOURCE_LOCK test_${label}_${name})
endfunction()

# yoke_script_test(LABEL NAME COMMAND...)
function(yoke_script_test label name)
    add_test(NAME ${label}/${name} COMMAND $<TARGET_FILE:yoke_run_limited> ${ARGN}
        WORKING_DIRECTORY ${PROJECT_BINARY_DIR})
    yoke_test_properties(${label}/${name} ${label})
endfunction()
