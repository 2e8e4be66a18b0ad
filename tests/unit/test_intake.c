//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about broker/intake: whom it connects to, which frames it takes, what it finds missing.
#include "tests/unit/test_intake.h"

static void
s_send_bytes (const void *topic, size_t topic_size, const void *data, size_t size, size_t parts)
{
    const intake_message_t message = {
        .topic = topic, .topic_size = topic_size, .data = data, .size = size, .parts = parts};
    intake_received (s_intake, "n1", &message, s_now ());
}

//  --- Nodes -----------------------------------------------------------------------------------

static void
test_an_announced_worker_is_connected_to_once (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_announce ("n1", A);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 1);
    assert_string_equal (s_seen.endpoint, A);
    assert_int_equal (s_seen.status.state, STATE_NEVER_SEEN);
}

static void
test_a_second_worker_of_a_live_name_is_refused_and_shown (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_now_s++;
    s_send (1);
    s_announce ("n1", B);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 1);
    assert_int_equal (s_seen.status.refused, 1);
    assert_string_equal (s_seen.status.publish_endpoint, A);
    assert_non_null (strstr (s_seen.notice, B));
    assert_non_null (strstr (s_seen.notice, "a second worker"));
}

static void
test_a_name_is_not_passed_on_before_its_first_frame_could_come (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_announce ("n1", B);
    s_now_s += 2;
    s_announce ("n1", B);
    assert_string_equal (s_seen.endpoint, A);
}

static void
test_a_worker_that_moved_is_followed_once_the_old_place_is_silent (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (1);
    s_tick (s_now_s + 3);
    s_announce ("n1", B);
    assert_int_equal (s_seen.counts[INTAKE_DISCONNECT], 1);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 2);
    assert_string_equal (s_seen.endpoint, B);
}

static void
test_a_listed_worker_stays_where_the_list_says (void **state)
{
    (void) state;
    assert_int_equal (intake_add_listed (s_intake, "n1", A, s_now ()), 0);
    s_tick (s_now_s + 60);
    s_announce ("n1", B);
    assert_int_equal (s_seen.counts[INTAKE_DISCONNECT], 0);
    assert_string_equal (s_seen.endpoint, A);
}

static void
test_a_connection_that_cannot_be_made_is_tried_again (void **state)
{
    (void) state;
    s_seen.cannot_connect = true;
    intake_add_listed (s_intake, "n1", A, s_now ());
    s_announce ("n2", B);
    s_seen.cannot_connect = false;
    s_announce ("n2", B);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 3);
    s_announce ("n2", B);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 3);
    s_tick (s_now_s + 5);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 5);
}

static void
test_a_silent_node_is_connected_to_afresh_and_a_live_one_is_not (void **state)
{
    (void) state;
    s_announce ("n1", A);
    for (uint64_t seq = 1; seq <= 20; seq++) {
        s_tick (s_now_s + 1);
        s_send (seq);
    }
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 1);
    for (int i = 0; i < 20; i++)
        s_tick (s_now_s + 1);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 1 + 4);
    assert_int_equal (s_seen.counts[INTAKE_DISCONNECT], 0);
}

static void
test_a_lost_connection_is_shown (void **state)
{
    (void) state;
    s_announce ("n1", A);
    intake_cut (s_intake, "n1");
    intake_cut (s_intake, "unknown");
    assert_int_equal (s_seen.status.cuts, 1);
    assert_string_equal (s_seen.notice,
                         "n1: the connection to tcp://127.0.0.1:7101 was lost (1 so far)");
}

static void
test_a_stored_node_is_silent_until_it_is_announced (void **state)
{
    (void) state;
    const store_node_t stored = {.node = "n1", .frames = 7};
    const store_range_t range = {.epoch = EPOCH, .first_seq = 1, .last_seq = 7};
    intake_add_stored (s_intake, &stored, &range, 1);
    assert_int_equal (s_seen.status.state, STATE_SILENT);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 0);
    s_announce ("n1", A);
    assert_int_equal (s_seen.counts[INTAKE_CONNECT], 1);
}

static void
test_announcements_with_unusable_endpoints_are_refused (void **state)
{
    (void) state;
    static const char *endpoints[] = {"",
                                      "inproc://broker",
                                      "tcp://worker.example.org:7101",
                                      "tcp://*:7101",
                                      "tcp://127.0.0.1",
                                      "tcp://127.0.0.1:0",
                                      "pgm://239.1.1.1:7101",
                                      "tcp://127.0.0.1:71 01"};
    for (size_t i = 0; i < sizeof endpoints / sizeof endpoints[0]; i++)
        s_announce ("n1", endpoints[i]);
    intake_stats_t stats;
    intake_stats (s_intake, &stats);
    assert_int_equal (stats.refused_announcements, sizeof endpoints / sizeof endpoints[0]);
    assert_int_equal (stats.nodes, 0);
    assert_true (announced_endpoint_is_acceptable ("tcp://[::1]:7101"));
    assert_true (announced_endpoint_is_acceptable ("ipc:///run/kpulse/n1"));
}

static void
test_names_that_never_send_do_not_keep_others_out (void **state)
{
    (void) state;
    intake_stats_t stats;
    s_announce ("a", A);
    s_announce ("b", A);
    s_announce ("c", A);
    s_announce ("n1", A);
    intake_stats (s_intake, &stats);
    assert_int_equal (stats.nodes, MAX_NODES);
    assert_int_equal (stats.refused_announcements, 1);
    s_tick (s_now_s + 60);
    assert_int_equal (s_seen.counts[INTAKE_FORGET], MAX_NODES);
    assert_int_equal (s_seen.counts[INTAKE_DISCONNECT], MAX_NODES);
    s_announce ("n1", A);
    assert_string_equal (s_seen.status.node, "n1");
}

static void
test_a_node_with_frames_is_never_forgotten (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (1);
    s_tick (s_now_s + 86400);
    assert_int_equal (s_seen.counts[INTAKE_FORGET], 0);
}

static void
test_a_node_is_silent_after_three_seconds_and_live_with_the_next_frame (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (1);
    assert_int_equal (s_seen.status.state, STATE_LIVE);
    s_tick (s_now_s + 2);
    assert_int_equal (s_seen.status.state, STATE_LIVE);
    s_tick (s_now_s + 1);
    assert_int_equal (s_seen.status.state, STATE_SILENT);
    assert_string_equal (s_seen.notice, "n1 is silent: no frame for 3 s");
    s_send (2);
    assert_int_equal (s_seen.status.state, STATE_LIVE);
}

//  --- Frames ----------------------------------------------------------------------------------

static void
test_a_new_frame_is_relayed_and_recorded (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (1);
    assert_int_equal (s_seen.counts[INTAKE_RELAY], 1);
    assert_int_equal (s_seen.counts[INTAKE_RECORD], 1);
    assert_int_equal (s_seen.counts[INTAKE_GAP], 0);
    assert_int_equal (s_seen.status.seq, 1);
    assert_int_equal (s_seen.status.lag_ns, 0);
    assert_true (s_seen.status.cpu_percent > 0.19 && s_seen.status.cpu_percent < 0.21);
}

static void
test_a_repeated_frame_is_left_to_the_store_and_not_relayed (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (1);
    s_send (1);
    assert_int_equal (s_seen.counts[INTAKE_RELAY], 1);
    assert_int_equal (s_seen.counts[INTAKE_RECORD], 2);
}

static void
test_missing_frames_are_named (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (1);
    s_send (5);
    assert_int_equal (s_seen.counts[INTAKE_GAP], 1);
    assert_int_equal (s_seen.gap.epoch, EPOCH);
    assert_int_equal (s_seen.gap.first_seq, 2);
    assert_int_equal (s_seen.gap.last_seq, 4);
    intake_stats_t stats;
    intake_stats (s_intake, &stats);
    assert_int_equal (stats.gaps, 1);
    assert_int_equal (stats.missing, 3);
}

static void
test_missing_frames_are_told_at_once_and_then_every_ten_seconds (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (1);
    unsigned before = s_seen.counts[INTAKE_NOTICE];
    for (uint64_t seq = 3; seq <= 21; seq += 2)
        s_send (seq);
    assert_int_equal (s_seen.counts[INTAKE_NOTICE], before + 1);
    assert_string_equal (s_seen.notice, "n1: 1 frame missing (seq 2 to 2)");
    s_tick (109);
    assert_string_equal (s_seen.notice, "n1 is silent: no frame for 3 s");
    s_tick (110);
    assert_string_equal (s_seen.notice, "n1: 9 frames missing, in 9 gaps");
    assert_int_equal (s_seen.counts[INTAKE_GAP], 10); //  Backfill hears of each
    s_tick (130);
    assert_int_equal (s_seen.counts[INTAKE_NOTICE], before + 3);
}

static void
test_missing_frames_of_any_claim_are_counted_to_the_greatest_number (void **state)
{
    (void) state;
    s_announce ("n1", A);
    for (uint64_t epoch = 1; epoch <= 3; epoch++) {
        const intake_message_t message = s_make ("n1", "n1", EPOCH + epoch, UINT64_MAX - 1);
        intake_received (s_intake, "n1", &message, s_now ());
    }
    intake_stats_t stats;
    intake_stats (s_intake, &stats);
    assert_int_equal (stats.gaps, 3);
    assert_true (stats.missing == UINT64_MAX);
}

static void
test_the_beginning_of_an_epoch_can_be_missing (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (3);
    assert_int_equal (s_seen.gap.first_seq, 1);
    assert_int_equal (s_seen.gap.last_seq, 2);
}

static void
test_what_was_missed_while_the_broker_was_away_is_a_gap (void **state)
{
    (void) state;
    const store_node_t stored = {.node = "n1"};
    const store_range_t ranges[] = {{.epoch = EPOCH, .first_seq = 1, .last_seq = 7},
                                    {.epoch = EPOCH, .first_seq = 9, .last_seq = 10}};
    intake_add_stored (s_intake, &stored, ranges, 2);
    s_announce ("n1", A);
    s_send (21);
    assert_int_equal (s_seen.gap.first_seq, 11);
    assert_int_equal (s_seen.gap.last_seq, 20);
    s_send (10);
    assert_int_equal (s_seen.counts[INTAKE_RELAY], 1);
    s_send (8);
    assert_int_equal (s_seen.counts[INTAKE_RELAY], 2);
}

static void
test_what_retention_took_is_not_missing_after_a_restart (void **state)
{
    (void) state;
    const store_node_t all_gone = {.node = "n1", .expired_epoch = EPOCH, .expired_seq = 7};
    const store_node_t some_gone = {.node = "n2", .expired_epoch = EPOCH, .expired_seq = 7};
    const store_range_t range = {.epoch = EPOCH, .first_seq = 8, .last_seq = 9};
    intake_add_stored (s_intake, &all_gone, NULL, 0);
    intake_add_stored (s_intake, &some_gone, &range, 1);
    s_announce ("n1", A);
    s_send (8);
    s_announce ("n2", B);
    s_send_as ("n2", "n2", "n2", EPOCH, 10);
    assert_int_equal (s_seen.counts[INTAKE_GAP], 0);
    s_send (10);
    assert_int_equal (s_seen.gap.first_seq, 9);
}

static void
test_a_late_frame_fills_its_gap (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (1);
    s_send (3);
    s_send (2);
    assert_int_equal (s_seen.counts[INTAKE_GAP], 1);
    assert_int_equal (s_seen.counts[INTAKE_RELAY], 3);
    s_send (2);
    assert_int_equal (s_seen.counts[INTAKE_RELAY], 3);
}

static void
test_a_full_queue_makes_a_gap (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (1);
    s_seen.queue_is_full = true;
    s_send (2);
    assert_int_equal (s_seen.counts[INTAKE_RELAY], 2);
    assert_int_equal (s_seen.gap.first_seq, 2);
    assert_int_equal (s_seen.gap.last_seq, 2);
    s_tick (s_now_s);
    assert_int_equal (s_seen.status.dropped, 1);
}

static void
test_a_flood_is_cut_off_and_heals (void **state)
{
    (void) state;
    s_announce ("n1", A);
    for (uint64_t seq = 1; seq <= INTAKE_BURST_FRAMES + 100; seq++)
        s_send (seq);
    intake_stats_t stats;
    intake_stats (s_intake, &stats);
    assert_int_equal (stats.relayed, INTAKE_BURST_FRAMES);
    assert_int_equal (stats.flooded, 100);
    s_now_s++;
    s_send (INTAKE_BURST_FRAMES + 101);
    assert_int_equal (s_seen.recorded_seq, INTAKE_BURST_FRAMES + 101);
    assert_int_equal (s_seen.gap.last_seq, INTAKE_BURST_FRAMES + 100);
}

static void
s_send_long (uint64_t epoch, uint32_t span_s)
{
    static uint8_t data[FRAME_MAX_BYTES];
    frame_t frame = {.node = "n1",
                     .version = "0.1.0",
                     .epoch = epoch,
                     .seq = 1,
                     .start_wall_s = 1795000000,
                     .span_s = span_s};
    const intake_message_t message = {.topic = "n1/",
                                      .topic_size = 3,
                                      .data = data,
                                      .size = frame_encode (&frame, data, sizeof data),
                                      .parts = 2};
    intake_received (s_intake, "n1", &message, s_now ());
}

//  130 bytes that say they cover a day cost the store 1440 rows.
static void
test_frames_that_cover_much_time_are_fewer_in_a_flood (void **state)
{
    (void) state;
    s_announce ("n1", A);
    for (uint64_t i = 0; i < 10; i++)
        s_send_long (EPOCH + i, FRAME_MAX_SPAN_S);
    intake_stats_t stats;
    intake_stats (s_intake, &stats);
    assert_int_equal (stats.relayed, 1);
    assert_int_equal (stats.flooded, 9);
    s_now_s += 100;
    s_send_long (EPOCH + 10, FRAME_MAX_SPAN_S);
    intake_stats (s_intake, &stats);
    assert_int_equal (stats.relayed, 2);
}

//  --- What is no frame of the node ------------------------------------------------------------

static void
test_garbage_is_refused_and_counted (void **state)
{
    (void) state;
    static const uint8_t garbage[FRAME_MAX_BYTES + 1];
    s_announce ("n1", A);
    s_send_bytes ("n1/", 3, "", 0, 2);
    s_send_bytes ("n1/", 3, garbage, 700, 2);
    s_send_bytes ("n1/", 3, garbage, sizeof garbage, 2);
    s_send_bytes ("", 0, "", 0, 1);
    s_send_bytes ("n1/", 3, garbage, 10, 3);
    intake_stats_t stats;
    intake_stats (s_intake, &stats);
    assert_int_equal (stats.refused, 5);
    assert_int_equal (s_seen.counts[INTAKE_RELAY] + s_seen.counts[INTAKE_RECORD], 0);
    assert_int_equal (s_seen.status.refused, 5);
    assert_non_null (strstr (s_seen.notice, A));
    assert_int_equal (s_seen.counts[INTAKE_NOTICE], 2); //  Told the 1st, 10th, 100th time
}

static void
test_a_node_cannot_speak_for_another (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_announce ("n2", B);
    s_send_as ("n2", "n1", "n1", EPOCH, 1);
    s_send_as ("n2", "n2", "n1", EPOCH, 2);
    s_send_as ("n2", "n1", "n2", EPOCH, 3);
    assert_int_equal (s_seen.counts[INTAKE_RECORD], 0);
    s_send (1);
    assert_int_equal (s_seen.recorded_seq, 1);
}

static void
test_extreme_names_of_frames_poison_nothing (void **state)
{
    (void) state;
    s_announce ("n1", A);
    s_send (1);
    s_send (UINT64_MAX);
    s_send_as ("n1", "n1", "n1", UINT64_MAX, UINT64_MAX);
    s_send (2);
    s_send (UINT64_MAX);
    s_send (3);
    assert_int_equal (s_seen.recorded_seq, 3);
    assert_int_equal (s_seen.counts[INTAKE_RELAY], 5);
}

static void
test_many_epochs_and_gaps_take_no_more_memory (void **state)
{
    (void) state;
    s_announce ("n1", A);
    for (uint64_t i = 0; i < 1500; i++) {
        s_now_s++;
        s_send_as ("n1", "n1", "n1", EPOCH + i / 100, 2 * (i % 100) + 1);
    }
    assert_int_equal (s_seen.counts[INTAKE_RELAY], 1500);
    assert_int_equal (s_seen.counts[INTAKE_GAP], 1500 - 15);
    //  The latest gaps are remembered, and filled only once.
    s_send_as ("n1", "n1", "n1", EPOCH + 14, 198);
    s_send_as ("n1", "n1", "n1", EPOCH + 14, 198);
    assert_int_equal (s_seen.counts[INTAKE_RELAY], 1501);
}

#define TEST(name) cmocka_unit_test_setup_teardown (name, s_setup, s_teardown)

int
main (void)
{
    const struct CMUnitTest tests[] = {
        TEST (test_an_announced_worker_is_connected_to_once),
        TEST (test_a_second_worker_of_a_live_name_is_refused_and_shown),
        TEST (test_a_name_is_not_passed_on_before_its_first_frame_could_come),
        TEST (test_a_worker_that_moved_is_followed_once_the_old_place_is_silent),
        TEST (test_a_listed_worker_stays_where_the_list_says),
        TEST (test_a_connection_that_cannot_be_made_is_tried_again),
        TEST (test_a_silent_node_is_connected_to_afresh_and_a_live_one_is_not),
        TEST (test_a_lost_connection_is_shown),
        TEST (test_a_stored_node_is_silent_until_it_is_announced),
        TEST (test_announcements_with_unusable_endpoints_are_refused),
        TEST (test_names_that_never_send_do_not_keep_others_out),
        TEST (test_a_node_with_frames_is_never_forgotten),
        TEST (test_a_node_is_silent_after_three_seconds_and_live_with_the_next_frame),
        TEST (test_a_new_frame_is_relayed_and_recorded),
        TEST (test_a_repeated_frame_is_left_to_the_store_and_not_relayed),
        TEST (test_missing_frames_are_named),
        TEST (test_missing_frames_are_told_at_once_and_then_every_ten_seconds),
        TEST (test_missing_frames_of_any_claim_are_counted_to_the_greatest_number),
        TEST (test_the_beginning_of_an_epoch_can_be_missing),
        TEST (test_what_was_missed_while_the_broker_was_away_is_a_gap),
        TEST (test_what_retention_took_is_not_missing_after_a_restart),
        TEST (test_a_late_frame_fills_its_gap),
        TEST (test_a_full_queue_makes_a_gap),
        TEST (test_a_flood_is_cut_off_and_heals),
        TEST (test_frames_that_cover_much_time_are_fewer_in_a_flood),
        TEST (test_garbage_is_refused_and_counted),
        TEST (test_a_node_cannot_speak_for_another),
        TEST (test_extreme_names_of_frames_poison_nothing),
        TEST (test_many_epochs_and_gaps_take_no_more_memory),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
