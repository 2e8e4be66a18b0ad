//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about a store's buffers: they grow with the nodes, and are as large after a restart.
//  RocksDB writes down what it was told, in the newest of its files OPTIONS-NUMBER.
#include "test_store.h"

#include <glob.h>

#define MIB   (1u << 20)
#define NODES 3000 //  Whose frames of a minute take some 90 MiB

//  The number that a setting of the first family has, or of the second.
static unsigned long
s_read_setting (const fixture_t *fixture, const char *name, unsigned family)
{
    char pattern[256], line[512];
    unsigned long value = 0;
    glob_t found;
    snprintf (pattern, sizeof pattern, "%s/OPTIONS-*", fixture->path);
    assert_int_equal (glob (pattern, 0, NULL, &found), 0);
    FILE *file = fopen (found.gl_pathv[found.gl_pathc - 1], "r");
    assert_non_null (file);
    for (unsigned at = 0; at <= family && fgets (line, sizeof line, file);) {
        const char *text = line + strspn (line, " ");
        if (strncmp (text, name, strlen (name)) == 0 && text[strlen (name)] == '=' &&
            at++ == family)
            value = strtoul (text + strlen (name) + 1, NULL, 10);
    }
    fclose (file);
    globfree (&found);
    return value;
}

static void
s_append_nodes (const fixture_t *fixture)
{
    for (unsigned i = 0; i < NODES; i++) {
        char node[16];
        snprintf (node, sizeof node, "n%u", i);
        append_one (fixture->store, record (node, 1, 1, 100, "some frame"));
    }
}

static void
s_assert_large (const fixture_t *fixture)
{
    for (unsigned family = 0; family < 2; family++)
        assert_int_equal (s_read_setting (fixture, "write_buffer_size", family), 16 * MIB);
    assert_int_equal (s_read_setting (fixture, "level0_file_num_compaction_trigger", 1), 16);
}

static void
test_buffers_grow_with_the_nodes_and_are_as_large_after_a_restart (void **state)
{
    fixture_t *fixture = *state;
    assert_int_equal (s_read_setting (fixture, "write_buffer_size", 0), MIB);
    assert_int_equal (s_read_setting (fixture, "write_buffer_size", 1), MIB);
    s_append_nodes (fixture);
    s_assert_large (fixture);
    reopen (fixture);
    s_assert_large (fixture);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown (
            test_buffers_grow_with_the_nodes_and_are_as_large_after_a_restart, set_up, tear_down),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
