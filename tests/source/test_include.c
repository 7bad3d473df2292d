/* SPDX-License-Identifier: MIT */
/* A source and its files as one text: what a preprocessor makes of it, by tokens, and what
 * of the files is in it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/yoke_test.h"

#include "source/include.h"
#include "source/token_stream.h"

enum { MAX_FILES = 6 };

typedef struct include_case {
    const char *name;
    const char *source;
    const char *tokens; /* those that a compiler sees */
    const char *options;
    const char *files[MAX_FILES][2];
} include_case;

static const include_case cases[] = {
    {"none", "int a;", "int a ;", "", {{NULL}}},
    {"in place", "x\n#include \"a.h\"\ny\n", "x a y", "", {{"a.h", "a"}}},
    {"without a newline", "#include \"a.h\"", "a", "", {{"a.h", "a"}}},
    {"spelled oddly",
     " # /* c */ inc\\\nlude /**/ \"a.h\" // t\n%: include \"a.h\"\n",
     "a a",
     "",
     {{"a.h", "a\n"}}},
    {"not in comments and strings",
     "/* \n#include \"a.h\"\n*/ // \\\n#include \"a.h\"\n\"\\\n#include <a.h>\"\n",
     "\"#include <a.h>\"",
     "",
     {{"a.h", "a"}}},
    {"an angled name is looked for in folders",
     "#include <a.h>\n",
     "in",
     "-I inc",
     {{"a.h", "here"}, {"inc/a.h", "in"}}},
    {"a quoted one in the working directory first",
     "#include \"a.h\"\n",
     "here",
     "-Iinc",
     {{"a.h", "here"}, {"inc/a.h", "in"}}},
    {"or beside the file that asks",
     "#include \"inc/a.h\"\n",
     "a b",
     "",
     {{"inc/a.h", "a\n#include \"b.h\"\n"}, {"inc/b.h", "b"}, {"b.h", "wrong"}}},
    {"folders in order",
     "#include <a.h>\n#include <b.h>\n",
     "one two",
     "-I one -I two",
     {{"one/a.h", "one"}, {"two/a.h", "wrong"}, {"two/b.h", "two"}}},
    {"a folder with a space",
     "#include <a.h>\n",
     "a",
     "-DX -I \"in c\"",
     {{"in c/a.h", "a"}}},
    {"and with a backslash",
     "#include <a.h>\n",
     "a",
     "-I in\\ c -DX",
     {{"in c/a.h", "a"}}},
    {"folders of their own kinds",
     "#include <a.h>\n#include \"b.h\"\n",
     "s q",
     "-idirafter l -isystem s -iquote q",
     {{"q/a.h", "wrong"}, {"q/b.h", "q"}, {"s/a.h", "s"}, {"l/a.h", "wrong"}}},
    {"the next folder's",
     "#include <a.h>\n",
     "one two three",
     "-I one -I two -I three",
     {{"one/a.h", "one\n#include_next <a.h>\n"},
      {"two/a.h", "two\n#include_next <a.h>\n"},
      {"three/a.h", "three"}}},
    {"forced by an option",
     "x",
     "a b x",
     "-include a.h -include b.h -I inc",
     {{"a.h", "a"}, {"inc/b.h", "b"}}},
    {"guards",
     "#include \"a.h\"\n#include \"b.h\"\n#include \"a.h\"\n",
     "a b",
     "",
     {{"a.h", "#ifndef A\n#define A\na\n#endif\n"},
      {"b.h", "/* b */\n#if !defined(B)\n#define B 1\n#include \"a.h\"\nb\n#endif"}}},
    {"once",
     "#include \"a.h\"\n#include \"b.h\"\n#include \"./a.h\"\n",
     "a b",
     "",
     {{"a.h", "#pragma once\na\n"}, {"b.h", "#pragma once\n#include \"a.h\"\nb"}}},
    {"once where it is asked for",
     "#define N\n#include \"a.h\"\n#undef N\n#include \"a.h\"\n#include \"a.h\"\n",
     "a a",
     "",
     {{"a.h", "#ifndef N\n#pragma once\n#endif\na"}}},
    {"imported", "#import \"a.h\"\n#import \"a.h\"\n", "a", "", {{"a.h", "a"}}},
    {"each other",
     "#include \"a.h\"\n",
     "b a",
     "",
     {{"a.h", "#ifndef A\n#define A\n#include \"b.h\"\na\n#endif\n"},
      {"b.h", "#ifndef B\n#define B\n#include \"a.h\"\nb\n#endif\n"}}},
    {"each other, once",
     "#include \"a.h\"\n",
     "b a",
     "",
     {{"a.h", "#pragma once\n#include \"b.h\"\na\n"},
      {"b.h", "#pragma once\n#include \"a.h\"\nb\n"}}},
    {"itself",
     "#include \"a.h\"\n",
     "float x ; int x ;",
     "",
     {{"a.h", "#ifndef T\n#define T float\n#include \"a.h\"\n#undef T\n#define T int\n"
              "#include __FILE__\n#else\nT x;\n#endif\n"}}},
    {"a list, many times",
     "#define X(n) a_##n\n#include \"l.h\"\n#undef X\n#define X(n) n;\n#include "
     "\"l.h\"\n",
     "a_p a_q p ; q ;",
     "",
     {{"l.h", "X(p)\nX(q)\n"}}},
    {"conditions stay the compiler's",
     "#ifdef A\n#include \"a.h\"\n#else\n#include \"b.h\"\n#endif\n",
     "a",
     "-DA",
     {{"a.h", "a"}, {"b.h", "b"}}},
    {"the name is a macro",
     "#define F \"a.h\"\n#include F\n#undef F\n#define F <b.h>\n#include F\n",
     "a b",
     "-I inc",
     {{"a.h", "a"}, {"inc/b.h", "b"}}},
    {"the name is an option's", "#include F\n", "a", "-DF=\"a.h\"", {{"a.h", "a"}}},
    {"the name is an option's, escaped",
     "#include F\n",
     "a",
     "-DF=\\\"a.h\\\"",
     {{"a.h", "a"}}},
    {"the name depends on what a driver defines",
     "#ifdef cl_khr_fp64\n#define F \"a.h\"\n#else\n#define F "
     "\"b.h\"\n#endif\nx\n#include F\n",
     "x b",
     "-Ucl_khr_fp64",
     {{"a.h", "a"}, {"b.h", "b"}}},
    {"and on what it does not",
     "#ifdef __X\n#define F \"a.h\"\n#else\n#define F \"b.h\"\n#endif\nx\n#include F\n",
     "x a",
     "-D__X",
     {{"a.h", "a"}, {"b.h", "b"}}},
    {"a file that is asked for",
     "#if __has_include(\"a.h\") && !__has_include(<b.h>)\na\n#elif "
     "__has_include(\"b.h\")\nb\n#endif",
     "a",
     "-DPOCL_DEVICE_ADDRESS_BITS",
     {{"a.h", ""}}},
    {"bytes",
     "char t[] = {\n#embed \"a.h\"\n};",
     "char t [ ] = { 97 , 10 , 98 } ;",
     "",
     {{"a.h", "a\nb"}}},
    {"carriage returns",
     "#include \"a.h\"\r\nx\r\n",
     "a b x",
     "",
     {{"a.h", "a\r\nb\\\r\n\r\n"}}},
    {"a mark of UTF-8",
     "#include \"a.h\"\n",
     "a",
     "",
     {{"a.h", "\xEF\xBB\xBF#define A a\nA\n"}}},
    {"a line that goes on", "#include \"a.h\"\nx", "a x", "", {{"a.h", "a \\"}}},
    {"an open comment", "#include \"a.h\"\nx", "a ERROR x", "", {{"a.h", "a /* x"}}},
    {"an open condition",
     "#include \"a.h\"\nx",
     "a ERROR x",
     "",
     {{"a.h", "#if 1\na"}}},
    {"a condition that is not its own",
     "#if 1\n#include \"a.h\"\nx\n#endif",
     "ERROR ERROR x",
     "",
     {{"a.h", "#else\n#endif\n"}}},
    {"nothing of that name",
     "#if 0\n#include \"b.h\"\n#endif\n#include \"/no/b.h\"\nx",
     "ERROR x",
     "",
     {{"a.h", "a"}}},
    {"a name that cannot be told",
     "#define S(x) #x\n#include S(a.h)\nx",
     "ERROR x",
     "",
     {{"a.h", "a"}}},
    {"no name", "#include\n#include 5\nx", "ERROR ERROR x", "", {{"a.h", "a"}}},
};

static char folder[64];

static int set_up(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/yoke-include-%ld", (long)getpid());
    return mkdir(folder, 0700) == 0 && chdir(folder) == 0 ? 0 : -1;
}

static int tear_down(void **state)
{
    char command[128];

    (void)state;
    (void)snprintf(command, sizeof command, "rm -rf %s", folder);
    return chdir("/") == 0 && system(command) == 0 ? yt_test_teardown(state) : -1;
}

static void write_file(const char *path, const char *text)
{
    const char *const slash = strrchr(path, '/');
    FILE *file;

    if (slash != NULL) {
        char *const parent = strndup(path, (size_t)(slash - path));

        (void)mkdir(parent, 0700);
        free(parent);
    }
    file = fopen(path, "we");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

/* The tokens that a compiler would see, with an #error as one of them. */
static char *tokens_of(const yk_whole_source *whole)
{
    yk_token_stream *const stream = calloc(1, sizeof *stream);
    yk_build_options options;
    char *text = NULL;
    size_t bytes;
    FILE *const to = open_memstream(&text, &bytes);
    yk_token token;

    for (char *at = whole->source; (at = strstr(at, "#error")) != NULL;) {
        memcpy(at, "ERROR\n", 6);
    }
    assert_non_null(stream);
    assert_true(yk_build_options_read(&options, whole->options));
    yk_token_stream_init(stream, whole->source, &options);
    while ((token = yk_token_stream_next(stream)).kind != YK_TOKEN_END) {
        if (token.kind != YK_TOKEN_HASH) {
            char word[YK_WORD_BYTES];

            yk_token_copy(token, word);
            fprintf(to, "%s%s", ftell(to) > 0 ? " " : "", word);
        }
        if (token.kind == YK_TOKEN_WORD && yk_token_is(token, "ERROR")) {
            stream->levels[0].at = strchr(stream->levels[0].at + 1, '\n');
        }
    }
    (void)fclose(to);
    yk_token_stream_fini(stream);
    yk_build_options_fini(&options);
    free(stream);
    return text;
}

static yk_whole_source whole_of(const char *source, const char *options)
{
    yk_whole_source whole;
    yk_error error;

    yk_error_clear(&error);
    if (yk_whole_source_make(&whole, source, options, "kernel 'f'", &error) !=
        YOKE_OK) {
        fail_msg("%s", error.text);
    }
    return whole;
}

static void check_case(const include_case *c)
{
    yk_whole_source whole;
    char *tokens;

    for (size_t i = 0; i < MAX_FILES && c->files[i][0] != NULL; i++) {
        write_file(c->files[i][0], c->files[i][1]);
    }
    whole = whole_of(c->source, c->options);
    for (size_t i = 0; i < MAX_FILES && c->files[i][0] != NULL; i++) {
        assert_int_equal(unlink(c->files[i][0]), 0);
    }
    tokens = tokens_of(&whole);
    if (strcmp(tokens, c->tokens) != 0) {
        fail_msg("%s: '%s', not '%s', of:\n%s", c->name, tokens, c->tokens,
                 whole.source);
    }
    free(tokens);
    yk_whole_source_fini(&whole);
}

static void files_are_part_of_the_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        check_case(&cases[i]);
    }
}

static void a_text_without_files_stays_as_it_is(void **state)
{
    static const char source[] = "#pragma once\n#if 0\nx\n#endif\n  y";
    yk_whole_source whole =
        whole_of(source, " -DA  -cl-fast-relaxed-math -I x -DB=\"a b\"");

    (void)state;
    assert_string_equal(whole.source, source);
    assert_string_equal(whole.options, "-DA -cl-fast-relaxed-math -DB=\"a b\"");
    yk_whole_source_fini(&whole);
}

static void messages_name_files_and_lines(void **state)
{
    yk_whole_source whole;

    (void)state;
    write_file("inc/a.h", "#ifdef __X\n#include \"b.h\"\n#endif\nint a = 1;\n");
    write_file("inc/b.h", "\nint b;\n");
    whole = whole_of("#line 7 \"k.cl\"\n#include <a.h>\nint c;\n", "-I inc");
    assert_string_equal(whole.source, "#line 1 \"<source>\"\n"
                                      "#line 7 \"k.cl\"\n"
                                      "#line 1 \"inc/a.h\"\n"
                                      "#ifdef __X\n"
                                      "#line 1 \"inc/b.h\"\n"
                                      "\nint b;\n\n\n"
                                      "#line 3 \"inc/a.h\"\n"
                                      "#endif\n"
                                      "#line 4 \"inc/a.h\"\n"
                                      "int a = 1;\n\n\n"
                                      "#line 8 \"k.cl\"\n"
                                      "int c;\n");
    yk_whole_source_fini(&whole);
}

/* Files that cannot be read are errors where a compiler comes to them. */
static void what_cannot_be_read_is_said_in_its_place(void **state)
{
    yk_whole_source whole;

    (void)state;
    assert_int_equal(mkfifo("pipe.h", 0600), 0);
    assert_int_equal(symlink("loop.h", "loop.h"), 0);
    assert_int_equal(mkdir("folder.h", 0700), 0);
    write_file("self.h", "#ifdef __X\n#include \"self.h\"\n#endif\n");
    whole = whole_of("#include \"pipe.h\"\n#include \"loop.h\"\n#include \"folder.h\"\n"
                     "#include \"self.h\"\n",
                     "");
    assert_contains(whole.source,
                    "\"pipe.h\" cannot be read: it is not a regular file");
    assert_contains(whole.source, "\"loop.h\" cannot be read: Too many levels");
    assert_contains(whole.source, "'folder.h' file not found");
    assert_contains(whole.source, "\"self.h\": #include nested too deeply");
    yk_whole_source_fini(&whole);
}

static void a_text_that_grows_without_end_is_refused(void **state)
{
    yk_whole_source whole;
    yk_error error;

    (void)state;
    yk_error_clear(&error);
    write_file("twice.h",
               "#ifdef __X\n#include \"twice.h\"\n#include \"twice.h\"\n#endif\n");
    assert_int_equal(yk_whole_source_make(&whole, "#include \"twice.h\"\n", "",
                                          "kernel 'f'", &error),
                     YOKE_EINVAL);
    assert_contains(error.text,
                    "kernel 'f': the files that its source includes exceed");
    assert_null(whole.source);
}

/* A tower of headers, each of which includes the two below it, stays as small as its
 * guards make it. */
static void guards_keep_the_text_small(void **state)
{
    yk_whole_source whole;
    char name[32];
    char text[256];

    (void)state;
    for (int i = 0; i < 40; i++) {
        (void)snprintf(name, sizeof name, "t%d.h", i);
        (void)snprintf(text, sizeof text,
                       i % 2 == 0 ? "#ifndef T%d\n#define T%d\n#include \"t%d.h\"\n"
                                    "#include \"t%d.h\"\nt%d\n#endif\n"
                                  : "#pragma once\n/* %d %d */\n#include \"t%d.h\"\n"
                                    "#include \"t%d.h\"\nt%d\n",
                       i, i, i + 1, i + 2, i);
        write_file(name, text);
    }
    write_file("t40.h", "t40\n");
    write_file("t41.h", "t41\n");
    whole = whole_of("#ifdef __X\n#include \"t1.h\"\n#endif\n#include \"t0.h\"\n"
                     "#include \"t3.h\"\n",
                     "");
    assert_between(strlen(whole.source), 1000, 60000);
    yk_whole_source_fini(&whole);
}

/* The same name twice is the same text, whatever happens to the file meanwhile; times are
 * those of the creation. */
static void times_are_those_of_the_creation(void **state)
{
    yk_whole_source whole;

    (void)state;
    whole = whole_of("const char t[] = __TIME__ \"__TIME__\"; // __TIME__\n", "");
    assert_null(strstr(whole.source, "= __TIME__"));
    assert_contains(whole.source, " \"__TIME__\"; // __TIME__\n");
    yk_whole_source_fini(&whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_are_part_of_the_text, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_text_without_files_stays_as_it_is, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(messages_name_files_and_lines, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_said_in_its_place,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_text_that_grows_without_end_is_refused,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(guards_keep_the_text_small, set_up, tear_down),
        cmocka_unit_test_setup_teardown(times_are_those_of_the_creation, set_up,
                                        tear_down),
    };

    return yt_run_group(tests);
}
