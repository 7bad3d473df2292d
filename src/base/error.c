/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static_assert(sizeof(yk_error) <= 1024, "errors are on the program's stacks");

/* ---- long texts, per thread ---- */

typedef struct long_texts {
    uint32_t made;              /* so far: the number of the latest */
    char *texts[YK_LONG_TEXTS]; /* that with number n in the place n % YK_LONG_TEXTS */
} long_texts;

static pthread_once_t long_texts_once = PTHREAD_ONCE_INIT;
static pthread_key_t long_texts_key;
static int long_texts_failed;

static void long_texts_free(void *value)
{
    long_texts *own = value;

    for (int i = 0; i < YK_LONG_TEXTS; i++) {
        free(own->texts[i]);
    }
    free(own);
}

static void long_texts_create_key(void)
{
    long_texts_failed = pthread_key_create(&long_texts_key, long_texts_free);
}

/* NULL: the thread has none, or there is no memory for them. */
static long_texts *long_texts_of_thread(bool create)
{
    long_texts *own;

    (void)pthread_once(&long_texts_once, long_texts_create_key);
    if (long_texts_failed != 0) {
        return NULL;
    }
    own = pthread_getspecific(long_texts_key);
    if (own == NULL && create) {
        own = calloc(1, sizeof *own);
        if (own != NULL && pthread_setspecific(long_texts_key, own) != 0) {
            free(own);
            own = NULL;
        }
    }
    return own;
}

/* The thread owns the text from now on. Its number; 0: it could not be kept, and is freed. */
static uint32_t long_texts_keep(char *text)
{
    long_texts *own = long_texts_of_thread(true);
    char **place;

    if (own == NULL) {
        free(text);
        return 0;
    }
    own->made += own->made == UINT32_MAX ? 2 : 1; /* 0 is no number */
    place = &own->texts[own->made % YK_LONG_TEXTS];
    free(*place);
    *place = text;
    return own->made;
}

/* NULL: it is not kept any more. */
static const char *long_texts_find(uint32_t number)
{
    const long_texts *own = long_texts_of_thread(false);

    return own != NULL && own->made - number < YK_LONG_TEXTS
               ? own->texts[number % YK_LONG_TEXTS]
               : NULL;
}

/* ---- errors ---- */

const char *yk_error_text(const yk_error *error)
{
    const char *text = NULL;

    if (error->long_text != 0) {
        text = long_texts_find(error->long_text);
        /* Another thread's number may be one of this thread's, too. */
        if (text != NULL && strncmp(text, error->text, sizeof error->text - 1) != 0) {
            text = NULL;
        }
    }
    return text != NULL ? text : error->text;
}

void yk_error_clear(yk_error *error)
{
    if (error != NULL) {
        error->status = YOKE_OK;
        error->long_text = 0;
        error->text[0] = '\0';
    }
}

/* A text that does not fit into the error: `text` is on the heap and is taken over. */
static void error_take_long(yk_error *error, char *text)
{
    memcpy(error->text, text, sizeof error->text - 1);
    error->text[sizeof error->text - 1] = '\0';
    error->long_text = long_texts_keep(text);
}

/* Room for a text of `bytes` bytes, including its end, or for as much of it as may be kept:
 * *room. NULL: no memory. */
static char *error_allocate(size_t bytes, size_t *room)
{
    *room = bytes < YK_LOG_BYTES ? bytes : YK_LOG_BYTES;
    return malloc(*room);
}

yoke_status yk_fail(yk_error *error, yoke_status status, const char *format, ...)
{
    va_list list;
    int length;

    if (error == NULL) {
        return status;
    }
    error->status = status;
    error->long_text = 0;
    va_start(list, format);
    length = vsnprintf(error->text, sizeof error->text, format, list);
    va_end(list);
    if (length >= (int)sizeof error->text) {
        size_t room;
        char *text = error_allocate((size_t)length + 1, &room);

        if (text != NULL) {
            va_start(list, format);
            (void)vsnprintf(text, room, format, list);
            va_end(list);
            error_take_long(error, text);
        }
    }
    return status;
}

/* The text becomes longer than fits. Without memory for that the words are cut, or left out. */
static void error_append_long(yk_error *error, size_t more, const char *format,
                              va_list list)
{
    const char *old = yk_error_text(error);
    const size_t length = strlen(old);
    size_t room;
    char *text = error_allocate(length + more + 1, &room);

    if (text != NULL) {
        (void)snprintf(text, room, "%s", old);
        if (length < room) {
            (void)vsnprintf(text + length, room - length, format, list);
        }
        error_take_long(error, text);
    } else if (length < sizeof error->text) {
        (void)vsnprintf(error->text + length, sizeof error->text - length, format,
                        list);
    }
}

void yk_error_append(yk_error *error, const char *format, ...)
{
    va_list list;
    size_t length;
    int more;

    if (error == NULL) {
        return;
    }
    va_start(list, format);
    more = vsnprintf(NULL, 0, format, list);
    va_end(list);
    if (more <= 0) {
        return;
    }
    length = strlen(yk_error_text(error));
    va_start(list, format);
    if (length + (size_t)more < sizeof error->text) {
        (void)vsnprintf(error->text + length, sizeof error->text - length, format,
                        list);
    } else {
        error_append_long(error, (size_t)more, format, list);
    }
    va_end(list);
}

/* Into the error itself: what does not fit is cut at the end. */
static void error_prefix_short(yk_error *error, const char *words, size_t length)
{
    const size_t room = sizeof error->text - length - 1;

    error->long_text = 0;
    if (strlen(error->text) > room) {
        error->text[room] = '\0';
    }
    memmove(error->text + length, error->text, strlen(error->text) + 1);
    memcpy(error->text, words, length);
}

void yk_error_prefix(yk_error *error, const char *format, ...)
{
    char words[512];
    va_list list;
    int length;
    size_t bytes;
    size_t room;
    char *text;

    if (error == NULL) {
        return;
    }
    va_start(list, format);
    length = vsnprintf(words, sizeof words, format, list);
    va_end(list);
    if (length <= 0) {
        return;
    }
    if ((size_t)length >= sizeof words) {
        length = (int)sizeof words - 1;
    }
    bytes = (size_t)length + strlen(yk_error_text(error)) + 1;
    text = bytes > sizeof error->text ? error_allocate(bytes, &room) : NULL;
    if (text != NULL) {
        (void)snprintf(text, room, "%s%s", words, yk_error_text(error));
        error_take_long(error, text);
    } else {
        error_prefix_short(error, words, (size_t)length);
    }
}
