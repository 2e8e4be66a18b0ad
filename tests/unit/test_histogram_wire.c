//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about schema/histogram_wire: whatever lies in the buckets comes back, at every length of
//  a run and size of a count, and no count can be wrong where eight of them are taken at once.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "schema/histogram_wire.h"

#define BYTES_MAX 8192
#define LENGTHS   20 //  Of a run: more than two of the eights that it is read by

static wire_reader_t *s_reader;

static int
s_set_up (void **state)
{
    (void) state;
    s_reader = wire_reader_new ();
    return 0;
}

static int
s_tear_down (void **state)
{
    (void) state;
    wire_reader_destroy (&s_reader);
    return 0;
}

typedef struct {
    uint8_t data[BYTES_MAX];
    size_t size;
} bytes_t;

static void
s_put (bytes_t *bytes, const uint64_t *buckets)
{
    wire_writer_t writer;
    wire_writer_init (&writer, bytes->data, sizeof bytes->data);
    histogram_wire_put_runs (&writer, buckets);
    bytes->size = wire_writer_size (&writer);
    assert_true (bytes->size > 0);
}

//  Take from a copy without a byte to spare, and behind the buckets nothing may change. Returns
//  whether the runs, and nothing else, are there; without buckets it must be the same. Taken or
//  not, no slot is written but those that *taken has.
static bool
s_take (const bytes_t *bytes, uint64_t *buckets, histogram_taken_t *taken)
{
    struct {
        uint64_t buckets[BUCKET_SLOTS], behind[8];
    } room = {.behind = {1, 2, 3, 4, 5, 6, 7, 8}};
    static const uint64_t behind[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    histogram_taken_t same;
    uint8_t *copy = malloc (bytes->size ? bytes->size : 1);
    memcpy (copy, bytes->data, bytes->size);
    wire_open (s_reader, copy, bytes->size);
    bool fine = histogram_wire_take_runs (s_reader, room.buckets, taken) == 0;
    assert_int_equal (wire_done (s_reader), fine ? 0 : -1);
    wire_open (s_reader, copy, bytes->size);
    assert_int_equal (histogram_wire_take_runs (s_reader, NULL, &same), fine ? 0 : -1);
    assert_int_equal (wire_done (s_reader), fine ? 0 : -1);
    assert_true (same.events == taken->events && same.first == taken->first);
    assert_int_equal (same.end, taken->end);
    assert_true (taken->first <= histogram_next_slot (room.buckets, 0) || taken->end == 0);
    assert_true (taken->end >= histogram_end_slot (room.buckets));
    assert_memory_equal (room.behind, behind, sizeof behind);
    memcpy (buckets, room.buckets, sizeof room.buckets);
    free (copy);
    return fine;
}

static void
s_expect_back (const uint64_t *buckets)
{
    static bytes_t bytes;
    uint64_t back[BUCKET_SLOTS];
    uint128_t expected = 0;
    histogram_taken_t taken;
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
        expected += buckets[slot];
    s_put (&bytes, buckets);
    assert_true (s_take (&bytes, back, &taken));
    assert_memory_equal (back, buckets, sizeof back);
    assert_true (taken.events == expected);
    assert_int_equal (taken.first, taken.end > 0 ? histogram_next_slot (buckets, 0) : 0);
    assert_int_equal (taken.end, histogram_end_slot (buckets));
}

static void
s_expect_refused (const bytes_t *bytes)
{
    uint64_t back[BUCKET_SLOTS];
    histogram_taken_t taken;
    assert_false (s_take (bytes, back, &taken));
}

//  A count of 1 to 9 bytes, the shortest most often.
static uint64_t
s_any_count (unsigned long_in)
{
    static const uint64_t least[] = {1, 128, 256, 65536, 1ull << 32, UINT64_MAX};
    size_t size = (unsigned) rand () % long_in ? 0 : 1 + (size_t) rand () % 4;
    return size == 4 && rand () % 2 ? UINT64_MAX
                                    : least[size] + (uint64_t) rand () % (size == 0 ? 127 : 128);
}

static void
test_runs_of_every_length_come_back_from_every_slot (void **state)
{
    (void) state;
    static const unsigned ends[] = {LENGTHS, 300, BUCKET_SLOTS - 1, BUCKET_SLOTS};
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        for (unsigned length = 0; length <= LENGTHS; length++) {
            uint64_t buckets[BUCKET_SLOTS] = {0};
            for (unsigned slot = ends[i] - length; slot < ends[i]; slot++)
                buckets[slot] = 1 + slot % 127;
            s_expect_back (buckets);
        }
}

static void
test_counts_of_every_size_come_back_beside_each_other (void **state)
{
    (void) state;
    srand (1);
    for (unsigned round = 0; round < 3000; round++) {
        uint64_t buckets[BUCKET_SLOTS] = {0};
        unsigned empty_in = 2 + (unsigned) rand () % 40, long_in = 1 + (unsigned) rand () % 20;
        for (unsigned slot = (unsigned) rand () % BUCKET_SLOTS; slot < BUCKET_SLOTS; slot++)
            buckets[slot] = (unsigned) rand () % empty_in ? s_any_count (long_in) : 0;
        s_expect_back (buckets);
    }
}

static void
test_a_full_histogram_adds_up_beyond_64_bits (void **state)
{
    (void) state;
    uint64_t buckets[BUCKET_SLOTS];
    memset (buckets, 0xff, sizeof buckets);
    s_expect_back (buckets);
    for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
        buckets[slot] = 127;
    s_expect_back (buckets);
}

//  One run of so many counts of a byte each: the least and the most there are.
static void
s_put_run (bytes_t *bytes, unsigned length)
{
    uint64_t buckets[BUCKET_SLOTS] = {0};
    for (unsigned i = 0; i < length; i++)
        buckets[i] = i % 2 ? 127 : 1;
    s_put (bytes, buckets);
}

static void
test_runs_with_a_count_of_0_are_refused (void **state)
{
    (void) state;
    static bytes_t bytes;
    for (unsigned length = 1; length <= LENGTHS; length++)
        for (unsigned i = 1; i <= length; i++) {
            s_put_run (&bytes, length);
            bytes.data[bytes.size - i] = 0;
            s_expect_refused (&bytes);
        }
}

static void
test_runs_with_a_count_that_is_no_shortest_number_are_refused (void **state)
{
    (void) state;
    static bytes_t bytes;
    static const uint8_t wrong[] = {0x80, 0x90, 0xa0, 0xc0, 0xc1, 0xcb, 0xd0, 0xd9, 0xdc, 0xff};
    for (unsigned length = 1; length <= LENGTHS; length++)
        for (unsigned i = 1; i <= length; i++) {
            for (size_t tag = 0; tag < sizeof wrong; tag++) {
                s_put_run (&bytes, length);
                bytes.data[bytes.size - i] = wrong[tag];
                s_expect_refused (&bytes);
            }
            s_put_run (&bytes, length);
            memmove (&bytes.data[bytes.size - i + 1], &bytes.data[bytes.size - i], i);
            bytes.data[bytes.size++ - i] = 0xcc; //  In front of a number below 128
            s_expect_refused (&bytes);
        }
}

static void
test_runs_that_end_early_are_refused (void **state)
{
    (void) state;
    static bytes_t bytes;
    uint64_t buckets[BUCKET_SLOTS] = {0};
    srand (2);
    for (unsigned slot = 0; slot < 60; slot++)
        buckets[slot] = slot % 19 ? s_any_count (4) : 0;
    s_put (&bytes, buckets);
    while (bytes.size-- > 0)
        s_expect_refused (&bytes);
}

static void
test_runs_past_the_last_slot_are_refused (void **state)
{
    (void) state;
    static const bytes_t past[] = {
        {.data = {0x92, 0xcd, 0x02, 0x01, 0x92, 1, 1}, .size = 7},
        {.data = {0x92, 0xcd, 0x02, 0x02, 0x91, 1}, .size = 6},
        {.data = {0x92, 0xcd, 0x01, 0xff, 0x94, 1, 1, 1, 1}, .size = 9},
    };
    static const bytes_t last = {.data = {0x92, 0xcd, 0x02, 0x01, 0x91, 1}, .size = 6};
    uint64_t buckets[BUCKET_SLOTS];
    histogram_taken_t taken;
    for (size_t i = 0; i < sizeof past / sizeof past[0]; i++)
        s_expect_refused (&past[i]);
    assert_true (s_take (&last, buckets, &taken) && buckets[BUCKET_SLOTS - 1] == 1);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_runs_of_every_length_come_back_from_every_slot),
        cmocka_unit_test (test_counts_of_every_size_come_back_beside_each_other),
        cmocka_unit_test (test_a_full_histogram_adds_up_beyond_64_bits),
        cmocka_unit_test (test_runs_with_a_count_of_0_are_refused),
        cmocka_unit_test (test_runs_with_a_count_that_is_no_shortest_number_are_refused),
        cmocka_unit_test (test_runs_that_end_early_are_refused),
        cmocka_unit_test (test_runs_past_the_last_slot_are_refused),
    };
    return cmocka_run_group_tests (tests, s_set_up, s_tear_down);
}
