#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# check_names.sh [FOLDER]: reads the static functions of the sources (FOLDER, default src)
# and fails on a name that two files use, and on a name of a single word: a backtrace and a
# search should tell which file is meant.
set -eu
cd "${1:-$(dirname "$0")/../src}"

find . -name '*.[ch]' -printf '%P\n' | sort | xargs -r awk '
    BEGIN {
        with_arguments = "(^|[^A-Za-z0-9_])(__attribute__|__typeof__|typeof|_Atomic|_Alignas|" \
            "[A-Z][A-Z0-9_]*)[ \t]*[(]"
    }
    # The line without comments, and with empty strings.
    function code_of(line,    code) {
        code = ""
        if (in_comment) {
            if (!match(line, /\*\//)) return ""
            line = substr(line, RSTART + 2)
            in_comment = 0
        }
        while (match(line, /"([^"\\]|\\.)*"|\047([^\047\\]|\\.)*\047|\/\*|\/\//)) {
            found = substr(line, RSTART, RLENGTH)
            code = code substr(line, 1, RSTART - 1)
            line = substr(line, RSTART + RLENGTH)
            if (found == "//") return code
            if (found != "/*") {
                code = code "\"\""
            } else if (match(line, /\*\//)) {
                code = code " "
                line = substr(line, RSTART + 2)
            } else {
                in_comment = 1
                return code
            }
        }
        return code line
    }
    # The text without what else has parentheses: attributes, _Atomic(type), macros.
    function without_attributes(text,    start, end, open, c) {
        while (match(text, with_arguments)) {
            start = RSTART
            end = RSTART + RLENGTH
            for (open = 1; open > 0 && end <= length(text); end++) {
                c = substr(text, end, 1)
                open += (c == "(") - (c == ")")
            }
            text = substr(text, 1, start) " " substr(text, end)
        }
        return text
    }
    # The function that a declaration or the head of a definition names; "" for all else.
    function function_of(text) {
        if (!match(text, /(^|[^A-Za-z0-9_])static[^A-Za-z0-9_]/)) return ""
        while (match(text, /(^|[^A-Za-z0-9_])static[^A-Za-z0-9_]/)) {
            text = substr(text, RSTART + RLENGTH)
        }
        text = without_attributes(text)
        if (match(text, /=/)) text = substr(text, 1, RSTART - 1)
        # One that returns a pointer to a function: void (*name(int))(int).
        if (match(text, /^[^(]*\([ \t]*\*[ \t]*[A-Za-z_][A-Za-z0-9_]*[ \t]*\(/)) {
            sub(/^[^(]*\([ \t]*\*/, "", text)
        }
        if (!match(text, /^[^(]*[A-Za-z0-9_][ \t]*\(/)) return ""
        if (substr(text, RLENGTH + 1) ~ /^[ \t]*\*/) return "" # a pointer: void (*name)(void)
        text = substr(text, 1, RLENGTH - 1)
        sub(/[ \t]+$/, "", text)
        sub(/.*[^A-Za-z0-9_]/, "", text)
        return text
    }
    function note(name) {
        if (name == "" || (FILENAME, name) in seen) return
        seen[FILENAME, name] = 1
        place[++count] = FILENAME ":" line_of_static
        names[count] = name
        uses[name]++
        files[name] = files[name] " " FILENAME
    }
    FNR == 1 { depth = in_comment = in_directive = 0; statement = "" }
    {
        code = code_of($0)
        if (in_directive || code ~ /^[ \t]*#/) {
            in_directive = code ~ /\\$/
            next
        }
        # Branches of #if may open a brace twice; a function ends in the first column.
        if (code ~ /^}/) depth = 1
        while (match(code, /[{};]/)) {
            mark = substr(code, RSTART, 1)
            before = substr(code, 1, RSTART - 1)
            code = substr(code, RSTART + 1)
            if (depth == 0) {
                if (before ~ /(^|[^A-Za-z0-9_])static([^A-Za-z0-9_]|$)/) line_of_static = FNR
                note(function_of(statement " " before " "))
                statement = ""
            }
            if (mark == "{") depth++
            if (mark == "}" && depth > 0) depth--
        }
        if (depth == 0) {
            if (code ~ /(^|[^A-Za-z0-9_])static([^A-Za-z0-9_]|$)/) line_of_static = FNR
            statement = statement " " code
        }
    }
    END {
        for (i = 1; i <= count; i++) {
            name = names[i]
            if (name !~ /[a-z0-9A-Z]_[a-z0-9A-Z]/) {
                print "src/" place[i] ": " name "() has a name of one word"
                bad = 1
            }
            if (uses[name] > 1) {
                print "src/" place[i] ": " name "() stands in" files[name]
                bad = 1
            }
        }
        exit bad
    }' || exit 1
