//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about manifests: pages come back as they were sent, and what cannot be one is refused.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "schema/manifest.h"

static int
s_set_up (void **state)
{
    *state = wire_reader_new ();
    return *state ? 0 : -1;
}

static int
s_tear_down (void **state)
{
    wire_reader_t *reader = *state;
    wire_reader_destroy (&reader);
    return 0;
}

static manifest_run_t
s_run (uint64_t epoch, uint64_t first_seq, uint64_t last_seq)
{
    return (manifest_run_t){{epoch, first_seq, last_seq}, UINT64_MAX - first_seq, 10, 4000000000};
}

static void
s_assert_same (const manifest_t *self, const manifest_t *other)
{
    assert_int_equal (self->count, other->count);
    assert_int_equal (self->expired_epoch, other->expired_epoch);
    assert_int_equal (self->expired_seq, other->expired_seq);
    assert_int_equal (self->more, other->more);
    if (self->count)
        assert_memory_equal (self->runs, other->runs, self->count * sizeof *self->runs);
}

static void
test_a_page_comes_back_as_it_was_sent (void **state)
{
    manifest_run_t runs[] = {s_run (5, 4, 9), s_run (5, 11, 11), s_run (6, 1, UINT64_MAX)};
    const manifest_t sent = {
        .runs = runs, .count = 3, .expired_epoch = 5, .expired_seq = 3, .more = true};
    uint8_t buffer[512];
    const char *reason;
    manifest_t received;
    size_t size = manifest_encode (&sent, buffer, sizeof buffer);
    assert_true (size > 0);
    assert_int_equal (manifest_decode (&received, *state, buffer, size, &reason), 0);
    assert_null (reason);
    s_assert_same (&received, &sent);
    manifest_clear (&received);
}

static void
test_an_empty_manifest_is_one (void **state)
{
    const manifest_t sent = {0};
    uint8_t buffer[64];
    const char *reason;
    manifest_t received;
    size_t size = manifest_encode (&sent, buffer, sizeof buffer);
    assert_int_equal (manifest_decode (&received, *state, buffer, size, &reason), 0);
    s_assert_same (&received, &sent);
    manifest_clear (&received);
}

static void
test_the_fullest_page_fits_a_message_part (void **state)
{
    static manifest_run_t runs[MANIFEST_PAGE_RUNS + 1];
    static uint8_t buffer[WIRE_MAX_BYTES];
    const char *reason;
    for (uint64_t i = 0; i <= MANIFEST_PAGE_RUNS; i++)
        runs[i] = s_run (UINT64_MAX, (1ULL << 63) + 2 * i, (1ULL << 63) + 2 * i);
    manifest_t sent = {
        .runs = runs, .count = MANIFEST_PAGE_RUNS, .expired_epoch = 1ULL << 63, .more = true};
    manifest_t received;
    size_t size = manifest_encode (&sent, buffer, sizeof buffer);
    assert_true (size > 0);
    assert_int_equal (manifest_encode (&sent, buffer, size - 1), 0);
    size = manifest_encode (&sent, buffer, sizeof buffer);
    assert_int_equal (manifest_decode (&received, *state, buffer, size, &reason), 0);
    s_assert_same (&received, &sent);
    manifest_clear (&received);
    sent.count++;
    assert_int_equal (manifest_encode (&sent, buffer, sizeof buffer), 0);
}

//  A page with these runs is refused, and nothing is left to free.
static void
s_assert_refused (wire_reader_t *reader, const manifest_run_t *runs, size_t count, const char *why)
{
    uint8_t buffer[512];
    const char *reason;
    const manifest_t sent = {.runs = (manifest_run_t *) runs, .count = count, .expired_epoch = 2};
    manifest_t received;
    size_t size = manifest_encode (&sent, buffer, sizeof buffer);
    assert_true (size > 0);
    assert_int_equal (manifest_decode (&received, reader, buffer, size, &reason), -1);
    assert_non_null (strstr (reason, why));
    assert_null (received.runs);
    assert_int_equal (received.count, 0);
}

static void
test_runs_that_cannot_be_are_refused (void **state)
{
    manifest_run_t late = s_run (5, 1, 2), early = s_run (5, 1, 2), first = s_run (5, 1, 2);
    late.last_wall_s = INT64_MAX;
    early.first_wall_s = -1;
    first.first_wall_s = first.last_wall_s + 1;
    s_assert_refused (*state, (manifest_run_t[]){s_run (5, 9, 4)}, 1, "reversed");
    s_assert_refused (*state, (manifest_run_t[]){s_run (5, 0, 4)}, 1, "starts at 0");
    s_assert_refused (*state, (manifest_run_t[]){s_run (5, 5, 6), s_run (5, 1, 2)}, 2, "order");
    s_assert_refused (*state, (manifest_run_t[]){s_run (5, 1, 6), s_run (5, 6, 9)}, 2, "order");
    s_assert_refused (*state, (manifest_run_t[]){s_run (5, 1, 6), s_run (5, 7, 9)}, 2, "touch");
    s_assert_refused (*state, (manifest_run_t[]){s_run (5, 1, 6), s_run (4, 7, 9)}, 2, "order");
    s_assert_refused (*state, (manifest_run_t[]){s_run (1, 1, 6)}, 1, "expired");
    s_assert_refused (*state, &late, 1, "starts that cannot be");
    s_assert_refused (*state, &early, 1, "starts that cannot be");
    s_assert_refused (*state, &first, 1, "starts that cannot be");
}

static void
test_more_behind_nothing_is_refused (void **state)
{
    const manifest_t sent = {.more = true};
    uint8_t buffer[64];
    const char *reason;
    manifest_t received;
    size_t size = manifest_encode (&sent, buffer, sizeof buffer);
    assert_int_equal (manifest_decode (&received, *state, buffer, size, &reason), -1);
    assert_non_null (strstr (reason, "follows nothing"));
}

static void
test_cut_or_changed_bytes_are_refused_or_a_manifest (void **state)
{
    manifest_run_t runs[] = {s_run (5, 4, 9), s_run (6, 1, 3)};
    const manifest_t sent = {.runs = runs, .count = 2};
    uint8_t buffer[256];
    const char *reason;
    manifest_t received;
    size_t size = manifest_encode (&sent, buffer, sizeof buffer);
    for (size_t cut = 0; cut < size; cut++)
        assert_int_equal (manifest_decode (&received, *state, buffer, cut, &reason), -1);
    for (size_t at = 0; at < size; at++)
        for (unsigned bit = 0; bit < 8; bit++) {
            buffer[at] ^= (uint8_t) (1u << bit);
            if (manifest_decode (&received, *state, buffer, size, &reason) == 0)
                manifest_clear (&received);
            else
                assert_non_null (reason);
            buffer[at] ^= (uint8_t) (1u << bit);
        }
}

static void
test_pages_join_in_order_within_a_bound (void **state)
{
    (void) state;
    manifest_t whole = {.more = true, .expired_epoch = 1};
    manifest_run_t first[] = {s_run (5, 4, 9)}, second[] = {s_run (5, 11, 12), s_run (6, 1, 1)};
    const manifest_t one = {.runs = first, .count = 1, .more = true};
    const manifest_t two = {.runs = second, .count = 2, .expired_epoch = 3};
    assert_int_equal (manifest_append (&whole, &one, 3), 0);
    assert_int_equal (manifest_append (&whole, &one, 3), -1);
    assert_int_equal (manifest_append (&whole, &two, 2), -1);
    assert_true (whole.more);
    assert_int_equal (manifest_append (&whole, &two, 3), 0);
    assert_int_equal (whole.count, 3);
    assert_int_equal (whole.expired_epoch, 1);
    assert_false (whole.more);
    manifest_clear (&whole);
}

static void
test_forgotten_runs_end_at_or_before_the_name (void **state)
{
    (void) state;
    manifest_run_t runs[] = {s_run (4, 1, 99), s_run (5, 4, 9), s_run (5, 11, 15), s_run (6, 1, 1)};
    manifest_t manifest = {.runs = runs, .count = 4};
    manifest_forget (&manifest, 5, 12);
    assert_int_equal (manifest.count, 2);
    assert_int_equal (manifest.runs[0].range.first_seq, 11);
    assert_int_equal (manifest.runs[1].range.epoch, 6);
}

static void
test_the_digest_of_a_frame_is_the_xxh64_of_its_bytes (void **state)
{
    (void) state;
    //  From xxHash's own documentation and `xxhsum -H64` of an empty file and of "a".
    assert_true (manifest_digest ("", 0) == 0xEF46DB3751D8E999);
    assert_true (manifest_digest ("a", 1) == 0xD24EC4F1A98C6E5B);
}

int
main (void)
{
#define MANIFEST_TEST(test) cmocka_unit_test_setup_teardown (test, s_set_up, s_tear_down)
    const struct CMUnitTest tests[] = {
        MANIFEST_TEST (test_a_page_comes_back_as_it_was_sent),
        MANIFEST_TEST (test_an_empty_manifest_is_one),
        MANIFEST_TEST (test_the_fullest_page_fits_a_message_part),
        MANIFEST_TEST (test_runs_that_cannot_be_are_refused),
        MANIFEST_TEST (test_more_behind_nothing_is_refused),
        MANIFEST_TEST (test_cut_or_changed_bytes_are_refused_or_a_manifest),
        cmocka_unit_test (test_pages_join_in_order_within_a_bound),
        cmocka_unit_test (test_forgotten_runs_end_at_or_before_the_name),
        cmocka_unit_test (test_the_digest_of_a_frame_is_the_xxh64_of_its_bytes),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
