# SPDX-License-Identifier: MIT
# cmake -DINPUT=name.cl -DOUTPUT=name.cl.c -DSYMBOL=symbol -P YokeEmbed.cmake
# Writes a C file with the text of INPUT as `const char SYMBOL[]`.
get_filename_component(name "${INPUT}" NAME)
file(READ "${INPUT}" text HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${text}")
string(REPEAT "....." 16 line)
string(REGEX REPLACE "(${line})" "\\1\n    " bytes "${bytes}")
file(WRITE "${OUTPUT}"
    "/* Made from ${name}. */\n"
    "extern const char ${SYMBOL}[];\n"
    "const char ${SYMBOL}[] = {\n    ${bytes}0x00};\n")
