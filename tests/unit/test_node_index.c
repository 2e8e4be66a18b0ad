//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about storage/node_index, against a plain array of flags.
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>
#include <xxhash.h>
#include "storage/node_index.h"

#define NAMES 3000

typedef struct {
    char name[16];
} item_t;

static item_t s_items[NAMES];

static int
s_name_items (void **state)
{
    (void) state;
    for (size_t i = 0; i < NAMES; i++)
        snprintf (s_items[i].name, sizeof s_items[i].name, "n%zu", i);
    return 0;
}

static void
test_what_was_added_is_found_and_nothing_else (void **state)
{
    (void) state;
    node_index_t *index = node_index_new ();
    assert_null (node_index_find (index, "n0"));
    for (size_t i = 0; i < NAMES; i++)
        node_index_add (index, s_items[i].name, &s_items[i]);
    for (size_t i = 0; i < NAMES; i++)
        assert_ptr_equal (node_index_find (index, s_items[i].name), &s_items[i]);
    assert_null (node_index_find (index, "n3000"));
    assert_null (node_index_find (index, ""));
    node_index_destroy (&index);
}

static void
test_many_are_found_as_each_of_them_is (void **state)
{
    (void) state;
    node_index_t *index = node_index_new ();
    const char *names[NODE_INDEX_MANY];
    void *items[NODE_INDEX_MANY];
    for (size_t i = 0; i < NAMES; i += 2)
        node_index_add (index, s_items[i].name, &s_items[i]);
    for (size_t count = 0; count <= NODE_INDEX_MANY; count++) {
        for (size_t i = 0; i < count; i++)
            names[i] = s_items[i * 7 + count].name;
        node_index_find_many (index, names, count, items);
        for (size_t i = 0; i < count; i++)
            assert_ptr_equal (items[i], node_index_find (index, names[i]));
    }
    node_index_destroy (&index);
}

//  Every removal moves others: all must still be found after each of many random ones.
static void
test_removing_some_loses_no_others (void **state)
{
    (void) state;
    node_index_t *index = node_index_new ();
    static bool held[NAMES];
    srand (1);
    for (int step = 0; step < 30000; step++) {
        size_t i = (size_t) rand () % 200;
        if (held[i])
            node_index_remove (index, s_items[i].name);
        else
            node_index_add (index, s_items[i].name, &s_items[i]);
        held[i] = !held[i];
        size_t other = (size_t) rand () % 200;
        assert_ptr_equal (node_index_find (index, s_items[other].name),
                          held[other] ? &s_items[other] : NULL);
    }
    for (size_t i = 0; i < NAMES; i++)
        assert_ptr_equal (node_index_find (index, s_items[i].name), held[i] ? &s_items[i] : NULL);
    node_index_destroy (&index);
}

//  Names that would all belong into one slot of the table if the hash were known, and of any
//  smaller one.
static void
test_names_chosen_for_one_slot_do_not_crowd_it (void **state)
{
    enum { CHOSEN = 1000, SLOTS = 2048 };
    (void) state;
    static item_t chosen[CHOSEN];
    node_index_t *index = node_index_new ();
    unsigned found = 0;
    for (unsigned i = 0; found < CHOSEN; i++) {
        item_t *item = &chosen[found];
        int length = snprintf (item->name, sizeof item->name, "n%u", i);
        if (XXH64 (item->name, (size_t) length, 0) % SLOTS != 0)
            continue;
        node_index_add (index, item->name, item);
        found++;
    }
    assert_true (node_index_longest_search (index) < CHOSEN / 4);
    node_index_destroy (&index);
}

static void
test_a_cleared_index_has_no_name_and_takes_any (void **state)
{
    (void) state;
    node_index_t *index = node_index_new ();
    for (unsigned round = 0; round < 2; round++) {
        for (size_t i = 0; i < NAMES; i++)
            node_index_add (index, s_items[i].name, &s_items[i]);
        node_index_clear (index);
        for (size_t i = 0; i < NAMES; i++)
            assert_null (node_index_find (index, s_items[i].name));
    }
    node_index_destroy (&index);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_what_was_added_is_found_and_nothing_else),
        cmocka_unit_test (test_many_are_found_as_each_of_them_is),
        cmocka_unit_test (test_removing_some_loses_no_others),
        cmocka_unit_test (test_names_chosen_for_one_slot_do_not_crowd_it),
        cmocka_unit_test (test_a_cleared_index_has_no_name_and_takes_any),
    };
    return cmocka_run_group_tests (tests, s_name_items, NULL);
}
