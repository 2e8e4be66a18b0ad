//  SPDX-License-Identifier: GPL-2.0-or-later
//  message: every kind of header survives the wire; the golden ones come from elsewhere
//  (tests/e2e/make_golden.py). Run from the root of the tree.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "schema/message.h"
#include "tests/unit/test_wire.h"

static uint8_t s_buffer[WIRE_MAX_BYTES];

static message_t
s_pass (const message_t *message)
{
    message_t decoded;
    size_t size = message_encode (message, s_buffer, sizeof s_buffer);
    assert_int_not_equal (size, 0);
    assert_int_equal (message_decode (&decoded, s_reader, s_buffer, size), 0);
    assert_int_equal (decoded.kind, message->kind);
    assert_true (decoded.id == message->id);
    return decoded;
}

#define DECODE(bytes) s_decode ((bytes), sizeof (bytes) - 1)

static int
s_decode (const char *bytes, size_t size)
{
    message_t decoded;
    return message_decode (&decoded, s_reader, bytes, size);
}

static void
test_message_ask_survives_the_wire (void **state)
{
    (void) state;
    const message_t ask = {.kind = MESSAGE_ASK,
                           .id = UINT64_MAX,
                           .form = FORM_PARTIALS,
                           .timeout_ms = UINT32_MAX,
                           .statement = "select\0\xff",
                           .statement_size = 8};
    message_t decoded = s_pass (&ask);
    assert_int_equal (decoded.form, FORM_PARTIALS);
    assert_int_equal (decoded.timeout_ms, UINT32_MAX);
    assert_int_equal (decoded.statement_size, 8);
    assert_memory_equal (decoded.statement, "select\0\xff", 8);
}

static void
test_message_ask_carries_65000_bytes_and_refuses_more (void **state)
{
    (void) state;
    static char statement[STATEMENT_MAX_BYTES + 1];
    memset (statement, ' ', sizeof statement);
    message_t ask = {
        .kind = MESSAGE_ASK, .statement = statement, .statement_size = STATEMENT_MAX_BYTES};
    assert_int_equal (s_pass (&ask).statement_size, STATEMENT_MAX_BYTES);
    ask.statement_size++;
    size_t size = message_encode (&ask, s_buffer, sizeof s_buffer);
    assert_int_equal (s_decode ((char *) s_buffer, size), -1);
}

static void
test_message_tells_who_asked_what_is_too_long_to_be_read (void **state)
{
    (void) state;
    static const size_t sizes[] = {STATEMENT_MAX_BYTES + 1, 65535, 65536, 1u << 20};
    uint8_t *bytes = malloc (1100000);
    char *statement = calloc (1, 1u << 20);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        message_t ask = {.kind = MESSAGE_ASK, .id = 77, .form = FORM_PARTIALS, .timeout_ms = 5};
        message_t decoded;
        ask.statement = statement;
        ask.statement_size = sizes[i];
        size_t size = message_encode (&ask, bytes, 1100000);
        assert_int_equal (message_decode (&decoded, s_reader, bytes, size), -1);
        assert_int_equal (message_decode_long_ask (&decoded, s_reader, bytes, size), 0);
        assert_int_equal (decoded.id, 77);
        assert_int_equal (decoded.statement_size, sizes[i]);
        bytes[3] = 'A';
        assert_int_equal (message_decode_long_ask (&decoded, s_reader, bytes, size), -1);
    }
    free (statement);
    free (bytes);
}

static void
test_message_ask_written_by_hand_is_read (void **state)
{
    (void) state;
    message_t decoded;
    const char bytes[] = "\x96\x01\xa3"
                         "ask\x07\xa4"
                         "rows\xcd\x13\x88\xaa"
                         "show nodes";
    assert_int_equal (message_decode (&decoded, s_reader, bytes, sizeof bytes - 1), 0);
    assert_int_equal (decoded.kind, MESSAGE_ASK);
    assert_int_equal (decoded.id, 7);
    assert_int_equal (decoded.form, FORM_ROWS);
    assert_int_equal (decoded.timeout_ms, 5000);
    assert_memory_equal (decoded.statement, "show nodes", 10);
}

static void
test_message_answer_survives_the_wire (void **state)
{
    (void) state;
    const message_t answer = {.kind = MESSAGE_ANSWER,
                              .id = 3,
                              .form = FORM_ROWS,
                              .since_wall_s = -60,
                              .until_wall_s = 1795420860};
    message_t decoded = s_pass (&answer);
    assert_int_equal (decoded.form, FORM_ROWS);
    assert_int_equal (decoded.since_wall_s, -60);
    assert_int_equal (decoded.until_wall_s, 1795420860);
}

static void
test_message_error_survives_the_wire (void **state)
{
    (void) state;
    const message_t error = {.kind = MESSAGE_ERROR,
                             .code = ERROR_UNKNOWN,
                             .position = 7,
                             .text = "no metric \"cpx\"",
                             .expected = "a metric",
                             .hint = "cpu?"};
    message_t decoded = s_pass (&error);
    assert_int_equal (decoded.code, ERROR_UNKNOWN);
    assert_int_equal (decoded.position, 7);
    assert_string_equal (decoded.text, "no metric \"cpx\"");
    assert_string_equal (decoded.expected, "a metric");
    assert_string_equal (decoded.hint, "cpu?");
}

static void
test_message_error_has_every_code_and_no_position (void **state)
{
    (void) state;
    for (int code = ERROR_SYNTAX; code <= ERROR_INTERNAL; code++) {
        const message_t error = {
            .kind = MESSAGE_ERROR, .code = (error_code_t) code, .position = -1};
        message_t decoded = s_pass (&error);
        assert_int_equal (decoded.code, code);
        assert_int_equal (decoded.position, -1);
    }
}

static void
test_message_error_never_carries_what_a_terminal_obeys (void **state)
{
    (void) state;
    const message_t error = {.kind = MESSAGE_ERROR, .text = "near \"\x1b[2J\xff\""};
    assert_string_equal (s_pass (&error).text, "near \"?[2J?\"");
    assert_int_equal (DECODE ("\x98\x01\xa5"
                              "error\x01\xa4"
                              "busy\xff\xa1\x1b\xa0\xa0"),
                      -1);
}

static void
test_message_announce_survives_the_wire (void **state)
{
    (void) state;
    const message_t announce = {.kind = MESSAGE_ANNOUNCE,
                                .node = "n1",
                                .publish_endpoint = "tcp://127.0.0.1:7101",
                                .answer_endpoint = "tcp://127.0.0.1:7201",
                                .version = "0.1.0"};
    message_t decoded = s_pass (&announce);
    assert_string_equal (decoded.node, "n1");
    assert_string_equal (decoded.publish_endpoint, "tcp://127.0.0.1:7101");
    assert_string_equal (decoded.answer_endpoint, "tcp://127.0.0.1:7201");
    assert_string_equal (decoded.version, "0.1.0");
}

static void
test_message_manifest_and_replay_survive_the_wire (void **state)
{
    (void) state;
    const message_t ask = {.kind = MESSAGE_ASK_MANIFEST,
                           .id = 7,
                           .node = "n1",
                           .from_epoch = UINT64_MAX,
                           .from_seq = 3};
    message_t decoded = s_pass (&ask);
    assert_string_equal (decoded.node, "n1");
    assert_true (decoded.from_epoch == UINT64_MAX && decoded.from_seq == 3);
    s_pass (&(message_t){.kind = MESSAGE_MANIFEST, .id = 7, .node = "n1"});
    const message_kind_t kinds[] = {MESSAGE_ASK_REPLAY, MESSAGE_REPLAY};
    for (int i = 0; i < 2; i++) {
        const message_t replay = {
            .kind = kinds[i], .id = 8, .node = "n1", .range = {5, 1, UINT64_MAX}};
        decoded = s_pass (&replay);
        assert_memory_equal (&decoded.range, &replay.range, sizeof replay.range);
    }
}

static void
test_message_refuses_replays_of_reversed_ranges_and_seq_0 (void **state)
{
    (void) state;
    const seq_range_t wrong[] = {{5, 9, 8}, {5, 0, 8}};
    for (int i = 0; i < 2; i++) {
        const message_t ask = {.kind = MESSAGE_ASK_REPLAY, .node = "n1", .range = wrong[i]};
        size_t size = message_encode (&ask, s_buffer, sizeof s_buffer);
        assert_int_equal (s_decode ((char *) s_buffer, size), -1);
    }
}

static void
test_message_refuses_announcements_of_bad_names (void **state)
{
    (void) state;
    const message_t announce = {.kind = MESSAGE_ANNOUNCE, .node = "n/1"};
    size_t size = message_encode (&announce, s_buffer, sizeof s_buffer);
    assert_int_equal (s_decode ((char *) s_buffer, size), -1);
}

static void
test_message_refuses_other_versions_kinds_and_lengths (void **state)
{
    (void) state;
    assert_int_equal (DECODE ("\x96\x01\xa6"
                              "answer\x01\xa4"
                              "rows\x00\x00"),
                      0);
    assert_int_equal (DECODE ("\x96\x02\xa6"
                              "answer\x01\xa4"
                              "rows\x00\x00"),
                      -1);
    assert_int_equal (DECODE ("\x96\x01\xa6"
                              "answeR\x01\xa4"
                              "rows\x00\x00"),
                      -1);
    assert_int_equal (DECODE ("\x97\x01\xa6"
                              "answer\x01\xa4"
                              "rows\x00\x00\x00"),
                      -1);
    assert_int_equal (DECODE ("\x96\x01\xa6"
                              "answer\x01\xa4"
                              "row \x00\x00"),
                      -1);
    assert_int_equal (DECODE ("\x98\x01\xa5"
                              "error\x01\xa4"
                              "lazy\xff\xa0\xa0\xa0"),
                      -1);
    assert_int_equal (DECODE ("\x98\x01\xa5"
                              "error\x01\xa4"
                              "busy\xfe\xa0\xa0\xa0"),
                      -1);
    assert_int_equal (DECODE ("\x90"), -1);
    assert_int_equal (DECODE ("\xc0"), -1);
}

static void
test_message_refuses_every_truncation_and_a_size_too_small (void **state)
{
    (void) state;
    const message_t error = {.kind = MESSAGE_ERROR, .text = "text", .hint = "hint"};
    uint8_t small[64];
    size_t size = message_encode (&error, s_buffer, sizeof s_buffer);
    assert_in_range (size, 1, sizeof small);
    for (size_t part = 0; part < size; part++) {
        assert_int_equal (s_decode ((char *) s_buffer, part), -1);
        assert_int_equal (message_encode (&error, small, part), 0);
    }
}

static void
test_message_golden_headers_are_read_and_written_the_same (void **state)
{
    (void) state;
    static const char *const names[] = {"message_v1_ask", "message_v1_answer", "message_v1_error",
                                        "message_v1_announce"};
    for (int kind = MESSAGE_ASK; kind <= MESSAGE_ANNOUNCE; kind++) {
        message_t decoded;
        size_t size = s_load_golden (names[kind]);
        assert_int_equal (message_decode (&decoded, s_reader, s_golden, size), 0);
        assert_int_equal (decoded.kind, kind);
        assert_int_equal (message_encode (&decoded, s_buffer, sizeof s_buffer), size);
        assert_memory_equal (s_buffer, s_golden, size);
    }
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_message_golden_headers_are_read_and_written_the_same),
        cmocka_unit_test (test_message_ask_survives_the_wire),
        cmocka_unit_test (test_message_ask_carries_65000_bytes_and_refuses_more),
        cmocka_unit_test (test_message_tells_who_asked_what_is_too_long_to_be_read),
        cmocka_unit_test (test_message_ask_written_by_hand_is_read),
        cmocka_unit_test (test_message_answer_survives_the_wire),
        cmocka_unit_test (test_message_error_survives_the_wire),
        cmocka_unit_test (test_message_error_has_every_code_and_no_position),
        cmocka_unit_test (test_message_error_never_carries_what_a_terminal_obeys),
        cmocka_unit_test (test_message_announce_survives_the_wire),
        cmocka_unit_test (test_message_manifest_and_replay_survive_the_wire),
        cmocka_unit_test (test_message_refuses_replays_of_reversed_ranges_and_seq_0),
        cmocka_unit_test (test_message_refuses_announcements_of_bad_names),
        cmocka_unit_test (test_message_refuses_other_versions_kinds_and_lengths),
        cmocka_unit_test (test_message_refuses_every_truncation_and_a_size_too_small),
    };
    return cmocka_run_group_tests_name ("message", tests, s_set_up, s_tear_down);
}
