# SPDX-License-Identifier: MIT
# What the library needs from the system. The OpenCL loader is not among it: worker
# processes open it when they have a device to run.

set(missing)

find_package(PkgConfig QUIET)
if(PKG_CONFIG_FOUND)
    pkg_check_modules(YOKE_HWLOC QUIET hwloc>=2.0)
    if(NOT YOKE_HWLOC_FOUND)
        string(APPEND missing
            "\nhwloc 2 is missing (Debian, Ubuntu: apt install libhwloc-dev)")
    endif()
else()
    string(APPEND missing "\npkg-config is missing (Debian, Ubuntu: apt install pkg-config)")
endif()

find_path(YOKE_OPENCL_INCLUDE_DIR CL/cl.h)
mark_as_advanced(YOKE_OPENCL_INCLUDE_DIR)
if(NOT YOKE_OPENCL_INCLUDE_DIR)
    string(APPEND missing
        "\n<CL/cl.h> is missing (Debian, Ubuntu: apt install opencl-c-headers)")
endif()

if(missing)
    message(FATAL_ERROR "yoke cannot be built:${missing}")
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

add_library(yoke_system INTERFACE)
target_include_directories(yoke_system SYSTEM INTERFACE ${YOKE_HWLOC_INCLUDE_DIRS})
target_link_libraries(yoke_system INTERFACE
    ${YOKE_HWLOC_LINK_LIBRARIES} Threads::Threads ${CMAKE_DL_LIBS} rt m)
