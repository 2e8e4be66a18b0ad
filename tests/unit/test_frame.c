//  SPDX-License-Identifier: GPL-2.0-or-later
//  frame: the golden frames come from elsewhere (tests/e2e/make_golden.py); what is decoded
//  encodes to the same bytes; and each rule of PROTOCOL.md has a frame that breaks it. Run from the
//  root of the tree.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <xxhash.h>
#include "schema/frame.h"
#include "schema/frame_json.h"

static const char *const s_golden[] = {"busy", "cgroup", "extreme",   "idle",
                                       "pid",  "span3",  "unmeasured"};

#define GOLDEN_COUNT (sizeof s_golden / sizeof s_golden[0])

static wire_reader_t *s_reader;
static frame_t s_frame, s_other; //  Too large for comfort on the stack

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
    uint8_t data[FRAME_JSON_MAX_BYTES];
    size_t size;
} bytes_t;

static bytes_t s_bytes, s_text;

static void
s_load (const char *name, const char *extension, bytes_t *bytes)
{
    char path[128];
    snprintf (path, sizeof path, "schema/golden/frame_v1_%s.%s", name, extension);
    FILE *file = fopen (path, "rb");
    if (!file)
        fail_msg ("%s: run this test from the root of the tree", path);
    bytes->size = fread (bytes->data, 1, sizeof bytes->data, file);
    fclose (file);
}

static void
s_expect_the_same_without_buckets (const void *data, size_t size, const char *reason)
{
    static frame_t outline;
    static uint8_t encoded[FRAME_MAX_BYTES];
    const char *same;
    memset (&outline, 0xA5, sizeof outline);
    int rc = frame_decode_but_buckets (&outline, s_reader, data, size, &same);
    assert_int_equal (rc, reason ? -1 : 0);
    assert_ptr_equal (same, reason);
    if (reason)
        return;
    for (int id = 0; id < METRIC_COUNT_; id++)
        memcpy (outline.metrics[id].histogram.buckets, s_frame.metrics[id].histogram.buckets,
                sizeof outline.metrics[id].histogram.buckets);
    assert_int_equal (frame_encode (&outline, encoded, sizeof encoded), size);
    assert_memory_equal (encoded, data, size);
}

//  In the place of whatever this decoded before, refused or not.
static void
s_expect_the_same_again (const void *data, size_t size, const char *reason)
{
    static frame_t place;
    static frame_slots_t slots;
    const char *same;
    int rc = frame_decode_again (&place, &slots, s_reader, data, size, &same);
    assert_int_equal (rc, reason ? -1 : 0);
    assert_ptr_equal (same, reason);
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const uint64_t *buckets = place.metrics[id].histogram.buckets;
        assert_true (slots.end[id] >= histogram_end_slot (buckets));
        assert_true (slots.first[id] <= histogram_next_slot (buckets, 0) || slots.end[id] == 0);
        if (!reason) {
            assert_memory_equal (buckets, s_frame.metrics[id].histogram.buckets,
                                 sizeof s_frame.metrics[id].histogram.buckets);
            assert_int_equal (slots.end[id], histogram_end_slot (buckets));
        }
    }
    if (!reason)
        assert_memory_equal (&place, &s_frame, offsetof (frame_t, metrics));
}

//  Decode a copy without a byte to spare, so that a sanitizer sees every step too far.
static const char *
s_decode (const void *data, size_t size)
{
    const char *reason = NULL;
    void *copy = malloc (size > 0 ? size : 1);
    memcpy (copy, data, size);
    int rc = frame_decode (&s_frame, s_reader, copy, size, &reason);
    s_expect_the_same_without_buckets (copy, size, reason);
    s_expect_the_same_again (copy, size, reason);
    free (copy);
    assert_int_equal (rc == 0, reason == NULL);
    return reason;
}

static void
s_expect_refused (const void *data, size_t size, const char *part_of_reason)
{
    const char *reason = s_decode (data, size);
    assert_non_null (reason);
    if (!strstr (reason, part_of_reason))
        fail_msg ("refused because %s, not %s", reason, part_of_reason);
}

//  --- golden frames
//  --------------------------------------------------------------------------------

static void
s_load_golden (size_t i)
{
    s_load (s_golden[i], "msgpack", &s_bytes);
    s_load (s_golden[i], "json", &s_text);
}

static void
test_frame_decodes_golden_frames_to_what_their_json_says (void **state)
{
    (void) state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        char error[FRAME_JSON_ERROR_MAX + 1] = "";
        s_load_golden (i);
        const char *reason = s_decode (s_bytes.data, s_bytes.size);
        if (reason)
            fail_msg ("%s: %s", s_golden[i], reason);
        if (frame_json_decode (&s_other, (char *) s_text.data, s_text.size, error))
            fail_msg ("%s: %s", s_golden[i], error);
        assert_memory_equal (&s_frame, &s_other, sizeof s_frame);
    }
}

static void
test_frame_encodes_golden_frames_byte_for_byte (void **state)
{
    (void) state;
    for (size_t i = 0; i < GOLDEN_COUNT; i++) {
        uint8_t buffer[FRAME_MAX_BYTES];
        char error[FRAME_JSON_ERROR_MAX + 1];
        s_load_golden (i);
        assert_int_equal (frame_json_decode (&s_frame, (char *) s_text.data, s_text.size, error),
                          0);
        assert_int_equal (frame_encode (&s_frame, buffer, sizeof buffer), s_bytes.size);
        assert_memory_equal (buffer, s_bytes.data, s_bytes.size);
    }
}

//  --- properties
//  -----------------------------------------------------------------------------------

static uint64_t s_random = 20261123;

static uint64_t
s_next (void)
{
    s_random = s_random * 6364136223846793005ULL + 1442695040888963407ULL;
    return s_random >> 8;
}

//  Any magnitude as likely as another.
static uint64_t
s_any (void)
{
    return (s_next () << 40 ^ s_next ()) >> (s_next () % 64);
}

static void
s_randomise_metric (frame_metric_t *metric, metric_kind_t kind)
{
    metric->measured = s_next () % 8 != 0;
    if (!metric->measured)
        return;
    histogram_t *histogram = &metric->histogram;
    if (kind == METRIC_COUNT) {
        histogram->count = s_any ();
        histogram->sum = histogram->count;
    } else {
        for (uint64_t buckets = s_next () % 300; buckets > 0; buckets--) {
            uint64_t events = s_any () >> 10;
            histogram->buckets[s_next () % (1 + s_next () % BUCKET_SLOTS)] = events;
        }
        for (unsigned slot = 0; slot < BUCKET_SLOTS; slot++)
            histogram->count += histogram->buckets[slot];
        histogram->sum = histogram->count == 0 ? 0 : s_any ();
        metric->accrued_ns = s_any ();
    }
    metric->total_count = s_next () % 2 ? histogram->count : UINT64_MAX;
    metric->total_sum = s_any ();
}

static void
s_randomise_scope (scope_t *scope)
{
    scope->kind = (scope_kind_t) (s_next () % 3);
    if (scope->kind == SCOPE_PID)
        scope->pid = 1 + (uint32_t) (s_any () % UINT32_MAX);
    if (scope->kind == SCOPE_CGROUP)
        snprintf (scope->cgroup, sizeof scope->cgroup, "/%0*d", (int) (s_next () % 250), 7);
}

static void
s_randomise (frame_t *frame)
{
    memset (frame, 0, sizeof *frame);
    snprintf (frame->node, sizeof frame->node, "n%0*d", (int) (s_next () % 60), 1);
    snprintf (frame->version, sizeof frame->version, "%0*d", (int) (s_next () % 30), 1);
    frame->epoch = s_any () | 1;
    frame->seq = s_any () | 1;
    frame->start_wall_s = (int64_t) (s_any () % (FRAME_MAX_WALL_S + 1));
    frame->span_s = 1 + (uint32_t) (s_any () % FRAME_MAX_SPAN_S);
    frame->duration_mono_ns = s_any ();
    frame->clock_synchronised = s_next () % 2;
    frame->clock_error_ns = s_any ();
    s_randomise_scope (&frame->scope);
    frame->source = (frame_source_t) (s_next () % 3);
    for (int id = 0; id < METRIC_COUNT_; id++)
        s_randomise_metric (&frame->metrics[id], metric_get (id)->kind);
    frame->losses = (frame_losses_t){s_any (), s_any (), s_any (), s_any (), s_any ()};
    frame->cost = (frame_cost_t){s_any (), s_any (), s_any ()};
}

static void
test_frame_decodes_what_it_encodes_and_encodes_it_again (void **state)
{
    (void) state;
    for (int i = 0; i < 2000; i++) {
        uint8_t buffer[FRAME_MAX_BYTES], again[FRAME_MAX_BYTES];
        s_randomise (&s_other);
        size_t size = frame_encode (&s_other, buffer, sizeof buffer);
        if (size == 0)
            fail_msg ("frame %d: %s", i, frame_fault (&s_other));
        assert_null (s_decode (buffer, size));
        assert_memory_equal (&s_frame, &s_other, sizeof s_frame);
        assert_int_equal (frame_encode (&s_frame, again, sizeof again), size);
        assert_memory_equal (buffer, again, size);
    }
}

static void
test_frame_encode_needs_the_whole_size (void **state)
{
    (void) state;
    uint8_t buffer[FRAME_MAX_BYTES];
    s_load ("idle", "msgpack", &s_bytes);
    assert_null (s_decode (s_bytes.data, s_bytes.size));
    for (size_t capacity = 0; capacity < s_bytes.size; capacity++)
        assert_int_equal (frame_encode (&s_frame, buffer, capacity), 0);
    assert_int_equal (frame_encode (&s_frame, buffer, s_bytes.size), s_bytes.size);
}

//  --- damage
//  -----------------------------------------------------------------------------------------

static void
test_frame_refuses_every_truncation (void **state)
{
    (void) state;
    s_load ("idle", "msgpack", &s_bytes);
    for (size_t size = 0; size < s_bytes.size; size++)
        s_expect_refused (s_bytes.data, size, "");
}

static void
test_frame_refuses_every_flipped_bit (void **state)
{
    (void) state;
    s_load ("busy", "msgpack", &s_bytes);
    for (size_t bit = 0; bit < 8 * s_bytes.size; bit++) {
        s_bytes.data[bit / 8] ^= (uint8_t) (1 << bit % 8);
        s_expect_refused (s_bytes.data, s_bytes.size, "");
        s_bytes.data[bit / 8] ^= (uint8_t) (1 << bit % 8);
    }
}

static void
test_frame_refuses_bytes_after_its_end (void **state)
{
    (void) state;
    s_load ("idle", "msgpack", &s_bytes);
    s_bytes.data[s_bytes.size] = 0;
    s_expect_refused (s_bytes.data, s_bytes.size + 1, "canonical");
}

static void
test_frame_refuses_a_wrong_hash (void **state)
{
    (void) state;
    s_load ("idle", "msgpack", &s_bytes);
    s_bytes.data[s_bytes.size - 1] ^= 1;
    s_expect_refused (s_bytes.data, s_bytes.size, "hash");
}

//  --- frames that break one rule, with a right hash ----------------------------------------------

//  What a payload consists of; a test replaces one part.
typedef struct {
    uint64_t version;
    const char *identity, *time, *scope, *origin, *metrics, *losses, *cost; //  msgpack
} parts_t;

static const parts_t s_good = {
    .version = 1,
    .identity = "a2 6e31 01 01",
    .time = "00 01 00 92 00 00",
    .scope = "93 00 00 a0",
    .origin = "00 a0",
    .metrics = "91 96 03 05 07 03 05 94 00 91 01 02 91 02",
    .losses = "95 00 00 00 00 00",
    .cost = "93 00 00 00",
};

//  Append bytes written in hexadecimal.
static void
s_append_hex (bytes_t *bytes, const char *hex)
{
    unsigned byte;
    int used;
    while (sscanf (hex, " %2x%n", &byte, &used) == 1) {
        bytes->data[bytes->size++] = (uint8_t) byte;
        hex += used;
    }
}

static void
s_build (const parts_t *parts, const char *head)
{
    wire_writer_t hash;
    s_bytes.size = 0;
    s_append_hex (&s_bytes, head);
    s_bytes.data[s_bytes.size++] = (uint8_t) parts->version;
    s_append_hex (&s_bytes, parts->identity);
    s_append_hex (&s_bytes, parts->time);
    s_append_hex (&s_bytes, parts->scope);
    s_append_hex (&s_bytes, parts->origin);
    s_append_hex (&s_bytes, parts->metrics);
    s_append_hex (&s_bytes, parts->losses);
    s_append_hex (&s_bytes, parts->cost);
    wire_writer_init (&hash, s_bytes.data + s_bytes.size, 9);
    wire_put_uint (&hash, XXH64 (s_bytes.data, s_bytes.size, 0));
    s_bytes.size += hash.size;
}

static void
s_expect_parts_refused (parts_t parts, const char *part_of_reason)
{
    s_build (&parts, "9f");
    s_expect_refused (s_bytes.data, s_bytes.size, part_of_reason);
}

//  The good parts with one replaced.
#define REFUSE_PART(part, value, why)                                                              \
    do {                                                                                           \
        parts_t parts = s_good;                                                                    \
        parts.part = value;                                                                        \
        s_expect_parts_refused (parts, why);                                                       \
    } while (0)

static void
test_frame_built_by_hand_is_taken (void **state)
{
    (void) state;
    s_build (&s_good, "9f");
    const char *reason = s_decode (s_bytes.data, s_bytes.size);
    if (reason)
        fail_msg ("%s", reason);
    assert_string_equal (s_frame.node, "n1");
    assert_int_equal (s_frame.metrics[METRIC_cpudist].histogram.buckets[0], 1);
    assert_int_equal (s_frame.metrics[METRIC_cpudist].histogram.buckets[2], 2);
}

static void
test_frame_refuses_unknown_versions_loudly (void **state)
{
    (void) state;
    REFUSE_PART (version, 0, "version");
    REFUSE_PART (version, 2, "upgrade");
    REFUSE_PART (version, 0xc0, "no frame");
}

static void
test_frame_refuses_another_number_of_items (void **state)
{
    (void) state;
    parts_t parts = s_good;
    parts.cost = "93 00 00 00 00";
    s_build (&parts, "dc 00 10");
    s_expect_refused (s_bytes.data, s_bytes.size, "15 items");
    s_expect_refused ("\xc0", 1, "no frame");
}

static void
test_frame_refuses_bad_node_names (void **state)
{
    (void) state;
    REFUSE_PART (identity, "a0 01 01", "name");
    REFUSE_PART (identity, "a2 6e2f 01 01", "name");
    REFUSE_PART (identity, "a2 6e00 01 01", "malformed");
    REFUSE_PART (identity, "a3 c3a96e 01 01", "name");
}

static void
test_frame_refuses_an_epoch_or_seq_of_0 (void **state)
{
    (void) state;
    REFUSE_PART (identity, "a2 6e31 00 01", "epoch");
    REFUSE_PART (identity, "a2 6e31 01 00", "seq");
}

static void
test_frame_refuses_impossible_times (void **state)
{
    (void) state;
    REFUSE_PART (time, "ff 01 00 92 00 00", "start");
    REFUSE_PART (time, "cf 0000003afff44180 01 00 92 00 00", "start");
    REFUSE_PART (time, "00 00 00 92 00 00", "span");
    REFUSE_PART (time, "00 ce 00015181 00 92 00 00", "span");
    REFUSE_PART (time, "00 01 00 92 02 00", "clock");
}

static void
test_frame_refuses_scopes_that_contradict_themselves (void **state)
{
    (void) state;
    REFUSE_PART (scope, "93 00 01 a0", "scope");
    REFUSE_PART (scope, "93 00 00 a1 2f", "scope");
    REFUSE_PART (scope, "93 01 00 a0", "scope");
    REFUSE_PART (scope, "93 02 00 a0", "scope");
    REFUSE_PART (scope, "93 02 00 a2 2f0a", "scope");
    REFUSE_PART (scope, "93 02 00 a2 2f1b", "scope");
    REFUSE_PART (scope, "93 03 00 a0", "scope");
}

static void
test_frame_refuses_unknown_sources_and_versions_that_cannot_be_printed (void **state)
{
    (void) state;
    REFUSE_PART (origin, "03 a0", "source");
    REFUSE_PART (origin, "00 a1 09", "version");
    REFUSE_PART (origin, "00 a2 c3a9", "version");
}

static void
test_frame_refuses_runs_that_are_not_maximal (void **state)
{
    (void) state;
    //  Touching runs; a zero at an end or inside; no counts; out of order; too far; a lone start.
    REFUSE_PART (metrics, "91 96 03 05 07 03 05 94 00 91 01 01 91 02", "metrics");
    REFUSE_PART (metrics, "91 96 03 05 07 03 05 92 00 92 00 03", "metrics");
    REFUSE_PART (metrics, "91 96 03 05 07 03 05 92 00 92 03 00", "metrics");
    REFUSE_PART (metrics, "91 96 03 05 07 03 05 92 00 93 01 00 02", "metrics");
    REFUSE_PART (metrics, "91 96 00 00 07 03 05 92 00 90", "metrics");
    REFUSE_PART (metrics, "91 96 03 05 07 03 05 94 02 91 01 00 91 02", "metrics");
    REFUSE_PART (metrics, "91 96 03 05 07 03 05 92 cd 0201 92 01 02", "metrics");
    REFUSE_PART (metrics, "91 96 03 05 07 03 05 92 cd 0202 91 03", "metrics");
    REFUSE_PART (metrics, "91 96 03 05 07 03 05 91 00", "metrics");
}

static void
test_frame_refuses_metrics_that_do_not_add_up (void **state)
{
    (void) state;
    REFUSE_PART (metrics, "91 96 04 05 07 04 05 94 00 91 01 02 91 02", "add up");
    REFUSE_PART (metrics, "91 96 00 05 07 03 05 90", "add up");
    REFUSE_PART (metrics, "91 96 03 05 07 02 05 94 00 91 01 02 91 02", "total");
    REFUSE_PART (metrics, "91 96 01 05 07 01 05 92 00 92 cf ffffffffffffffff 02", "add up");
}

static void
test_frame_refuses_count_metrics_with_buckets_or_time (void **state)
{
    (void) state;
    REFUSE_PART (metrics, "94 c0 c0 c0 96 03 03 00 03 03 92 01 91 03", "add up");
    REFUSE_PART (metrics, "94 c0 c0 c0 96 03 04 00 03 03 90", "add up");
    REFUSE_PART (metrics, "94 c0 c0 c0 96 03 03 01 03 03 90", "time");
}

static void
test_frame_refuses_rows_after_the_last_measured_metric (void **state)
{
    (void) state;
    REFUSE_PART (metrics, "91 c0", "metrics");
    REFUSE_PART (metrics, "95 c0 c0 c0 96 03 03 00 03 03 90 96 03 03 00 03 03 90", "metrics");
}

static void
test_frame_refuses_losses_and_costs_of_another_shape (void **state)
{
    (void) state;
    REFUSE_PART (losses, "94 00 00 00 00", "losses");
    REFUSE_PART (losses, "95 00 00 00 00 ff", "losses");
    REFUSE_PART (cost, "92 00 00", "cost");
    REFUSE_PART (cost, "93 00 00 c0", "cost");
}

static void
test_frame_does_not_encode_what_it_would_refuse (void **state)
{
    (void) state;
    uint8_t buffer[FRAME_MAX_BYTES];
    s_build (&s_good, "9f");
    assert_null (s_decode (s_bytes.data, s_bytes.size));
    assert_null (frame_fault (&s_frame));
    s_frame.metrics[METRIC_cpudist].histogram.sum = (uint128_t) 1 << 64;
    assert_non_null (strstr (frame_fault (&s_frame), "64 bits"));
    assert_int_equal (frame_encode (&s_frame, buffer, sizeof buffer), 0);
}

static void
test_node_names_are_1_to_63_of_the_allowed_characters (void **state)
{
    (void) state;
    char longest[NODE_NAME_MAX + 2];
    memset (longest, 'x', sizeof longest);
    longest[NODE_NAME_MAX + 1] = '\0';
    assert_false (node_name_is_valid (longest));
    longest[NODE_NAME_MAX] = '\0';
    assert_true (node_name_is_valid (longest));
    assert_true (node_name_is_valid ("web-01.example_A"));
    assert_false (node_name_is_valid (""));
    assert_false (node_name_is_valid ("n 1"));
    assert_false (node_name_is_valid ("n1/"));
}

static void
test_frame_topic_ends_with_a_slash (void **state)
{
    (void) state;
    char topic[NODE_NAME_MAX + 2];
    assert_int_equal (frame_topic ("n1", topic), 3);
    assert_string_equal (topic, "n1/");
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_frame_decodes_golden_frames_to_what_their_json_says),
        cmocka_unit_test (test_frame_encodes_golden_frames_byte_for_byte),
        cmocka_unit_test (test_frame_decodes_what_it_encodes_and_encodes_it_again),
        cmocka_unit_test (test_frame_encode_needs_the_whole_size),
        cmocka_unit_test (test_frame_refuses_every_truncation),
        cmocka_unit_test (test_frame_refuses_every_flipped_bit),
        cmocka_unit_test (test_frame_refuses_bytes_after_its_end),
        cmocka_unit_test (test_frame_refuses_a_wrong_hash),
        cmocka_unit_test (test_frame_built_by_hand_is_taken),
        cmocka_unit_test (test_frame_refuses_unknown_versions_loudly),
        cmocka_unit_test (test_frame_refuses_another_number_of_items),
        cmocka_unit_test (test_frame_refuses_bad_node_names),
        cmocka_unit_test (test_frame_refuses_an_epoch_or_seq_of_0),
        cmocka_unit_test (test_frame_refuses_impossible_times),
        cmocka_unit_test (test_frame_refuses_scopes_that_contradict_themselves),
        cmocka_unit_test (test_frame_refuses_unknown_sources_and_versions_that_cannot_be_printed),
        cmocka_unit_test (test_frame_refuses_runs_that_are_not_maximal),
        cmocka_unit_test (test_frame_refuses_metrics_that_do_not_add_up),
        cmocka_unit_test (test_frame_refuses_count_metrics_with_buckets_or_time),
        cmocka_unit_test (test_frame_refuses_rows_after_the_last_measured_metric),
        cmocka_unit_test (test_frame_refuses_losses_and_costs_of_another_shape),
        cmocka_unit_test (test_frame_does_not_encode_what_it_would_refuse),
        cmocka_unit_test (test_node_names_are_1_to_63_of_the_allowed_characters),
        cmocka_unit_test (test_frame_topic_ends_with_a_slash),
    };
    return cmocka_run_group_tests_name ("frame", tests, s_set_up, s_tear_down);
}
