//  SPDX-License-Identifier: GPL-2.0-or-later
//  fuzz_chunk - libFuzzer against what a store reads from disk: chunks of frames, and rollups. No
//  byte crashes them; frames that a chunk gives can be had back from a chunk of their own, and a
//  rollup that is read is written to bytes that read the same. Seeds: what a store had written.

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "storage/chunk.h"

//  Broken promises end the process, which is how libFuzzer learns of them.
#define PROMISE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort ();                                                                              \
    } while (0)

#define MINUTE_WALL_S 1763990040

int LLVMFuzzerTestOneInput (const uint8_t *data, size_t size);

static frame_t s_frames[CHUNK_FRAMES_MAX], s_again;

//  Every frame of the chunk that is one, the others left out. Returns how many.
static unsigned
s_take_frames (chunk_t *chunk)
{
    unsigned taken = 0;
    for (unsigned i = 0; i < chunk_count (chunk); i++) {
        store_record_t record;
        chunk_record (chunk, i, &record);
        PROMISE (record.start_wall_s >= MINUTE_WALL_S && record.start_wall_s < MINUTE_WALL_S + 60);
        PROMISE (record.span_s >= 1 && record.span_s <= FRAME_MAX_SPAN_S);
        chunk_measured (chunk, i);
        if (chunk_frame (chunk, i, &s_frames[taken]) == 0 && !frame_fault (&s_frames[taken]))
            taken++;
    }
    return taken;
}

static void
s_try_frames (wire_reader_t *reader, unsigned count)
{
    static sheet_t *sheet;
    bytes_t bytes = {0};
    if (!sheet)
        sheet = sheet_new ();
    sheet_begin (sheet, MINUTE_WALL_S);
    for (unsigned i = 0; i < count; i++)
        sheet_add (sheet, &s_frames[i], NULL);
    PROMISE (chunk_write (&bytes, sheet) == 0);
    chunk_t *chunk = chunk_open (bytes.data, bytes.size, MINUTE_WALL_S, reader);
    PROMISE (chunk && chunk_count (chunk) == count && chunk_holds (chunk, sheet));
    for (unsigned i = 0; i < count; i++) {
        PROMISE (chunk_frame (chunk, i, &s_again) == 0);
        //  Static, so that what lies between their members is equal too.
        // NOLINTNEXTLINE(bugprone-suspicious-memory-comparison)
        PROMISE (memcmp (&s_again, &s_frames[i], sizeof s_again) == 0);
    }
    chunk_close (&chunk);
    bytes_clear (&bytes);
}

static void
s_try_chunk (wire_reader_t *reader, const uint8_t *data, size_t size)
{
    static uint8_t selected[CHUNK_FRAMES_MAX];
    static row_t row;
    chunk_t *chunk = chunk_open (data, size, MINUTE_WALL_S, reader);
    if (!chunk)
        return;
    memset (selected, 1, sizeof selected);
    chunk_add (chunk, selected, METRIC_ALL, &row);
    unsigned taken = s_take_frames (chunk);
    chunk_close (&chunk);
    if (taken > 0)
        s_try_frames (reader, taken);
}

static void
s_try_row (const uint8_t *data, size_t size)
{
    static row_t row, again;
    static partial_t partial;
    bytes_t first = {0}, second = {0};
    if (row_decode (&row, data, size) == 0) {
        row_encode (&row, &first);
        PROMISE (row_decode (&again, first.data, first.size) == 0);
        row_encode (&again, &second);
        PROMISE (first.size == second.size && memcmp (first.data, second.data, first.size) == 0);
        PROMISE (row_subtract_encoded (&again, first.data, first.size, METRIC_ALL) == 0);
        PROMISE (row_is_empty (&again));
        partial = (partial_t){.node = "n1"};
        row_fill_partial (&row, &partial);
        PROMISE (scope_is_valid (&partial.scope));
    }
    bytes_clear (&first);
    bytes_clear (&second);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static wire_reader_t *reader;
    if (!reader)
        reader = wire_reader_new ();
    s_try_chunk (reader, data, size);
    s_try_row (data, size);
    return 0;
}
