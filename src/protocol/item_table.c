/* SPDX-License-Identifier: MIT */
#include "protocol/item_table.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

static_assert(sizeof(_Atomic uint16_t) == 2, "a record is two bytes");

void yk_item_explain(yk_item_table *table, uint64_t item, const char *format, ...)
{
    const uint32_t place =
        atomic_load(&table->text_count) < YK_MAX_ITEM_TEXTS
            ? atomic_fetch_add(&table->text_count, 1)
            : YK_MAX_ITEM_TEXTS;
    va_list list;

    if (place >= YK_MAX_ITEM_TEXTS) {
        return;
    }
    va_start(list, format);
    (void)vsnprintf(table->texts.texts[place].text, YK_ITEM_TEXT_BYTES, format, list);
    va_end(list);
    atomic_store(&table->texts.texts[place].item, item + 1);
}

const char *yk_item_explained(const yk_item_texts *texts, uint64_t item)
{
    for (uint32_t i = 0; i < YK_MAX_ITEM_TEXTS; i++) {
        if (atomic_load(&texts->texts[i].item) == item + 1) {
            return texts->texts[i].text;
        }
    }
    return "";
}

uint64_t yk_item_count_failed(const yk_item_table *table, uint64_t *first)
{
    uint64_t count = 0;

    for (uint64_t item = 0; item < table->count; item++) {
        if (yk_item_state(yk_item_get(table, item)) == YK_ITEM_FAILED && count++ == 0) {
            *first = item;
        }
    }
    return count;
}
