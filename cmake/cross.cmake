# SPDX-License-Identifier: MIT
# A toolchain file: builds for another processor with gcc, against a folder that has the headers
# and libraries of a Debian system of that processor.
#
#   cmake -B build-arm64 -DCMAKE_TOOLCHAIN_FILE=cmake/cross.cmake \
#       -DYOKE_CROSS_TRIPLE=aarch64-linux-gnu -DYOKE_CROSS_ROOT=FOLDER
#
# tests/cross.sh makes such a folder.
set(CMAKE_TRY_COMPILE_PLATFORM_VARIABLES YOKE_CROSS_TRIPLE YOKE_CROSS_ROOT)
if(NOT YOKE_CROSS_TRIPLE OR NOT IS_DIRECTORY "${YOKE_CROSS_ROOT}")
    message(FATAL_ERROR "cross build: YOKE_CROSS_TRIPLE has to be the prefix of the compiler, such "
        "as aarch64-linux-gnu, and YOKE_CROSS_ROOT a folder with libraries for that processor")
endif()

string(REGEX REPLACE "-.*" "" CMAKE_SYSTEM_PROCESSOR "${YOKE_CROSS_TRIPLE}")
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_C_COMPILER ${YOKE_CROSS_TRIPLE}-gcc)
find_program(YOKE_CROSS_CXX ${YOKE_CROSS_TRIPLE}-g++)
mark_as_advanced(YOKE_CROSS_CXX)
if(YOKE_CROSS_CXX)
    set(CMAKE_CXX_COMPILER ${YOKE_CROSS_CXX})
endif()
set(CMAKE_SYSROOT ${YOKE_CROSS_ROOT})

set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(ENV{PKG_CONFIG_SYSROOT_DIR} ${YOKE_CROSS_ROOT})
set(ENV{PKG_CONFIG_LIBDIR}
    ${YOKE_CROSS_ROOT}/usr/lib/${YOKE_CROSS_TRIPLE}/pkgconfig:${YOKE_CROSS_ROOT}/usr/share/pkgconfig)
