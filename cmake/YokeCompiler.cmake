# SPDX-License-Identifier: MIT
# Language, warnings and sanitizers. Everything built here links yoke_flags; the sample
# kernels link yoke_kernel_flags too.

set(CMAKE_C_STANDARD 11)
set(CMAKE_C_STANDARD_REQUIRED ON)
set(CMAKE_C_EXTENSIONS ON)
set(CMAKE_C_VISIBILITY_PRESET hidden)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# What a project around may have set for itself: files of one name for what is local to them.
set(CMAKE_UNITY_BUILD OFF)

# Assertions stay in; only Release leaves them out.
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO
    "${CMAKE_C_FLAGS_RELWITHDEBINFO}")

add_library(yoke_warnings INTERFACE)
target_compile_options(yoke_warnings INTERFACE
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes
    -Wcast-qual -Wundef -Wvla -Wpointer-arith
    $<$<BOOL:${YOKE_WERROR}>:-Werror>)

add_library(yoke_sanitizers INTERFACE)
if(YOKE_SANITIZE)
    set(sanitize_flags -fsanitize=${YOKE_SANITIZE} -fno-omit-frame-pointer)
    if(YOKE_SANITIZE MATCHES "undefined")
        list(APPEND sanitize_flags -fno-sanitize-recover=undefined)
    endif()
    target_compile_options(yoke_sanitizers INTERFACE ${sanitize_flags})
    target_link_options(yoke_sanitizers INTERFACE ${sanitize_flags})
    if(YOKE_SANITIZE MATCHES "address")
        # Drivers are C++ and throw; AddressSanitizer must find what it intercepts at the
        # start, before any driver has brought the C++ library.
        target_link_options(yoke_sanitizers INTERFACE
            -Wl,--push-state,--no-as-needed -lstdc++ -Wl,--pop-state)
    endif()
endif()

# The library's own calls from file to file are short: inlined, claiming a chunk takes half
# as long. The objects have ordinary code as well, for tests and for other linkers.
option(YOKE_LTO "Optimize the shared library as a whole, with gcc" ON)
add_library(yoke_lto INTERFACE)
if(YOKE_LTO AND CMAKE_C_COMPILER_ID STREQUAL "GNU" AND NOT YOKE_SANITIZE)
    target_compile_options(yoke_lto INTERFACE -flto=auto -ffat-lto-objects)
endif()

add_library(yoke_flags INTERFACE)
target_link_libraries(yoke_flags INTERFACE yoke_warnings yoke_sanitizers)

# Some compilers know the machine's processor by another option or not at all, and in a cross
# build it is not the one that the program runs on.
set(yoke_native_flags)
if(YOKE_NATIVE_ARCH AND NOT CMAKE_CROSSCOMPILING)
    include(CheckCCompilerFlag)
    foreach(flag march mcpu)
        check_c_compiler_flag(-${flag}=native YOKE_HAVE_${flag}_NATIVE)
        if(YOKE_HAVE_${flag}_NATIVE AND NOT yoke_native_flags)
            set(yoke_native_flags -${flag}=native)
        endif()
    endforeach()
endif()

# The host forms must give the same bits as the OpenCL forms: no contraction.
add_library(yoke_kernel_flags INTERFACE)
target_compile_options(yoke_kernel_flags INTERFACE
    -O3 -ffp-contract=off -fno-math-errno ${yoke_native_flags})
