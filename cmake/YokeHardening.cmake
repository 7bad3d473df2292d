# SPDX-License-Identifier: MIT
# What makes errors in the library and the command harder to exploit: full RELRO, stack protector,
# checked functions of the C library, control-flow enforcement. For all builds but Debug, which do
# not optimize, and not with sanitizers, which check more and do not go together with this. What
# compiler or linker do not have is left out.
include(CheckCCompilerFlag)
include(CheckLinkerFlag)

option(YOKE_HARDEN "Harden release builds of the library and the command" ON)
add_library(yoke_hardening INTERFACE)
set(yoke_hardened) # what cmake/check_hardening.sh is to find

function(yoke_harden_compile name)
    string(REPLACE ";" " " flags "${ARGN}")
    # A checked C library warns without optimization.
    check_c_compiler_flag("-Werror -O2 ${flags}" YOKE_HAS_${name})
    if(YOKE_HAS_${name})
        target_compile_options(yoke_hardening INTERFACE
            "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:${ARGN}>")
        set(yoke_hardened ${yoke_hardened} ${name} PARENT_SCOPE)
    endif()
endfunction()

function(yoke_harden_link name)
    check_linker_flag(C "-Wl,-z,${name}" YOKE_HAS_Z_${name})
    if(YOKE_HAS_Z_${name})
        target_link_options(yoke_hardening INTERFACE
            "$<$<CONFIG:Release,RelWithDebInfo,MinSizeRel>:-Wl,-z,${name}>")
        set(yoke_hardened ${yoke_hardened} ${name} PARENT_SCOPE)
    endif()
endfunction()

if(YOKE_HARDEN AND NOT YOKE_SANITIZE)
    yoke_harden_compile(STACK_PROTECTOR -fstack-protector-strong)
    # Some compilers define it by themselves.
    yoke_harden_compile(FORTIFY -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
    yoke_harden_compile(CET -fcf-protection=full)
    yoke_harden_compile(BTI -mbranch-protection=standard)
    yoke_harden_link(relro)
    yoke_harden_link(now)
    yoke_harden_link(noexecstack)
endif()
