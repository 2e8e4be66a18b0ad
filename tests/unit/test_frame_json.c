//  SPDX-License-Identifier: GPL-2.0-or-later
//  frame_json: the golden frames' texts come from elsewhere; what is wrong in a text is named. Run
//  from the root of the tree.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "schema/frame_json.h"

static char s_text[FRAME_JSON_MAX_BYTES + 1];
static char s_error[FRAME_JSON_ERROR_MAX + 1];
static frame_t s_frame;

static void
s_load (const char *name)
{
    char path[128];
    snprintf (path, sizeof path, "schema/golden/frame_v1_%s.json", name);
    FILE *file = fopen (path, "r");
    if (!file)
        fail_msg ("%s: run this test from the root of the tree", path);
    s_text[fread (s_text, 1, sizeof s_text - 1, file)] = '\0';
    fclose (file);
}

static int
s_decode (void)
{
    s_error[0] = '\0';
    return frame_json_decode (&s_frame, s_text, strlen (s_text), s_error);
}

//  In the text loaded, put new in place of the first old.
static void
s_replace (const char *old, const char *new)
{
    char *place = strstr (s_text, old);
    assert_non_null (place);
    memmove (place + strlen (new), place + strlen (old), strlen (place + strlen (old)) + 1);
    memcpy (place, new, strlen (new));
}

//  The idle golden frame with one change is refused, and the error says why.
static void
s_expect_refused (const char *old, const char *new, const char *part_of_error)
{
    s_load ("idle");
    s_replace (old, new);
    assert_int_equal (s_decode (), -1);
    if (!strstr (s_error, part_of_error))
        fail_msg ("refused because \"%s\", not \"%s\"", s_error, part_of_error);
}

static void
test_frame_json_of_golden_frames_is_read_and_written_the_same (void **state)
{
    (void) state;
    static const char *const names[] = {"busy", "cgroup", "extreme",   "idle",
                                        "pid",  "span3",  "unmeasured"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        s_load (names[i]);
        if (s_decode ())
            fail_msg ("%s: %s", names[i], s_error);
        char *text = frame_json_encode (&s_frame);
        s_text[strcspn (s_text, "\n")] = '\0';
        assert_string_equal (text, s_text);
        free (text);
    }
}

static void
test_frame_json_members_may_be_in_any_order (void **state)
{
    (void) state;
    s_load ("unmeasured");
    s_replace ("\"version\":1,", "");
    s_replace ("\"seq\":1,", "\"version\":1, \"seq\" : 1,\n");
    if (s_decode ())
        fail_msg ("%s", s_error);
}

static void
test_frame_json_names_what_is_missing (void **state)
{
    (void) state;
    s_expect_refused ("\"seq\":1,", "", "13 members");
    s_expect_refused ("\"seq\":1,", "\"sequence\":1,", "\"seq\" is missing");
    s_expect_refused ("\"bpf_ns\":0", "\"x\":0", "\"bpf_ns\" is missing");
    s_expect_refused ("\"buckets\"", "\"bucket\"", "\"buckets\" is missing");
    s_expect_refused ("\"kind\"", "\"sort\"", "\"kind\" is missing");
    s_expect_refused ("\"clock\":{", "\"clock\":1,\"x\":{", "members");
    s_expect_refused ("\"synchronised\":true", "\"synchronised\":1", "synchronised");
    s_expect_refused ("\"node\":\"n1\"", "\"node\":1", "\"node\" is missing");
}

static void
test_frame_json_refuses_members_it_does_not_know (void **state)
{
    (void) state;
    s_expect_refused ("\"seq\":1,", "\"seq\":1,\"more\":1,", "15 members");
    s_expect_refused ("\"discards\":0,", "\"discards\":0,\"more\":1,", "6 members");
    s_expect_refused ("\"offcpu\"", "\"offcup\"", "\"offcup\" is no metric");
    s_expect_refused ("\"cpudist\"", "\"cpu\"", "\"cpu\" is no metric");
    s_expect_refused ("\"kind\":\"all\"", "\"kind\":\"all\",\"pid\":1", "\"scope\" has 2 members");
    s_expect_refused ("\"seq\":1,", "\"seq\":1,\"seq\":1,", "duplicate");
}

static void
test_frame_json_refuses_numbers_out_of_range (void **state)
{
    (void) state;
    s_expect_refused ("\"seq\":1,", "\"seq\":-1,", "\"seq\"");
    s_expect_refused ("\"seq\":1,", "\"seq\":1.5,", "\"seq\"");
    s_expect_refused ("\"seq\":1,", "\"seq\":\"18446744073709551616\",", "\"seq\"");
    s_expect_refused ("\"seq\":1,", "\"seq\":\"-1\",", "\"seq\"");
    s_expect_refused ("\"seq\":1,", "\"seq\":\"1x\",", "\"seq\"");
    s_expect_refused ("\"span_s\":1,", "\"span_s\":86401,", "\"span_s\" is greater than 86400");
    s_expect_refused ("\"version\":1,", "\"version\":2,", "version 2 is unknown");
}

static void
test_frame_json_refuses_buckets_out_of_order_or_range (void **state)
{
    (void) state;
    s_expect_refused ("[85,2],[92,1]", "[92,1],[85,2]", "bucket 1");
    s_expect_refused ("[85,2]", "[514,2]", "bucket 0");
    s_expect_refused ("[85,2]", "[85,0]", "bucket 0");
    s_expect_refused ("[85,2]", "[85]", "bucket 0");
    s_expect_refused ("[85,2]", "85", "bucket 0");
}

static void
test_frame_json_refuses_what_the_wire_would (void **state)
{
    (void) state;
    s_expect_refused ("[85,2]", "[85,3]", "add up");
    s_expect_refused ("\"node\":\"n1\"", "\"node\":\"n 1\"", "name");
    s_expect_refused ("\"seq\":1,", "\"seq\":0,", "0");
}

static void
test_frame_json_refuses_what_is_no_json (void **state)
{
    (void) state;
    s_expect_refused ("{", "", "byte");
    s_expect_refused ("0}}", "0}}}", "end of file");
    s_expect_refused ("{", "[", "byte");
    memset (s_text, '[', FRAME_JSON_MAX_BYTES);
    s_text[FRAME_JSON_MAX_BYTES] = '\0';
    assert_int_equal (s_decode (), -1);
    assert_int_equal (frame_json_decode (&s_frame, s_text, sizeof s_text, s_error), -1);
    assert_non_null (strstr (s_error, "longer"));
    assert_int_equal (frame_json_decode (&s_frame, "", 0, s_error), -1);
    assert_int_equal (frame_json_decode (&s_frame, "[]", 2, s_error), -1);
}

static void
test_frame_json_is_not_made_of_what_is_no_frame (void **state)
{
    (void) state;
    const frame_t nothing = {0};
    assert_null (frame_json_encode (&nothing));
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_frame_json_of_golden_frames_is_read_and_written_the_same),
        cmocka_unit_test (test_frame_json_members_may_be_in_any_order),
        cmocka_unit_test (test_frame_json_names_what_is_missing),
        cmocka_unit_test (test_frame_json_refuses_members_it_does_not_know),
        cmocka_unit_test (test_frame_json_refuses_numbers_out_of_range),
        cmocka_unit_test (test_frame_json_refuses_buckets_out_of_order_or_range),
        cmocka_unit_test (test_frame_json_refuses_what_the_wire_would),
        cmocka_unit_test (test_frame_json_refuses_what_is_no_json),
        cmocka_unit_test (test_frame_json_is_not_made_of_what_is_no_frame),
    };
    return cmocka_run_group_tests_name ("frame_json", tests, NULL, NULL);
}
