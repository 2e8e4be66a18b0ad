//  SPDX-License-Identifier: GPL-2.0-or-later
//  fuzz_message - libFuzzer against the decoders of headers, manifests, partials and tables: no
//  byte crashes them, and what they take encodes to the very bytes it came from. Seeds:
//  schema/golden.

#include <stdlib.h>
#include <string.h>
#include "schema/manifest.h"
#include "schema/message.h"
#include "schema/partial.h"
#include "schema/table.h"

//  Broken promises end the process, which is how libFuzzer learns of them.
#define PROMISE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort ();                                                                              \
    } while (0)

static wire_reader_t *s_reader;
static uint8_t s_encoded[WIRE_MAX_BYTES], s_again[PARTIAL_MAX_BYTES];

static void
s_try_message (const uint8_t *data, size_t size)
{
    message_t message;
    if (message_decode (&message, s_reader, data, size) == 0) {
        PROMISE (message_encode (&message, s_encoded, sizeof s_encoded) == size);
        PROMISE (memcmp (s_encoded, data, size) == 0);
    }
    if (message_decode_long_ask (&message, s_reader, data, size) == 0)
        PROMISE (message.statement_size > STATEMENT_MAX_BYTES && message.statement_size < size);
}

static void
s_try_manifest (const uint8_t *data, size_t size)
{
    manifest_t manifest, whole = {0};
    const char *reason;
    if (manifest_decode (&manifest, s_reader, data, size, &reason))
        return;
    PROMISE (manifest_encode (&manifest, s_encoded, sizeof s_encoded) == size);
    PROMISE (memcmp (s_encoded, data, size) == 0);
    PROMISE (manifest_append (&whole, &manifest, MANIFEST_PAGE_RUNS) == 0);
    manifest_forget (&whole, manifest.expired_epoch, manifest.expired_seq);
    PROMISE (whole.count == manifest.count);
    manifest_clear (&whole);
    manifest_clear (&manifest);
}

//  A partial does not say which metrics were asked for, so that its bytes may differ; its numbers
//  may not.
static void
s_try_partial (const uint8_t *data, size_t size)
{
    static partial_t partial, again;
    if (partial_decode (&partial, s_reader, data, size) == 0) {
        size_t encoded = partial_encode (&partial, METRIC_ALL, s_encoded, sizeof s_encoded);
        PROMISE (encoded > 0 && encoded <= PARTIAL_MAX_BYTES);
        PROMISE (partial_decode (&again, s_reader, s_encoded, encoded) == 0);
        PROMISE (partial_encode (&again, METRIC_ALL, s_again, sizeof s_again) == encoded);
        PROMISE (memcmp (s_encoded, s_again, encoded) == 0);
        partial_merge (&partial, &again);
    }
}

static void
s_try_columns (const uint8_t *data, size_t size)
{
    table_t *table = table_new ();
    if (table_decode_columns (table, s_reader, data, size) == 0) {
        PROMISE (table_encode_columns (table, s_encoded, sizeof s_encoded) == size);
        PROMISE (memcmp (s_encoded, data, size) == 0);
    }
    table_destroy (&table);
}

//  As a row of a table of as many columns as it has items.
static void
s_try_row (const uint8_t *data, size_t size)
{
    uint32_t items;
    if (wire_read (s_reader, data, size) || wire_take_array (s_reader, &items) ||
        items > TABLE_MAX_COLUMNS)
        return;
    table_t *table = table_new ();
    for (uint32_t i = 0; i < items; i++)
        table_add_column (table, "", UNIT_NONE);
    if (table_decode_row (table, s_reader, data, size) == 0) {
        PROMISE (table_encode_row (table, 0, s_encoded, sizeof s_encoded) == size);
        PROMISE (memcmp (s_encoded, data, size) == 0);
        table_append (table, table);
        for (uint32_t i = 0; i < items; i++)
            table_sort (table, i, 1);
    }
    table_destroy (&table);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    if (!s_reader)
        s_reader = wire_reader_new ();
    s_try_message (data, size);
    s_try_manifest (data, size);
    s_try_partial (data, size);
    s_try_columns (data, size);
    s_try_row (data, size);
    return 0;
}
