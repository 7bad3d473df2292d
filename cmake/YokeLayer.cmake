# SPDX-License-Identifier: MIT

# yoke_layer(NAME [DEPENDS LAYER...])
#
# Makes a layer from the sources in the folder NAME (and, for devices, one folder down):
# yoke_NAME_objects, and the static library yoke_NAME, which brings the layers below and is
# what the layer's tests link. A layer without sources is left out.
function(yoke_layer name)
    cmake_parse_arguments(arg "" "" "DEPENDS" ${ARGN})
    file(GLOB sources CONFIGURE_DEPENDS ${name}/*.c ${name}/*/*.c)
    if(NOT sources)
        return()
    endif()

    add_library(yoke_${name}_objects OBJECT ${sources})
    yoke_internal_target(yoke_${name}_objects)
    target_link_libraries(yoke_${name}_objects PRIVATE yoke_lto yoke_hardening)

    add_library(yoke_${name} STATIC EXCLUDE_FROM_ALL $<TARGET_OBJECTS:yoke_${name}_objects>)
    target_link_libraries(yoke_${name} PUBLIC yoke_sanitizers yoke_system)
    foreach(layer ${arg_DEPENDS})
        if(TARGET yoke_${layer})
            target_link_libraries(yoke_${name} PUBLIC yoke_${layer})
        endif()
    endforeach()

    set_property(GLOBAL APPEND PROPERTY YOKE_LAYERS ${name})
    set_property(GLOBAL APPEND PROPERTY YOKE_SOURCES ${sources})
endfunction()

# How every target that compiles the library's sources is built.
function(yoke_internal_target target)
    target_include_directories(${target} PRIVATE
        ${PROJECT_SOURCE_DIR}/src ${PROJECT_SOURCE_DIR}/include)
    target_include_directories(${target} SYSTEM PRIVATE ${YOKE_OPENCL_INCLUDE_DIR})
    target_compile_definitions(${target} PRIVATE
        _GNU_SOURCE CL_TARGET_OPENCL_VERSION=300)
    target_link_libraries(${target} PRIVATE yoke_flags yoke_system)
endfunction()

# Where a program or library is put by the build: into the build folder itself, or where a project
# around has all of its own.
function(yoke_output target kind)
    if(NOT DEFINED CMAKE_${kind}_OUTPUT_DIRECTORY)
        set_target_properties(${target} PROPERTIES
            ${kind}_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR})
    endif()
endfunction()
