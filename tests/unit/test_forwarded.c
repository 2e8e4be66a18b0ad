//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about forwarders in broker/intake: which nodes they may bring, how many, how fast.
#include "tests/unit/test_intake.h"

#define FORWARDER     "tcp://127.0.0.1:7100"
#define OTHER         "tcp://127.0.0.1:9100"
#define MAX_FORWARDED 5
#define RATE          1000

static intake_forwarder_t *s_forwarder, *s_other;

static int
s_setup_forwarders (void **state)
{
    s_setup (state);
    intake_allow_forwarded (s_intake, MAX_FORWARDED, RATE);
    intake_add_forwarder (s_intake, FORWARDER, s_now ());
    s_forwarder = s_seen.forwarder;
    intake_add_forwarder (s_intake, OTHER, s_now ());
    s_other = s_seen.forwarder;
    return 0;
}

static void
s_forward (intake_forwarder_t *forwarder, const char *node, uint64_t seq)
{
    const intake_message_t message = s_make (node, node, EPOCH, seq);
    intake_forwarded (s_intake, forwarder, &message, s_now ());
}

static intake_stats_t
s_stats (void)
{
    intake_stats_t stats;
    intake_stats (s_intake, &stats);
    return stats;
}

static void
test_a_forwarder_brings_many_nodes_over_one_connection (void **state)
{
    (void) state;
    s_forward (s_forwarder, "n1", 1);
    assert_string_equal (s_seen.notice, "the forwarder " FORWARDER " brings n1 (1 node so far)");
    s_forward (s_forwarder, "n2", 1);
    s_forward (s_forwarder, "n1", 2);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 2); //  To the forwarders
    assert_int_equal (s_seen.counts[INTAKE_RECORD], 3);
    assert_int_equal (s_seen.counts[INTAKE_RELAY], 3);
    s_tick (s_now_s);
    assert_string_equal (s_seen.status.publish_endpoint, FORWARDER);
    assert_string_equal (s_seen.status.answer_endpoint, "");
    assert_int_equal (s_stats ().nodes, 2);
    assert_int_equal (s_stats ().forwarded, 3);
}

static void
test_gaps_of_forwarded_nodes_are_noticed (void **state)
{
    (void) state;
    s_forward (s_forwarder, "n1", 1);
    s_forward (s_forwarder, "n1", 5);
    assert_int_equal (s_seen.gap.first_seq, 2);
    assert_int_equal (s_seen.gap.last_seq, 4);
}

//  --- Whom it may speak for -------------------------------------------------------------------

static void
test_a_forwarder_cannot_speak_for_a_listed_worker (void **state)
{
    (void) state;
    intake_add_listed (s_intake, "n1", A, s_now ());
    s_tick (s_now_s + 60);
    s_forward (s_forwarder, "n1", 1);
    assert_int_equal (s_seen.counts[INTAKE_RECORD], 0);
    assert_int_equal (s_stats ().refused, 1);
    assert_non_null (strstr (s_seen.notice, "the list of workers says where that node is"));
}

static void
test_a_forwarder_cannot_speak_for_a_node_with_a_live_worker (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (1);
    s_forward (s_forwarder, "n1", 2);
    assert_int_equal (s_seen.recorded_seq, 1);
    assert_non_null (strstr (s_seen.notice, "that node has a worker of its own"));
    s_tick (s_now_s + 3);
    s_forward (s_forwarder, "n1", 2);
    assert_int_equal (s_seen.recorded_seq, 2);
    assert_int_equal (s_seen.counts[INTAKE_DISCONNECT], 1);
}

static void
test_a_node_stays_with_one_forwarder_while_that_one_brings_it (void **state)
{
    (void) state;
    s_forward (s_forwarder, "n1", 1);
    s_forward (s_other, "n1", 2);
    assert_int_equal (s_seen.recorded_seq, 1);
    assert_non_null (strstr (s_seen.notice, "another forwarder brings that node"));
    s_tick (s_now_s + 3);
    s_forward (s_other, "n1", 2);
    assert_int_equal (s_seen.recorded_seq, 2);
}

static void
test_a_forwarded_node_gets_a_worker_once_the_forwarder_is_silent (void **state)
{
    (void) state;
    s_forward (s_forwarder, "n1", 1);
    s_announce ("n1", A);
    assert_int_equal (s_stats ().refused_announcements, 1);
    s_tick (s_now_s + 3);
    s_announce ("n1", A);
    assert_string_equal (s_seen.endpoint, A);
    s_send (2);
    assert_int_equal (s_seen.recorded_seq, 2);
    s_forward (s_forwarder, "n1", 3);
    assert_int_equal (s_seen.recorded_seq, 2);
}

static void
test_what_is_no_frame_of_the_topics_node_is_refused_and_adds_none (void **state)
{
    (void) state;
    const intake_message_t misnamed = s_make ("n1", "n2", EPOCH, 1);
    intake_forwarded (s_intake, s_forwarder, &misnamed, s_now ());
    intake_message_t garbage = s_make ("n1", "n1", EPOCH, 1);
    garbage.size--;
    intake_forwarded (s_intake, s_forwarder, &garbage, s_now ());
    intake_message_t alone = s_make ("n1", "n1", EPOCH, 1);
    alone.parts = 1;
    intake_forwarded (s_intake, s_forwarder, &alone, s_now ());
    assert_int_equal (s_stats ().refused, 3);
    assert_int_equal (s_stats ().nodes, 0);
}

//  --- How many, how fast ----------------------------------------------------------------------

static void
test_forwarded_nodes_are_bounded_and_leave_room_for_workers (void **state)
{
    (void) state;
    char node[8];
    for (int i = 0; i < MAX_NODES + MAX_FORWARDED + 2; i++) {
        snprintf (node, sizeof node, "f%d", i);
        s_forward (s_forwarder, node, 1);
    }
    assert_int_equal (s_stats ().nodes, MAX_FORWARDED);
    assert_int_equal (s_stats ().refused, MAX_NODES + 2);
    for (int i = 0; i < MAX_NODES; i++) {
        snprintf (node, sizeof node, "w%d", i);
        s_announce (node, A);
        assert_string_equal (s_seen.status.node, node);
    }
    s_announce ("w9", A);
    assert_int_equal (s_stats ().refused_announcements, 1);
    assert_int_equal (s_stats ().nodes, MAX_NODES + MAX_FORWARDED);
}

static void
test_the_rate_is_that_of_forwarded_nodes (void **state)
{
    (void) state;
    const uint64_t burst = INTAKE_BURST_FRAMES / INTAKE_FRAMES_PER_SECOND * RATE;
    for (uint64_t seq = 1; seq <= burst + 10; seq++)
        s_forward (s_forwarder, "n1", seq);
    assert_int_equal (s_stats ().relayed, burst);
    assert_int_equal (s_stats ().flooded, 10);
    s_now_s++;
    for (uint64_t seq = burst + 11; seq <= burst + 10 + RATE + 10; seq++)
        s_forward (s_forwarder, "n1", seq);
    assert_int_equal (s_stats ().relayed, burst + RATE);
    s_forward (s_forwarder, "n2", 1);
    assert_int_equal (s_stats ().relayed, burst + RATE + 1);
}

static void
test_forwarded_nodes_are_known_after_a_restart (void **state)
{
    (void) state;
    char node[8];
    for (int i = 0; i < MAX_FORWARDED; i++) {
        store_node_t stored = {.frames = 7};
        const store_range_t range = {.epoch = EPOCH, .first_seq = 1, .last_seq = 7};
        snprintf (stored.node, sizeof stored.node, "f%d", i);
        intake_add_stored (s_intake, &stored, &range, 1);
    }
    for (int i = 0; i < MAX_FORWARDED; i++) {
        snprintf (node, sizeof node, "f%d", i);
        s_forward (s_forwarder, node, 8);
    }
    assert_int_equal (s_stats ().relayed, MAX_FORWARDED);
    assert_int_equal (s_stats ().gaps, 0);
}

//  --- Its connection --------------------------------------------------------------------------

static void
test_a_silent_forwarder_is_connected_to_afresh_and_a_live_one_is_not (void **state)
{
    (void) state;
    for (uint64_t seq = 1; seq <= 20; seq++) {
        s_tick (s_now_s + 1);
        s_forward (s_forwarder, "n1", seq);
    }
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 2 + 4); //  The other one, every 5 s
    assert_ptr_equal (s_seen.forwarder, s_other);
}

static void
test_a_forwarder_that_is_not_listened_to_is_not_silent (void **state)
{
    (void) state;
    s_forward (s_forwarder, "n1", 1);
    for (int i = 0; i < 20; i++) {
        s_tick (s_now_s + 1);
        intake_forwarders_held (s_intake, s_now ());
    }
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 2);
    s_tick (s_now_s + 4);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 2);
    s_tick (s_now_s + 1);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 4);
}

static void
test_a_lost_forwarder_is_counted_and_told (void **state)
{
    (void) state;
    intake_forwarder_cut (s_intake, s_forwarder);
    assert_int_equal (s_stats ().cuts, 1);
    assert_string_equal (
        s_seen.notice, "the connection to the forwarder tcp://127.0.0.1:7100 was lost (1 so far)");
}

static void
test_a_thousand_nodes_fill_no_log (void **state)
{
    (void) state;
    intake_allow_forwarded (s_intake, 1000, RATE);
    for (int i = 0; i < 1000; i++) {
        char node[8];
        snprintf (node, sizeof node, "f%d", i);
        s_forward (s_forwarder, node, 1);
    }
    s_tick (s_now_s + 3);
    assert_int_equal (s_stats ().live_nodes, 0);
    assert_int_equal (s_seen.counts[INTAKE_NOTICE], 4); //  The 1st, 10th, 100th and 1000th node
}

static void
test_gaps_of_a_thousand_nodes_fill_no_log (void **state)
{
    (void) state;
    intake_allow_forwarded (s_intake, 1000, RATE);
    for (int i = 0; i < 1000; i++) {
        char node[8];
        snprintf (node, sizeof node, "f%d", i);
        s_forward (s_forwarder, node, 3);
    }
    assert_int_equal (s_seen.counts[INTAKE_GAP], 1000);
    assert_int_equal (s_seen.counts[INTAKE_NOTICE], 4 + 1);
    s_tick (s_now_s + 10);
    assert_string_equal (s_seen.notice,
                         "nodes that come by " FORWARDER ": 1998 frames missing, in 999 gaps");
    assert_int_equal (s_seen.counts[INTAKE_NOTICE], 4 + 2);
    s_tick (s_now_s + 100);
    assert_int_equal (s_seen.counts[INTAKE_NOTICE], 4 + 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup_forwarders, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_a_forwarder_brings_many_nodes_over_one_connection),
        TEST (test_gaps_of_forwarded_nodes_are_noticed),
        TEST (test_a_forwarder_cannot_speak_for_a_listed_worker),
        TEST (test_a_forwarder_cannot_speak_for_a_node_with_a_live_worker),
        TEST (test_a_node_stays_with_one_forwarder_while_that_one_brings_it),
        TEST (test_a_forwarded_node_gets_a_worker_once_the_forwarder_is_silent),
        TEST (test_what_is_no_frame_of_the_topics_node_is_refused_and_adds_none),
        TEST (test_forwarded_nodes_are_bounded_and_leave_room_for_workers),
        TEST (test_the_rate_is_that_of_forwarded_nodes),
        TEST (test_forwarded_nodes_are_known_after_a_restart),
        TEST (test_a_silent_forwarder_is_connected_to_afresh_and_a_live_one_is_not),
        TEST (test_a_forwarder_that_is_not_listened_to_is_not_silent),
        TEST (test_a_lost_forwarder_is_counted_and_told),
        TEST (test_a_thousand_nodes_fill_no_log),
        TEST (test_gaps_of_a_thousand_nodes_fill_no_log),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
