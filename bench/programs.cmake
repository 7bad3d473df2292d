# SPDX-License-Identifier: MIT
# One program per contender, each with the same main program and the same loops, and the
# driver that measures them. A contender whose peer is not installed is left out.

# The loops, compiled once for everybody.
add_library(bench_loops STATIC loops.c)
target_link_libraries(bench_loops PUBLIC m PRIVATE yoke_flags yoke_kernel_flags)

# The rest is not for this machine's processor alone: valgrind has to understand it.
add_library(bench_contender STATIC contender.c workload.c)
yoke_add_kernels(bench_contender loops.cl PREFIX sample_source_)
target_compile_definitions(bench_contender PRIVATE _GNU_SOURCE)
target_link_libraries(bench_contender PRIVATE yoke_flags)

function(bench_program name)
    add_executable(${name} ${ARGN})
    target_compile_definitions(${name} PRIVATE _GNU_SOURCE)
    target_link_libraries(${name} PRIVATE yoke_flags)
endfunction()

# bench_peer(NAME LIBRARIES...): the contender in contender_NAME.c.
function(bench_peer name)
    bench_program(bench_${name} contender_${name}.c)
    target_link_libraries(bench_${name} PRIVATE bench_contender bench_loops ${ARGN})
endfunction()

bench_peer(serial)
bench_peer(yoke yoke)
target_sources(bench_yoke PRIVATE yoke_calls.c)

find_package(OpenMP COMPONENTS C)
if(OpenMP_C_FOUND)
    bench_peer(openmp OpenMP::OpenMP_C)
endif()

pkg_check_modules(YOKE_STARPU IMPORTED_TARGET starpu-1.3)
if(YOKE_STARPU_FOUND)
    bench_peer(starpu PkgConfig::YOKE_STARPU)
endif()

find_library(YOKE_OPENCL_LIBRARY NAMES OpenCL libOpenCL.so.1)
mark_as_advanced(YOKE_OPENCL_LIBRARY)
if(YOKE_OPENCL_LIBRARY)
    bench_peer(opencl ${YOKE_OPENCL_LIBRARY})
    target_include_directories(bench_opencl SYSTEM PRIVATE ${YOKE_OPENCL_INCLUDE_DIR})
    target_compile_definitions(bench_opencl PRIVATE CL_TARGET_OPENCL_VERSION=300)
endif()

# The first Python with numpy, else any.
set(bench_python python3)
foreach(python python3 /usr/bin/python3)
    execute_process(COMMAND ${python} -c "import numpy"
        RESULT_VARIABLE missing OUTPUT_QUIET ERROR_QUIET)
    if(missing EQUAL 0)
        set(bench_python ${python})
    endif()
endforeach()

bench_program(yoke_bench bench.c chart.c child.c instructions.c measure.c metric.c
    company.c quiet.c report.c statistics.c)
target_compile_definitions(yoke_bench PRIVATE
    BENCH_PYTHON="${bench_python}" BENCH_SOURCE="${CMAKE_CURRENT_SOURCE_DIR}")
target_link_libraries(yoke_bench PRIVATE m)
