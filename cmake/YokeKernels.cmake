# SPDX-License-Identifier: MIT

# yoke_add_kernels(TARGET FILE.cl... [PREFIX prefix])
#
# Embeds the texts of kernels in a target, so that the program needs no files when it runs. The text
# of FILE.cl is the string `const char FILE_cl[]`, and with PREFIX `prefixFILE[]`. The target can
# include "FILE.cl.h", which declares it. What a text includes is not embedded: that is read when the
# kernel is created. The files may be compiled as C, too, by yoke/clc.h: the target can include them.
function(yoke_add_kernels target)
    cmake_parse_arguments(arg "" "PREFIX" "" ${ARGN})
    set(folder ${CMAKE_CURRENT_BINARY_DIR}/${target}.kernels)
    set(embed ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/YokeEmbed.cmake)
    if(NOT arg_UNPARSED_ARGUMENTS)
        message(FATAL_ERROR "yoke_add_kernels(${target}): no files of kernels are given")
    endif()

    foreach(file IN LISTS arg_UNPARSED_ARGUMENTS)
        get_filename_component(text ${file} ABSOLUTE)
        get_filename_component(name ${file} NAME_WE)
        get_filename_component(source_folder ${text} DIRECTORY)
        string(MAKE_C_IDENTIFIER ${name} symbol)
        if(DEFINED arg_PREFIX)
            set(symbol ${arg_PREFIX}${symbol})
        else()
            set(symbol ${symbol}_cl)
        endif()
        file(GENERATE OUTPUT ${folder}/${name}.cl.h CONTENT
            "/* The text of ${name}.cl. */\nextern const char ${symbol}[];\n")
        add_custom_command(
            OUTPUT ${folder}/${name}.cl.c
            COMMAND ${CMAKE_COMMAND} -DINPUT=${text} -DOUTPUT=${folder}/${name}.cl.c
                    -DSYMBOL=${symbol} -P ${embed}
            DEPENDS ${text} ${embed}
            VERBATIM)
        target_sources(${target} PRIVATE ${folder}/${name}.cl.c)
        target_include_directories(${target} PRIVATE ${folder} ${source_folder})
    endforeach()
endfunction()
