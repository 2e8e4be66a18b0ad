//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about broker/recorder and the queue in it: nobody waits for the store, nothing that was
//  queued is lost while the process lives, and what does not fit is refused. The store is a
//  stand-in that can be made to fail. Meant for ThreadSanitizer as well.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <sched.h>
#include <pthread.h>
#include <stdatomic.h>
#include <cmocka.h>
#include "broker/bundle.h"
#include "broker/queue.h"
#include "broker/recorder.h"

//  A store that remembers the order and the content of what it took.
typedef struct {
    atomic_bool fails;
    atomic_uint_fast64_t appended; //  Records
    atomic_uint_fast64_t told;
    atomic_uint_fast64_t changes; //  Calls of failing
    atomic_bool in_order;
    uint64_t last_seq; //  The recorder's thread only
} stand_in_t;

static int
s_append (void *context, const store_record_t *records, size_t count, store_verdict_t *verdicts)
{
    stand_in_t *self = context;
    if (atomic_load (&self->fails))
        return -1;
    for (size_t i = 0; i < count; i++) {
        const uint64_t *data = records[i].data;
        bool as_sent = records[i].seq == self->last_seq + 1 && *data == records[i].seq &&
                       strcmp (records[i].node, "n1") == 0;
        if (!as_sent)
            atomic_store (&self->in_order, false);
        self->last_seq = records[i].seq;
        verdicts[i] = STORE_ADDED;
    }
    atomic_fetch_add (&self->appended, count);
    return 0;
}

static void
s_tell (void *context, const store_record_t *record, store_verdict_t verdict)
{
    stand_in_t *self = context;
    (void) record;
    atomic_fetch_add (&self->told, verdict == STORE_ADDED);
}

static void
s_failing (void *context, bool failing)
{
    stand_in_t *self = context;
    (void) failing;
    atomic_fetch_add (&self->changes, 1);
}

static recorder_t *
s_start (stand_in_t *store)
{
    memset (store, 0, sizeof *store);
    atomic_store (&store->in_order, true);
    const recorder_ops_t ops = {
        .append = s_append, .tell = s_tell, .failing = s_failing, .context = store};
    return recorder_new (&ops);
}

static int
s_submit (recorder_t *recorder, uint64_t seq)
{
    const store_record_t record = {
        .node = "n1", .epoch = 1, .seq = seq, .span_s = 1, .data = &seq, .size = sizeof seq};
    return recorder_submit (recorder, &record);
}

static void
test_everything_queued_is_written_in_order (void **state)
{
    (void) state;
    stand_in_t store;
    recorder_t *recorder = s_start (&store);
    for (uint64_t seq = 1; seq <= 5000; seq++)
        assert_int_equal (s_submit (recorder, seq), 0);
    recorder_destroy (&recorder);
    assert_int_equal (store.appended, 5000);
    assert_int_equal (store.told, 5000);
    assert_true (store.in_order);
}

static void
test_a_flush_writes_what_fills_no_batch (void **state)
{
    (void) state;
    stand_in_t store;
    recorder_t *recorder = s_start (&store);
    for (uint64_t seq = 1; seq <= 3; seq++)
        s_submit (recorder, seq);
    recorder_flush (recorder);
    while (atomic_load (&store.appended) < 3)
        sched_yield ();
    assert_true (store.in_order);
    recorder_destroy (&recorder);
}

static void
test_a_failing_store_fills_the_queue_and_loses_nothing_of_it (void **state)
{
    (void) state;
    stand_in_t store;
    recorder_stats_t stats;
    recorder_t *recorder = s_start (&store);
    atomic_store (&store.fails, true);
    uint64_t accepted = 0;
    while (s_submit (recorder, accepted + 1) == 0)
        accepted++;
    recorder_flush (recorder);
    assert_true (accepted >= RECORDER_MAX_FRAMES);
    assert_true (accepted <= RECORDER_MAX_FRAMES + RECORDER_BATCH_FRAMES);
    do
        recorder_stats (recorder, &stats);
    while (stats.failures == 0);
    assert_true (stats.failing && stats.failures > 0);
    assert_int_equal (stats.refused, 1);
    atomic_store (&store.fails, false);
    recorder_destroy (&recorder);
    assert_int_equal (store.appended, accepted);
    assert_true (store.in_order);
    assert_int_equal (store.changes, 2);
}

static void
test_what_queued_up_meanwhile_is_one_batch (void **state)
{
    (void) state;
    stand_in_t store;
    recorder_stats_t stats;
    recorder_t *recorder = s_start (&store);
    atomic_store (&store.fails, true);
    s_submit (recorder, 1);
    recorder_flush (recorder);
    do
        recorder_stats (recorder, &stats);
    while (stats.failures == 0);
    for (uint64_t seq = 2; seq <= 5 * BUNDLE_RECORDS; seq++)
        s_submit (recorder, seq);
    recorder_flush (recorder);
    atomic_store (&store.fails, false);
    while (atomic_load (&store.told) < 5 * BUNDLE_RECORDS)
        sched_yield ();
    recorder_stats (recorder, &stats);
    assert_int_equal (stats.batches, 2);
    assert_true (store.in_order);
    recorder_destroy (&recorder);
}

static void
test_settled_are_the_records_the_store_took_and_no_others (void **state)
{
    (void) state;
    stand_in_t store;
    recorder_stats_t stats;
    recorder_t *recorder = s_start (&store);
    atomic_store (&store.fails, true);
    for (uint64_t seq = 1; seq <= 3; seq++)
        s_submit (recorder, seq);
    recorder_flush (recorder);
    do
        recorder_stats (recorder, &stats);
    while (stats.failures == 0);
    assert_int_equal (recorder_submitted (recorder), 3);
    assert_int_equal (recorder_settled (recorder), 0);
    atomic_store (&store.fails, false);
    while (recorder_settled (recorder) < 3)
        sched_yield ();
    assert_int_equal (atomic_load (&store.appended), 3);
    recorder_destroy (&recorder);
}

static void
test_ends_although_the_store_fails (void **state)
{
    (void) state;
    stand_in_t store;
    recorder_t *recorder = s_start (&store);
    atomic_store (&store.fails, true);
    s_submit (recorder, 1);
    recorder_destroy (&recorder);
    assert_int_equal (store.appended, 0);
}

//  --- The bundle alone ------------------------------------------------------------------------

static void
test_a_bundle_takes_any_record_until_it_is_full (void **state)
{
    (void) state;
    static uint8_t payload[FRAME_MAX_BYTES];
    bundle_t *bundle = bundle_new ();
    store_record_t record = {.node = "n1", .seq = 1, .data = payload, .size = sizeof payload};
    memset (payload, 7, sizeof payload);
    while (bundle_add (bundle, &record) == 0)
        record.seq++;
    assert_int_equal (bundle->count, BUNDLE_BYTES / FRAME_MAX_BYTES - 1); //  Names need room too
    for (size_t i = 0; i < bundle->count; i++) {
        assert_string_equal (bundle->records[i].node, "n1");
        assert_int_equal (bundle->records[i].seq, i + 1);
        assert_memory_equal (bundle->records[i].data, payload, sizeof payload);
    }
    bundle_clear (bundle);
    record.size = 1;
    while (bundle_add (bundle, &record) == 0)
        ;
    assert_int_equal (bundle->count, BUNDLE_RECORDS);
    bundle_destroy (&bundle);
}

//  --- The queue alone -------------------------------------------------------------------------

static bool
s_is_readable (const queue_t *queue)
{
    struct pollfd item = {.fd = queue_fd (queue), .events = POLLIN};
    return poll (&item, 1, 0) == 1;
}

static void
test_queue_is_readable_while_it_holds_something (void **state)
{
    (void) state;
    queue_t *queue = queue_new (2, 100);
    void *item;
    assert_false (s_is_readable (queue));
    queue_push (queue, strdup ("a"), 1);
    queue_push (queue, strdup ("b"), 1);
    assert_true (s_is_readable (queue));
    assert_int_equal (queue_pop (queue, &item, 1), 1);
    assert_string_equal (item, "a");
    free (item);
    assert_true (s_is_readable (queue));
    assert_int_equal (queue_pop (queue, &item, 1), 1);
    free (item);
    assert_false (s_is_readable (queue));
    assert_int_equal (queue_pop (queue, &item, 1), 0);
    queue_destroy (&queue);
}

static void
test_queue_is_bounded_in_items_and_in_bytes (void **state)
{
    (void) state;
    queue_t *queue = queue_new (2, 100);
    queue_stats_t stats;
    char *item = strdup ("too much");
    assert_int_equal (queue_push (queue, item, 101), -1);
    assert_int_equal (queue_push (queue, strdup ("a"), 100), 0);
    assert_int_equal (queue_push (queue, item, 1), -1);
    queue_stats (queue, &stats);
    assert_int_equal (stats.items, 1);
    assert_int_equal (stats.bytes, 100);
    assert_int_equal (stats.refused, 2);
    free (item);
    queue_destroy (&queue);
}

static void
test_a_closed_queue_takes_nothing_more_and_stays_readable (void **state)
{
    (void) state;
    queue_t *queue = queue_new (4, 100);
    void *item;
    char *late = strdup ("late");
    queue_push (queue, strdup ("a"), 1);
    queue_close (queue);
    assert_int_equal (queue_push (queue, late, 1), -1);
    assert_int_equal (queue_pop (queue, &item, 1), 1);
    free (item);
    free (late);
    assert_true (s_is_readable (queue) && queue_is_closed (queue));
    queue_destroy (&queue);
}

static void *
s_push_1000 (void *argument)
{
    queue_t *queue = argument;
    for (int i = 0; i < 1000;) {
        char *item = malloc (1);
        if (queue_push (queue, item, 1) == 0)
            i++;
        else
            free (item);
    }
    return NULL;
}

static void
test_writers_on_several_threads_lose_nothing (void **state)
{
    (void) state;
    queue_t *queue = queue_new (50, 1000);
    pthread_t writers[3];
    size_t taken = 0;
    for (int i = 0; i < 3; i++)
        pthread_create (&writers[i], NULL, s_push_1000, queue);
    while (taken < 3000) {
        void *items[16];
        size_t count = queue_pop (queue, items, 16);
        for (size_t i = 0; i < count; i++)
            free (items[i]);
        taken += count;
    }
    for (int i = 0; i < 3; i++)
        pthread_join (writers[i], NULL);
    assert_false (s_is_readable (queue));
    queue_destroy (&queue);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_everything_queued_is_written_in_order),
        cmocka_unit_test (test_a_flush_writes_what_fills_no_batch),
        cmocka_unit_test (test_a_bundle_takes_any_record_until_it_is_full),
        cmocka_unit_test (test_a_failing_store_fills_the_queue_and_loses_nothing_of_it),
        cmocka_unit_test (test_what_queued_up_meanwhile_is_one_batch),
        cmocka_unit_test (test_settled_are_the_records_the_store_took_and_no_others),
        cmocka_unit_test (test_ends_although_the_store_fails),
        cmocka_unit_test (test_queue_is_readable_while_it_holds_something),
        cmocka_unit_test (test_queue_is_bounded_in_items_and_in_bytes),
        cmocka_unit_test (test_a_closed_queue_takes_nothing_more_and_stays_readable),
        cmocka_unit_test (test_writers_on_several_threads_lose_nothing),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
