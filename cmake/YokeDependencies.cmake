# SPDX-License-Identifier: MIT
# What the library needs from the system. The OpenCL loader is not among it: worker
# processes open it when they have a device to run.

find_package(PkgConfig REQUIRED)
pkg_check_modules(HWLOC hwloc>=2.0)
if(NOT HWLOC_FOUND)
    message(FATAL_ERROR "hwloc 2 is missing (Debian, Ubuntu: apt install libhwloc-dev)")
endif()

find_path(YOKE_OPENCL_INCLUDE_DIR CL/cl.h)
mark_as_advanced(YOKE_OPENCL_INCLUDE_DIR)
if(NOT YOKE_OPENCL_INCLUDE_DIR)
    message(FATAL_ERROR
        "<CL/cl.h> is missing (Debian, Ubuntu: apt install opencl-c-headers)")
endif()

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)

add_library(yoke_system INTERFACE)
target_include_directories(yoke_system SYSTEM INTERFACE ${HWLOC_INCLUDE_DIRS})
target_link_libraries(yoke_system INTERFACE
    ${HWLOC_LINK_LIBRARIES} Threads::Threads ${CMAKE_DL_LIBS} rt m)
