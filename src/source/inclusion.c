/* SPDX-License-Identifier: MIT */
/* The directives that name files. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "source/expander.h"
#include "source/expression.h"

/* How a directive asks for a file. */
typedef struct request {
    const yk_frame *frame; /* of the text that asks */
    long line;
    bool is_next;
    bool is_import;
    bool is_embed;
} request;

/* ---- names ---- */

/* A name in quotes or angles at `at`; NULL if there is none. To be freed. */
static char *read_name(const char *at, bool *is_quoted, const char **end)
{
    const char *stop;

    at = yk_skip_blanks(at);
    *is_quoted = *at == '"';
    if (*at != '"' && *at != '<') {
        return NULL;
    }
    stop = strpbrk(at + 1, *is_quoted ? "\"\n" : ">\n");
    if (stop == NULL || *stop == '\n') {
        return NULL;
    }
    *end = stop + 1;
    return strndup(at + 1, (size_t)(stop - at - 1));
}

static yk_header_place find_requested(yk_expander *x, const request *by,
                                      const char *name, bool is_quoted)
{
    const yk_header *const header = by->frame->header;
    const yk_header_name wanted = {
        .name = name,
        .is_quoted = is_quoted,
        .includer = header != NULL ? header->path : "",
        .after = by->is_next ? by->frame->folder : YK_NO_FOLDER,
        .is_next = by->is_next,
    };

    return yk_headers_find(&x->headers, &wanted);
}

/* ---- files ---- */

/* Only the driver's own headers can still be meant. PoCL has none to include, but it searches
 * the working directory of the process that builds, where such a file may have been created
 * meanwhile; other drivers do that only for names in quotes. */
static void put_missing(yk_expander *x, const request *by, const char *name, int code)
{
    if (code != 0) {
        yk_put_error(x, "\"%s\" cannot be read: %s", name,
                     code == EINVAL ? "it is not a regular file" : strerror(code));
    } else if (name[0] == '/' || name[0] == '\0' || strchr(name, '>') != NULL ||
               by->is_embed) {
        yk_put_error(x, "'%s' file not found", name);
    } else {
        fputs("#if defined(POCL_DEVICE_ADDRESS_BITS) || defined(__POCL__)\n", x->out);
        yk_put_line(x, by->frame, by->line);
        yk_put_error(x, "'%s' file not found", name);
        fputs("#else\n", x->out);
        yk_put_line(x, by->frame, by->line);
        fprintf(x->out, "#include <%s>\n#endif\n", name);
    }
    x->is_changed = true;
}

static bool is_too_deep(const yk_frame *frame, const yk_header *header)
{
    size_t same = 0;

    if (frame->level >= YK_MAX_INCLUDE_DEPTH) {
        return true;
    }
    for (; frame != NULL; frame = frame->outer) {
        same += frame->header != NULL && frame->header->content == header->content;
    }
    return same >= YK_MAX_SELF_DEPTH;
}

static yk_token first_word(const char *text)
{
    return yk_lex(&text);
}

/* A name that no file has mentioned yet is undefined, if it looks like a file's own. */
static void presume_undefined(yk_expander *x, yk_token name)
{
    yk_macro *const macro = yk_macros_get(&x->conditions->macros, name);

    if (macro->state == YK_MACRO_UNKNOWN && !macro->is_mentioned) {
        macro->state = YK_MACRO_UNDEFINED;
    }
}

static yk_token next_visible(const char **at)
{
    yk_token token;

    do {
        token = yk_lex(at);
    } while (token.kind == YK_TOKEN_NEWLINE);
    return token;
}

/* An include guard: #ifndef X or #if !defined(X), then #define X. */
static void presume_guard(yk_expander *x, const char *text)
{
    char guard[YK_WORD_BYTES];
    yk_token opener;
    yk_token name;

    if (next_visible(&text).kind != YK_TOKEN_HASH) {
        return;
    }
    opener = yk_lex(&text);
    name = yk_absent_name(opener, text);
    if (name.kind != YK_TOKEN_WORD) {
        return;
    }
    text = yk_line_last(text).end;
    yk_token_copy(name, guard);
    if (next_visible(&text).kind == YK_TOKEN_HASH &&
        yk_token_is(yk_lex(&text), "define") && yk_token_is(yk_lex(&text), guard)) {
        presume_undefined(x, name);
    }
}

static const char *skip_mark(const char *text)
{
    return strncmp(text, "\xEF\xBB\xBF", 3) == 0 ? text + 3 : text;
}

static void expand_file(yk_expander *x, const yk_frame *outer, yk_header_place place)
{
    yk_frame inner = {
        .outer = outer,
        .header = place.header,
        .folder = place.folder,
        .at = skip_mark(place.header->content->text),
        .line = 1,
        .name = {.kind = YK_TOKEN_END},
        .level = outer->level + 1,
    };

    yk_put_line(x, &inner, 1);
    presume_guard(x, inner.at);
    yk_expand(x, &inner);
}

/* A file that is to be included once is put between #ifndef and #endif. */
static void expand_once(yk_expander *x, const request *by, yk_header_place place)
{
    const char *const once = place.header->content->once;
    const yk_token name = first_word(once);
    yk_truth is_new;

    presume_undefined(x, name);
    is_new = yk_macro_truth(&x->conditions->macros, false, name);
    is_new = is_new == YK_MAYBE ? YK_MAYBE : is_new == YK_YES ? YK_NO : YK_YES;
    fprintf(x->out, "#ifndef %.*s\n", (int)(name.end - name.begin), name.begin);
    yk_group_open_absent(x->conditions, is_new, name);
    if (is_new == YK_NO) {
        yk_put_error(x, "\"%s\" was left out, since it seemed to be included already",
                     place.header->path);
    } else {
        if (by->is_import) {
            fprintf(x->out, "#define %s\n", once);
            yk_conditions_define(x->conditions, once);
        }
        expand_file(x, by->frame, place);
    }
    yk_group_close(x->conditions);
    fputs("#endif\n", x->out);
}

static void put_bytes(yk_expander *x, const yk_header_text *content)
{
    for (size_t i = 0; i < content->bytes && !x->is_too_large; i++) {
        fprintf(x->out, "%u%s%s", (unsigned)(unsigned char)content->text[i],
                i + 1 < content->bytes ? "," : "", i % 20 == 19 ? "\n" : "");
        x->is_too_large = ftell(x->out) > x->max_bytes;
    }
    fputc('\n', x->out);
}

static void take_header(yk_expander *x, const request *by, yk_header_place place)
{
    const yk_header_text *const content = place.header->content;

    if (by->is_embed) {
        put_bytes(x, content);
    } else if (!content->is_text) {
        yk_put_error(x, "\"%s\" is not text", place.header->path);
    } else if (is_too_deep(by->frame, place.header)) {
        yk_put_error(x, "\"%s\": #include nested too deeply", place.header->path);
    } else if (by->is_import || content->is_once) {
        expand_once(x, by, place);
    } else {
        expand_file(x, by->frame, place);
    }
}

static void take_file(yk_expander *x, const request *by, const char *name,
                      bool is_quoted)
{
    const yk_header_place place = find_requested(x, by, name, is_quoted);

    x->is_changed = true;
    if (place.header != NULL) {
        take_header(x, by, place);
    } else {
        put_missing(x, by, name, place.code);
    }
}

/* ---- names that are macros ---- */

static bool take_operand(yk_expander *x, const request *by, const char *at, int depth);

static bool take_named(yk_expander *x, const request *by, const char *at)
{
    bool is_quoted;
    const char *end;
    char *const name = read_name(at, &is_quoted, &end);

    if (name == NULL) {
        return false;
    }
    take_file(x, by, name, is_quoted);
    free(name);
    return true;
}

static void take_each(yk_expander *x, const request *by, const yk_macro *macro,
                      int depth)
{
    bool is_first = true;

    for (size_t i = 0; i < x->file_macro_count && !x->is_too_large; i++) {
        if (x->file_macros[i].macro != macro) {
            continue;
        }
        fprintf(x->out, "#%s yk_file_%s == %zu\n", is_first ? "if" : "elif",
                macro->name, i + 1);
        if (is_first) {
            yk_group_open(x->conditions, YK_MAYBE);
        } else {
            yk_group_next(x->conditions, YK_MAYBE);
        }
        is_first = false;
        if (!take_operand(x, by, x->file_macros[i].definition, depth + 1)) {
            yk_put_error(x, "the macro %s is not the name of a file", macro->name);
        }
    }
    if (!is_first) {
        yk_group_close(x->conditions);
        fputs("#else\n", x->out);
    }
    yk_put_line(x, by->frame, by->line);
    yk_put_error(x, "the macro %s is not the name of a file", macro->name);
    fputs(is_first ? "" : "#endif\n", x->out);
}

static bool take_macro(yk_expander *x, const request *by, yk_token word, int depth)
{
    const yk_macro *const macro = yk_macros_find(&x->conditions->macros, word);

    if (macro == NULL || macro->definition == NULL || yk_macro_is_function(macro)) {
        return false;
    }
    if (macro->state == YK_MACRO_DEFINED && !macro->is_ambiguous) {
        return take_operand(x, by, macro->definition, depth + 1);
    }
    x->needs_numbers = true;
    take_each(x, by, macro, depth);
    return true;
}

static bool take_own_name(yk_expander *x, const request *by)
{
    const yk_frame *const frame = by->frame;

    if (frame->header != NULL) {
        take_header(x, by, (yk_header_place){frame->header, frame->folder, 0});
        return true;
    }
    return frame->name.kind == YK_TOKEN_QUOTED && take_named(x, by, frame->name.begin);
}

/* The operand of an #include: "x", <x>, or a macro that stands for one of these. */
static bool take_operand(yk_expander *x, const request *by, const char *at, int depth)
{
    yk_token word;

    if (take_named(x, by, at)) {
        return true;
    }
    word = yk_lex(&at);
    if (word.kind != YK_TOKEN_WORD || depth > YK_MAX_ALIASES ||
        yk_lex(&at).kind > YK_TOKEN_NEWLINE) {
        return false;
    }
    return yk_token_is(word, "__FILE__") ? take_own_name(x, by)
                                         : take_macro(x, by, word, depth);
}

static bool may_be_file(const char *definition)
{
    const yk_token token = yk_lex(&definition);

    return token.kind == YK_TOKEN_WORD || token.kind == YK_TOKEN_QUOTED ||
           yk_token_is(token, "<");
}

static size_t number_of(yk_expander *x, yk_macro *macro, const char *definition)
{
    yk_file_macro *more;

    for (size_t i = 0; i < x->file_macro_count; i++) {
        if (x->file_macros[i].macro == macro &&
            x->file_macros[i].definition == definition) {
            return i + 1;
        }
    }
    more = realloc(x->file_macros, (x->file_macro_count + 1) * sizeof *more);
    if (more == NULL) {
        x->headers.is_short_of_memory = true;
        return 0;
    }
    x->file_macros = more;
    more[x->file_macro_count++] = (yk_file_macro){macro, definition};
    return x->file_macro_count;
}

void yk_number_undefinition(yk_expander *x, const char *rest)
{
    const yk_macro *const macro = yk_macros_get(&x->conditions->macros, yk_lex(&rest));

    fprintf(x->out, "#undef yk_file_%s\n", macro->name);
}

void yk_number_definition(yk_expander *x, const char *rest)
{
    const char *const name = rest;
    yk_macro *const macro = yk_macros_get(&x->conditions->macros, yk_lex(&rest));

    if (!yk_macro_is_function(macro) && may_be_file(rest)) {
        yk_number_undefinition(x, name);
        fprintf(x->out, "#define yk_file_%s %zu\n", macro->name,
                number_of(x, macro, rest));
    }
}

/* ---- directives ---- */

void yk_include_first(yk_expander *x, const yk_frame *frame, const char *name)
{
    take_file(x, &(request){.frame = frame, .line = 1}, name, true);
}

void yk_take_include(yk_expander *x, const yk_frame *frame,
                     const yk_directive *directive)
{
    const request by = {
        .frame = frame,
        .line = frame->line,
        .is_next = yk_token_is(directive->word, "include_next"),
        .is_import = yk_token_is(directive->word, "import"),
    };

    if (!take_operand(x, &by, directive->rest, 0)) {
        yk_put_error(x, "cannot determine which file this #include names; write its "
                        "name in quotes, or a macro that is a name in quotes");
    }
    yk_put_line(x, frame, directive->next_line);
}

void yk_take_embed(yk_expander *x, const yk_frame *frame, const yk_directive *directive)
{
    const request by = {.frame = frame, .line = frame->line, .is_embed = true};
    const char *end = directive->rest;
    bool is_quoted;
    char *const name = read_name(directive->rest, &is_quoted, &end);

    if (name == NULL || yk_lex(&end).kind > YK_TOKEN_NEWLINE) {
        yk_put_error(x, "only #embed \"file\" and #embed <file> are supported");
    } else {
        take_file(x, &by, name, is_quoted);
    }
    free(name);
    yk_put_line(x, frame, directive->next_line);
}

/* After __has_include: writes the answer for a file, and returns what follows; NULL if it names
 * no file. If it may be one of the driver's own headers, the driver is asked: see
 * put_missing(). */
static const char *put_presence(yk_expander *x, const yk_frame *frame, yk_token word,
                                const char *at)
{
    const request by = {.frame = frame,
                        .is_next = yk_token_is(word, "__has_include_next")};
    const char *end = at;
    bool is_quoted;
    char *name;

    at = yk_skip_blanks(at);
    name = *at == '(' ? read_name(at + 1, &is_quoted, &end) : NULL;
    if (name == NULL || !yk_token_is(yk_lex(&end), ")")) {
        free(name);
        return NULL;
    }
    if (find_requested(x, &by, name, is_quoted).header != NULL) {
        fputs("1", x->out);
    } else if (name[0] == '/' || yk_token_is(word, "__has_embed") || by.is_next) {
        fputs("0", x->out);
    } else {
        fprintf(x->out,
                "(!defined(POCL_DEVICE_ADDRESS_BITS) && !defined(__POCL__) && "
                "__has_include(<%s>))",
                name);
    }
    free(name);
    x->is_changed = true;
    return end;
}

static bool asks_for_file(yk_token token)
{
    return yk_token_is(token, "__has_include") ||
           yk_token_is(token, "__has_include_next") ||
           yk_token_is(token, "__has_embed");
}

void yk_put_condition(yk_expander *x, const yk_frame *frame,
                      const yk_directive *directive)
{
    const char *done = directive->begin;
    const char *at = directive->rest;

    while (at < directive->end) {
        const yk_token token = yk_lex(&at);
        const char *behind;

        if (token.kind == YK_TOKEN_END) {
            break;
        }
        if (asks_for_file(token)) {
            (void)fwrite(done, 1, (size_t)(token.begin - done), x->out);
            behind = put_presence(x, frame, token, token.end);
            done = behind != NULL ? behind : token.begin;
            at = behind != NULL ? behind : at;
        }
    }
    (void)fwrite(done, 1, (size_t)(directive->end - done), x->out);
}
