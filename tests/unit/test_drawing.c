//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about drawings over one another, keys, and the ranking of nodes.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/drawing.h"
#include "subscriber/live_ranking.h"
#include "subscriber/terminal.h"

static const screen_t s_terminal = {.is_terminal = true, .columns = 6, .rows = 4, .utf8 = true};

static void
s_assert_drawn (drawing_t *drawing, const char *text, const screen_t *screen, const char *expected)
{
    char *bytes = NULL;
    size_t size = 0;
    FILE *out = open_memstream (&bytes, &size);
    drawing_show (drawing, text, screen, out);
    fclose (out);
    assert_string_equal (bytes, expected);
    free (bytes);
}

//  --- drawings --------------------------------------------------------------------------------

static void
test_a_drawing_goes_over_the_one_before (void **state)
{
    (void) state;
    drawing_t drawing = {0};
    s_assert_drawn (&drawing, "one\ntwo\n", &s_terminal, "one\033[K\ntwo\033[K\n\033[J");
    s_assert_drawn (&drawing, "three\n", &s_terminal, "\033[2A\rthree\033[K\n\033[J");
    s_assert_drawn (&drawing, "four\n", &s_terminal, "\033[1A\rfour\033[K\n\033[J");
}

static void
test_a_drawing_is_cut_to_the_screen (void **state)
{
    (void) state;
    drawing_t drawing = {0};
    s_assert_drawn (&drawing, "1234567\n\n▁▂▃▄▅▆▇\n", &s_terminal,
                    "123456\033[K\n\033[K\n▁▂▃▄▅▆\033[K\n\033[J");
}

static void
test_a_drawing_too_high_tells_how_much_is_cut (void **state)
{
    (void) state;
    const screen_t screen = {.is_terminal = true, .columns = 15, .rows = 4};
    drawing_t drawing = {0};
    s_assert_drawn (&drawing, "1\n2\n3\n4\n5\n", &screen,
                    "1\033[K\n2\033[K\n-- 3 lines more\033[K\n\033[J");
    s_assert_drawn (&drawing, "1\n2\n3\n", &screen, "\033[3A\r1\033[K\n2\033[K\n3\033[K\n\033[J");
}

static void
test_escape_sequences_take_no_room (void **state)
{
    (void) state;
    drawing_t drawing = {0};
    s_assert_drawn (&drawing, "\033[48;2;1;2;3m123\033[0m456\033[1m78\n", &s_terminal,
                    "\033[48;2;1;2;3m123\033[0m456\033[1m\033[K\n\033[J");
}

static void
test_a_resized_screen_is_cleared (void **state)
{
    (void) state;
    const screen_t wider = {.is_terminal = true, .columns = 9, .rows = 4};
    drawing_t drawing = {0};
    s_assert_drawn (&drawing, "one\n", &s_terminal, "one\033[K\n\033[J");
    s_assert_drawn (&drawing, "one\n", &wider, "\033[H\033[Jone\033[K\n\033[J");
}

static void
test_a_full_drawing_fills_the_last_line_and_does_not_scroll (void **state)
{
    (void) state;
    drawing_t drawing = {.is_full = true, .columns = 6, .rows = 4};
    s_assert_drawn (&drawing, "1\n2\n3\n4\n5\n", &s_terminal,
                    "\033[H1\033[K\n2\033[K\n3\033[K\n4\033[K\033[J");
}

static void
test_elsewhere_drawings_follow_one_another (void **state)
{
    (void) state;
    const screen_t none = {.columns = 3, .rows = 1};
    drawing_t drawing = {0};
    s_assert_drawn (&drawing, "12345\n6\n", &none, "12345\n6\n");
    setenv ("TERM", "dumb", 1);
    s_assert_drawn (&drawing, "12345\n6\n", &s_terminal, "12345\n6\n");
    setenv ("TERM", "xterm", 1);
}

//  --- keys ------------------------------------------------------------------------------------

static void
test_keys_are_read_from_their_sequences (void **state)
{
    (void) state;
    static const struct {
        const char *bytes;
        int key;
    } known[] = {{"q", 'q'},
                 {"\033", KEY_ESCAPE},
                 {"\033[A", KEY_UP},
                 {"\033OB", KEY_DOWN},
                 {"\033[5~", KEY_PAGE_UP},
                 {"\033[6~", KEY_PAGE_DOWN},
                 {"\033[H", KEY_HOME},
                 {"\033[4~", KEY_END},
                 {"\033[1;5C", KEY_RIGHT},
                 {"\033[15~", KEY_OTHER},
                 {"\033[200~", KEY_OTHER},
                 {"\033[Z", KEY_OTHER},
                 {"\033[12", KEY_OTHER}};
    size_t used;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        size_t size = strlen (known[i].bytes);
        assert_int_equal (terminal_decode (known[i].bytes, size, &used), known[i].key);
        assert_int_equal (used, size);
    }
    assert_int_equal (terminal_decode ("\303\244", 2, &used), 0303);
    assert_int_equal (used, 1);
    assert_int_equal (terminal_decode ("\033[Aq", 4, &used), KEY_UP);
    assert_int_equal (used, 3);
}

//  --- ranking ---------------------------------------------------------------------------------

static void
s_rank (live_ranking_t *ranking, const char *node, uint64_t ns, int64_t second, uint64_t missed)
{
    frame_t frame = {.start_wall_s = second, .span_s = 1};
    strcpy (frame.node, node);
    frame.metrics[METRIC_runqlat].measured = true;
    if (ns > 0)
        histogram_add (&frame.metrics[METRIC_runqlat].histogram, ns);
    live_windows_t *windows = live_windows_new (0, METRIC_ALL);
    const live_sample_t sample = {
        .frame = &frame, .held = live_windows_add (windows, &frame), .news.missed = missed};
    live_ranking_add (ranking, &sample, METRIC_ALL);
    live_windows_destroy (&windows);
}

static void
s_assert_order (live_ranking_t *ranking, rank_order_t order, bool reversed, const char *filter,
                const char *expected)
{
    const live_rank_t *const *ranks;
    char names[256] = "";
    size_t count = live_ranking_sort (ranking, METRIC_runqlat, order, reversed, filter, &ranks);
    for (size_t i = 0; i < count; i++)
        strcat (strcat (names, i ? " " : ""), ranks[i]->node);
    assert_string_equal (names, expected);
}

static void
test_nodes_are_sorted_and_those_without_events_are_last (void **state)
{
    (void) state;
    live_ranking_t *ranking = live_ranking_new ();
    s_rank (ranking, "web1", 1000, 10, 0);
    s_rank (ranking, "web2", 9000, 10, 2);
    s_rank (ranking, "db1", 4000, 10, 0);
    s_rank (ranking, "idle", 0, 10, 0);
    s_assert_order (ranking, BY_P99, false, "", "web2 db1 web1 idle");
    s_assert_order (ranking, BY_P99, true, "", "idle web1 db1 web2");
    s_assert_order (ranking, BY_NODE_NAME, false, "", "db1 idle web1 web2");
    s_assert_order (ranking, BY_MISSED, false, "", "web2 db1 idle web1");
    s_assert_order (ranking, BY_P99, false, "eb", "web2 web1");
    s_assert_order (ranking, BY_P99, false, "*1", "db1 web1");
    s_assert_order (ranking, BY_P99, false, "nobody", "");
    live_ranking_destroy (&ranking);
}

static void
test_the_history_has_a_place_for_every_second (void **state)
{
    (void) state;
    const live_rank_t *const *ranks;
    live_ranking_t *ranking = live_ranking_new ();
    s_rank (ranking, "n1", 1000, 10, 0);
    s_rank (ranking, "n1", 0, 11, 0);
    s_rank (ranking, "n1", 2000, 14, 2);
    assert_int_equal (live_ranking_sort (ranking, METRIC_runqlat, BY_P99, false, "", &ranks), 1);
    const double *newest = &ranks[0]->metrics[METRIC_runqlat].history_ns[LIVE_RANKING_HISTORY - 1];
    assert_true (newest[0] > 1900 && newest[-4] > 950 && newest[-4] < 1050);
    assert_true (newest[-1] == LIVE_RANKING_UNKNOWN && newest[-2] == LIVE_RANKING_UNKNOWN);
    assert_true (newest[-3] == 0 && isnan (newest[-5]));
    assert_int_equal (ranks[0]->missed, 2);
    live_ranking_destroy (&ranking);
}

int
main (void)
{
    setenv ("TERM", "xterm", 1);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_a_drawing_goes_over_the_one_before),
        cmocka_unit_test (test_a_drawing_is_cut_to_the_screen),
        cmocka_unit_test (test_a_drawing_too_high_tells_how_much_is_cut),
        cmocka_unit_test (test_escape_sequences_take_no_room),
        cmocka_unit_test (test_a_resized_screen_is_cleared),
        cmocka_unit_test (test_a_full_drawing_fills_the_last_line_and_does_not_scroll),
        cmocka_unit_test (test_elsewhere_drawings_follow_one_another),
        cmocka_unit_test (test_keys_are_read_from_their_sequences),
        cmocka_unit_test (test_nodes_are_sorted_and_those_without_events_are_last),
        cmocka_unit_test (test_the_history_has_a_place_for_every_second),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
