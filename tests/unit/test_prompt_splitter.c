//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about cutting typed or piped text into statements.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/splitter.h"

static void
s_note (splitter_t *splitter, splitter_state_t state, char *result, size_t capacity)
{
    size_t length, used = strlen (result);
    const char *statement = splitter_text (splitter, &length);
    if (state == SPLITTER_COMMAND) {
        snprintf (result + used, capacity - used, "<%s>", splitter_command (splitter));
        splitter_resume (splitter);
        return;
    }
    snprintf (result + used, capacity - used, "[%.*s]", (int) length, statement);
    splitter_next (splitter);
}

//  Join what the splitter makes of a text, "[one][two]"; a command is "<\command>", and what stands
//  before it of a statement is kept.
static const char *
s_split (const char *text, size_t size)
{
    static char result[1024];
    result[0] = '\0';
    splitter_t *splitter = splitter_new ();
    for (size_t i = 0; i <= size; i++) {
        splitter_state_t state =
            i < size ? splitter_put (splitter, text[i]) : splitter_end (splitter);
        if (state == SPLITTER_MORE)
            continue;
        s_note (splitter, state, result, sizeof result);
        if (state == SPLITTER_COMMAND && i == size)
            i--; //  There may be a statement too
    }
    splitter_destroy (&splitter);
    return result;
}

static void
s_assert_split (const char *text, const char *expected)
{
    assert_string_equal (s_split (text, strlen (text)), expected);
}

static void
test_semicolons_end_statements_and_the_last_needs_none (void **state)
{
    (void) state;
    s_assert_split ("a; b ;\n c\nd", "[a][b][c\nd]");
    s_assert_split ("", "");
    s_assert_split (" ;; \n ; ", "");
}

static void
test_quotes_hide_semicolons (void **state)
{
    (void) state;
    s_assert_split ("a ';' b; \"c;d\"", "[a ';' b][\"c;d\"]");
    s_assert_split ("'it''s; one'; two", "['it''s; one'][two]");
    s_assert_split ("a 'never closed; b", "[a 'never closed; b]");
}

static void
test_comments_hide_semicolons_and_are_no_statements (void **state)
{
    (void) state;
    s_assert_split ("a -- not; this\n b; c", "[a -- not; this\n b][c]");
    s_assert_split ("-- nothing; at all", "");
    s_assert_split ("--\n;--;\n", "");
    s_assert_split ("-- it's fine\na; b", "[-- it's fine\na][b]");
}

static void
test_dashes_inside_words_are_no_comments (void **state)
{
    (void) state;
    s_assert_split ("select a from web--1; b", "[select a from web--1][b]");
    s_assert_split ("a - b; -", "[a - b][-]");
    s_assert_split ("web-; --x", "[web-]");
}

static void
test_commands_end_with_their_line (void **state)
{
    (void) state;
    s_assert_split ("\\x\nselect a;\\o f;g h\nb", "<\\x>[select a]<\\o f;g h>[b]");
    s_assert_split ("  \\q", "<\\q>");
    s_assert_split ("\\! echo 'a\nb", "<\\! echo 'a>[b]");
}

static void
test_a_command_leaves_the_statement_before_it (void **state)
{
    (void) state;
    s_assert_split ("select a\n from b \\watch 2\nlimit 1;",
                    "<\\watch 2>[select a\n from b limit 1]");
    s_assert_split ("a \\x", "<\\x>[a]");
}

static void
test_quotes_and_comments_hide_commands (void **state)
{
    (void) state;
    s_assert_split ("a 'b\\c'; -- \\x\nd", "[a 'b\\c'][-- \\x\nd]");
}

static void
test_a_command_too_long_is_reported_and_the_next_is_read (void **state)
{
    (void) state;
    splitter_t *splitter = splitter_new ();
    splitter_put (splitter, '\\');
    for (size_t i = 0; i < COMMAND_MAX_BYTES; i++)
        assert_int_equal (splitter_put (splitter, 'x'), SPLITTER_MORE);
    assert_int_equal (splitter_put (splitter, '\n'), SPLITTER_TOO_LONG);
    splitter_next (splitter);
    splitter_put (splitter, '\\');
    assert_int_equal (splitter_put (splitter, '\n'), SPLITTER_COMMAND);
    assert_string_equal (splitter_command (splitter), "\\");
    splitter_destroy (&splitter);
}

static void
test_any_byte_may_come (void **state)
{
    (void) state;
    splitter_t *splitter = splitter_new ();
    for (int i = 0; i < 3; i++)
        for (int byte = 0; byte < 256; byte++)
            if (splitter_put (splitter, (char) byte) != SPLITTER_MORE)
                splitter_next (splitter);
    splitter_end (splitter);
    splitter_destroy (&splitter);
    assert_string_equal (s_split ("a\0;b", 4), "[a]["
                                               "b]");
}

static void
test_a_statement_too_long_is_skipped_and_the_next_is_read (void **state)
{
    (void) state;
    splitter_t *splitter = splitter_new ();
    for (size_t i = 0; i <= STATEMENT_MAX_BYTES; i++)
        assert_int_equal (splitter_put (splitter, 'x'), SPLITTER_MORE);
    assert_int_equal (splitter_put (splitter, ';'), SPLITTER_TOO_LONG);
    splitter_next (splitter);
    splitter_put (splitter, 'y');
    assert_int_equal (splitter_put (splitter, ';'), SPLITTER_STATEMENT);
    size_t size;
    assert_memory_equal (splitter_text (splitter, &size), "y", 1);
    assert_int_equal (size, 1);
    splitter_destroy (&splitter);
}

static void
test_a_statement_knows_its_line (void **state)
{
    (void) state;
    const char *text = "a;\n\n  b\nc;";
    splitter_t *splitter = splitter_new ();
    size_t lines[2] = {0}, count = 0;
    for (const char *c = text; *c; c++)
        if (splitter_put (splitter, *c) == SPLITTER_STATEMENT) {
            lines[count++] = splitter_line (splitter);
            splitter_next (splitter);
        }
    assert_int_equal (lines[0], 1);
    assert_int_equal (lines[1], 3);
    splitter_destroy (&splitter);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_semicolons_end_statements_and_the_last_needs_none),
        cmocka_unit_test (test_quotes_hide_semicolons),
        cmocka_unit_test (test_comments_hide_semicolons_and_are_no_statements),
        cmocka_unit_test (test_dashes_inside_words_are_no_comments),
        cmocka_unit_test (test_commands_end_with_their_line),
        cmocka_unit_test (test_a_command_leaves_the_statement_before_it),
        cmocka_unit_test (test_quotes_and_comments_hide_commands),
        cmocka_unit_test (test_a_command_too_long_is_reported_and_the_next_is_read),
        cmocka_unit_test (test_any_byte_may_come),
        cmocka_unit_test (test_a_statement_too_long_is_skipped_and_the_next_is_read),
        cmocka_unit_test (test_a_statement_knows_its_line),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
