# SPDX-License-Identifier: MIT
# cmake -DINPUT=name.cl -DOUTPUT=name.cl.c -DNAME=name -P embed.cmake
# Writes a C file with the text of INPUT as `const char sample_source_<NAME>[]`.
file(READ "${INPUT}" text HEX)
string(REGEX REPLACE "(..)" "0x\\1," bytes "${text}")
string(REPEAT "....." 16 line)
string(REGEX REPLACE "(${line})" "\\1\n    " bytes "${bytes}")
file(WRITE "${OUTPUT}"
     "/* Made from ${NAME}.cl. */\n"
     "extern const char sample_source_${NAME}[];\n"
     "const char sample_source_${NAME}[] = {\n    ${bytes}0x00};\n")
