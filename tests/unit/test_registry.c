//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about broker/registry and the tables of query/show that are made of it. Meant for
//  ThreadSanitizer as well.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <stdatomic.h>
#include <cmocka.h>
#include "broker/registry.h"

static registry_place_t *
s_put_at (registry_t *registry, registry_place_t *place, const char *name, uint64_t seq)
{
    show_node_t node = {.state = STATE_LIVE, .seq = seq, .has_frame = true};
    snprintf (node.node, sizeof node.node, "%s", name);
    return registry_put (registry, place, &node);
}

static void
s_put (registry_t *registry, const char *name, uint64_t seq)
{
    s_put_at (registry, NULL, name, seq);
}

static void
test_nodes_are_in_order_of_name (void **state)
{
    (void) state;
    registry_t *registry = registry_new ();
    static const char *names[] = {"n2", "n10", "a", "z", "n1", "n2"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        s_put (registry, names[i], i);
    registry_remove (registry, "z");
    registry_remove (registry, "unknown");
    show_node_t *nodes;
    assert_int_equal (registry_copy (registry, &nodes), 4);
    assert_string_equal (nodes[0].node, "a");
    assert_string_equal (nodes[1].node, "n1");
    assert_string_equal (nodes[2].node, "n10");
    assert_string_equal (nodes[3].node, "n2");
    assert_int_equal (nodes[3].seq, 5);
    free (nodes);
    assert_true (registry_knows (registry, "n10"));
    assert_false (registry_knows (registry, "z"));
    registry_destroy (&registry);
}

static void
test_a_node_is_put_where_it_was_whoever_left_meanwhile (void **state)
{
    (void) state;
    registry_t *registry = registry_new ();
    registry_place_t *first = s_put_at (registry, NULL, "n1", 1);
    registry_place_t *last = s_put_at (registry, NULL, "n3", 3);
    s_put (registry, "n2", 2);
    registry_remove (registry, "n2");
    assert_ptr_equal (s_put_at (registry, first, "n1", 11), first);
    assert_ptr_equal (s_put_at (registry, last, "n3", 13), last);
    assert_ptr_equal (s_put_at (registry, NULL, "n3", 23), last);
    show_node_t *nodes;
    assert_int_equal (registry_copy (registry, &nodes), 2);
    assert_int_equal (nodes[0].seq, 11);
    assert_int_equal (nodes[1].seq, 23);
    free (nodes);
    registry_destroy (&registry);
}

static void
test_verdicts_outlast_a_new_state (void **state)
{
    (void) state;
    registry_t *registry = registry_new ();
    s_put (registry, "n1", 1);
    registry_count (registry, "n1", STORE_DUPLICATE);
    registry_count (registry, "n1", STORE_DUPLICATE);
    registry_count (registry, "n1", STORE_CONFLICT);
    registry_count (registry, "n1", STORE_ADDED);
    registry_count (registry, "unknown", STORE_CONFLICT);
    s_put (registry, "n1", 2);
    show_node_t *nodes;
    assert_int_equal (registry_copy (registry, &nodes), 1);
    assert_int_equal (nodes[0].duplicates, 2);
    assert_int_equal (nodes[0].conflicts, 1);
    assert_int_equal (nodes[0].seq, 2);
    free (nodes);
    registry_destroy (&registry);
}

typedef struct {
    registry_t *registry;
    atomic_bool done;
} shared_t;

static void *
s_read_until_done (void *argument)
{
    shared_t *shared = argument;
    while (!atomic_load (&shared->done)) {
        show_node_t *nodes;
        size_t count = registry_copy (shared->registry, &nodes);
        for (size_t i = 0; i < count; i++)
            assert_int_equal (nodes[i].state, STATE_LIVE);
        free (nodes);
    }
    return NULL;
}

static void
test_readers_and_writers_on_other_threads_see_whole_nodes (void **state)
{
    (void) state;
    shared_t shared = {.registry = registry_new ()};
    pthread_t reader;
    pthread_create (&reader, NULL, s_read_until_done, &shared);
    for (uint64_t i = 0; i < 2000; i++) {
        char name[16];
        snprintf (name, sizeof name, "n%u", (unsigned) (i % 40));
        s_put (shared.registry, name, i);
        registry_count (shared.registry, name, STORE_DUPLICATE);
        if (i % 7 == 0)
            registry_remove (shared.registry, name);
    }
    atomic_store (&shared.done, true);
    pthread_join (reader, NULL);
    registry_destroy (&shared.registry);
}

//  --- Tables ----------------------------------------------------------------------------------

static size_t
s_column (const table_t *table, const char *name)
{
    for (size_t i = 0; i < table_columns (table); i++)
        if (strcmp (table_column_name (table, i), name) == 0)
            return i;
    fail_msg ("no column %s", name);
    return 0;
}

static const cell_t *
s_cell (const table_t *table, size_t row, const char *name)
{
    return table_cell (table, row, s_column (table, name));
}

static void
test_a_node_without_frames_shows_nulls_not_zeros (void **state)
{
    (void) state;
    table_t *table = show_nodes_new ();
    const show_node_t node = {.node = "n1", .state = STATE_NEVER_SEEN};
    show_nodes_add (table, &node);
    static const char *names[] = {"source", "scope", "last_frame_end", "lag", "clock",
                                  "rss",    "epoch", "cpu_percent",    "seq", "publishes"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal (s_cell (table, 0, names[i])->kind, CELL_NULL);
    assert_string_equal (s_cell (table, 0, "state")->value.text, "never seen");
    table_destroy (&table);
}

static void
test_a_frame_is_shown_with_its_units (void **state)
{
    (void) state;
    show_node_t node = {.node = "n1", .state = STATE_LIVE};
    const frame_t frame = {.epoch = UINT64_MAX,
                           .seq = 9,
                           .start_wall_s = 1000,
                           .span_s = 2,
                           .duration_mono_ns = 2000000000,
                           .cost = {.cpu_ns = 5000000, .rss_bytes = 21000000},
                           .scope = {.kind = SCOPE_PID, .pid = 3327},
                           .source = FRAME_FROM_SYNTHETIC};
    show_node_set_frame (&node, &frame, 1002 * 1000000000LL + 5000);
    table_t *table = show_nodes_new ();
    show_nodes_add (table, &node);
    assert_int_equal (s_cell (table, 0, "last_frame_end")->value.integer, 1002);
    assert_int_equal (s_cell (table, 0, "lag")->value.integer, 5000);
    assert_int_equal (table_column_unit (table, s_column (table, "lag")), UNIT_NANOSECONDS);
    assert_int_equal (table_column_unit (table, s_column (table, "rss")), UNIT_BYTES);
    assert_true (s_cell (table, 0, "cpu_percent")->value.real == 0.25);
    assert_string_equal (s_cell (table, 0, "scope")->value.text, "pid 3327");
    assert_string_equal (s_cell (table, 0, "source")->value.text, "synthetic");
    assert_string_equal (s_cell (table, 0, "epoch")->value.text, "18446744073709551615");
    table_destroy (&table);
}

static void
test_a_frame_of_the_year_9999_that_took_no_time_is_shown (void **state)
{
    (void) state;
    show_node_t node = {.node = "n1"};
    const frame_t frame = {.start_wall_s = 253402300799, .span_s = 1, .cost = {.cpu_ns = 1}};
    show_node_set_frame (&node, &frame, 1795000000 * 1000000000LL);
    assert_true (node.lag_ns < 0);
    assert_true (node.cpu_percent == 0);
}

static void
test_a_lost_stretch_is_shown_with_what_it_held (void **state)
{
    (void) state;
    const store_gap_t gap = {.lost = true,
                             .cause = LOSS_EXPIRED,
                             .range = {.epoch = 7, .first_seq = 6, .last_seq = 8},
                             .from_wall_s = 106,
                             .until_wall_s = 109,
                             .seconds = 3,
                             .totals = METRIC_BIT (METRIC_runqlat) | METRIC_BIT (METRIC_pidpersec),
                             .counts = {[METRIC_runqlat] = 4211, [METRIC_pidpersec] = 0},
                             .sums = {[METRIC_runqlat] = 38000000}};
    table_t *table = show_gaps_new ();
    show_gaps_add (table, "n1", &gap);
    assert_string_equal (s_cell (table, 0, "state")->value.text, "lost");
    assert_string_equal (s_cell (table, 0, "cause")->value.text, "expired");
    assert_string_equal (s_cell (table, 0, "epoch")->value.text, "7");
    assert_int_equal (s_cell (table, 0, "frames")->value.integer, 3);
    assert_int_equal (s_cell (table, 0, "seconds")->value.integer, 3);
    assert_int_equal (s_cell (table, 0, "runqlat_count")->value.integer, 4211);
    assert_true (s_cell (table, 0, "runqlat_sum")->value.sum == 38000000);
    assert_int_equal (s_cell (table, 0, "pidpersec_count")->value.integer, 0);
    assert_int_equal (s_cell (table, 0, "cpudist_count")->kind, CELL_NULL);
    table_destroy (&table);
}

static void
test_unknown_seconds_are_shown_without_names (void **state)
{
    (void) state;
    const store_gap_t gap = {.from_wall_s = 106, .until_wall_s = 109, .seconds = 3};
    table_t *table = show_gaps_new ();
    show_gaps_add (table, "n1", &gap);
    assert_string_equal (s_cell (table, 0, "state")->value.text, "unknown");
    static const char *names[] = {"cause", "epoch", "first_seq", "last_seq", "frames"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        assert_int_equal (s_cell (table, 0, names[i])->kind, CELL_NULL);
    table_destroy (&table);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_nodes_are_in_order_of_name),
        cmocka_unit_test (test_a_node_is_put_where_it_was_whoever_left_meanwhile),
        cmocka_unit_test (test_verdicts_outlast_a_new_state),
        cmocka_unit_test (test_readers_and_writers_on_other_threads_see_whole_nodes),
        cmocka_unit_test (test_a_node_without_frames_shows_nulls_not_zeros),
        cmocka_unit_test (test_a_frame_is_shown_with_its_units),
        cmocka_unit_test (test_a_frame_of_the_year_9999_that_took_no_time_is_shown),
        cmocka_unit_test (test_a_lost_stretch_is_shown_with_what_it_held),
        cmocka_unit_test (test_unknown_seconds_are_shown_without_names),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
