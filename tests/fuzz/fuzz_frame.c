//  SPDX-License-Identifier: GPL-2.0-or-later
//  fuzz_frame - libFuzzer against the decoders of frames: no byte crashes them, and what they take
//  encodes to the very bytes it came from. Seeds: schema/golden.

#include <stdlib.h>
#include <string.h>
#include <xxhash.h>
#include "schema/frame.h"
#include "schema/frame_json.h"

//  Broken promises end the process, which is how libFuzzer learns of them.
#define PROMISE(condition)                                                                         \
    do {                                                                                           \
        if (!(condition))                                                                          \
            abort ();                                                                              \
    } while (0)

#define HASH_BYTES 9 //  Nearly every hash is a 0xcf and eight bytes

static frame_t s_frame, s_again, s_place;
static frame_slots_t s_slots; //  Of s_place

static void
s_try_payload (wire_reader_t *reader, const uint8_t *data, size_t size)
{
    static uint8_t encoded[FRAME_MAX_BYTES];
    const char *reason, *same;
    int rc = frame_decode (&s_frame, reader, data, size, &reason);
    PROMISE (frame_decode_but_buckets (&s_again, reader, data, size, &same) == rc);
    PROMISE (reason == same);
    PROMISE (frame_decode_again (&s_place, &s_slots, reader, data, size, &same) == rc);
    PROMISE (reason == same);
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const uint64_t *buckets = s_place.metrics[id].histogram.buckets;
        PROMISE (s_slots.end[id] >= histogram_end_slot (buckets));
        PROMISE (s_slots.end[id] == 0 || s_slots.first[id] <= histogram_next_slot (buckets, 0));
        PROMISE (rc || memcmp (buckets, s_frame.metrics[id].histogram.buckets,
                               sizeof s_frame.metrics[id].histogram.buckets) == 0);
    }
    if (rc == 0) {
        PROMISE (frame_encode (&s_frame, encoded, sizeof encoded) == size);
        PROMISE (memcmp (encoded, data, size) == 0);
    }
}

//  The same bytes with a right hash, which no mutation would ever find.
static void
s_try_with_hash (wire_reader_t *reader, const uint8_t *data, size_t size)
{
    if (size <= HASH_BYTES || data[size - HASH_BYTES] != 0xcf)
        return;
    uint8_t *copy = malloc (size);
    uint64_t hash = XXH64 (data, size - HASH_BYTES, 0);
    memcpy (copy, data, size);
    for (int i = 1; i < HASH_BYTES; i++)
        copy[size - i] = (uint8_t) (hash >> (8 * (i - 1)));
    s_try_payload (reader, copy, size);
    free (copy);
}

//  What is read from JSON is a frame, and its own text reads the same.
static void
s_try_json (const uint8_t *data, size_t size)
{
    char error[FRAME_JSON_ERROR_MAX + 1];
    if (frame_json_decode (&s_frame, (const char *) data, size, error) == 0) {
        char *text = frame_json_encode (&s_frame);
        PROMISE (text);
        PROMISE (frame_json_decode (&s_again, text, strlen (text), error) == 0);
        char *again = frame_json_encode (&s_again);
        PROMISE (strcmp (text, again) == 0);
        free (again);
        free (text);
    }
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
    static wire_reader_t *reader;
    if (!reader)
        reader = wire_reader_new ();
    if (size > 0 && data[0] == '{')
        s_try_json (data, size);
    s_try_payload (reader, data, size);
    s_try_with_hash (reader, data, size);
    return 0;
}
