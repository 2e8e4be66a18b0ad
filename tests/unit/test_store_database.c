//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about looking up single keys of a scan.
#include "test_store.h"
#include "storage/database.h"

#define LASTING "f" //  Begins a lasting key, and a brief one
#define BRIEF   "a"

typedef struct {
    fixture_t *fixture;
    database_t *database;
} bench_t;

static int
s_set_up (void **state)
{
    char error[DATABASE_ERROR_MAX];
    database_fault_t fault;
    const database_options_t options = {.memory_bytes = 4 << 20};
    bench_t *self = calloc (1, sizeof *self);
    assert_non_null (self);
    set_up ((void **) &self->fixture);
    store_destroy (&self->fixture->store);
    self->database = database_new (self->fixture->path, &options, &fault, error);
    assert_non_null (self->database);
    *state = self;
    return 0;
}

static int
s_tear_down (void **state)
{
    bench_t *self = *state;
    database_destroy (&self->database);
    tear_down ((void **) &self->fixture);
    free (self);
    return 0;
}

//  Write a text under a key; NULL: delete it.
static void
s_write (bench_t *self, const char *key, const char *text)
{
    char error[DATABASE_ERROR_MAX];
    batch_t *batch = batch_new (self->database);
    if (text)
        batch_put_unseen (batch, key, strlen (key), text, strlen (text));
    else
        batch_delete_unseen (batch, key, strlen (key));
    assert_int_equal (database_write (self->database, batch, error), 0);
    batch_destroy (&batch);
}

static scan_t *
s_scan (bench_t *self)
{
    return scan_new (self->database, "", 0, "\xFF", 1);
}

//  What the key has must be the text; NULL: it must have none.
static void
s_assert_found (scan_t *scan, const char *key, const char *text)
{
    char error[DATABASE_ERROR_MAX];
    const void *value;
    size_t size;
    assert_int_equal (scan_find (scan, key, strlen (key), &value, &size, error), text != NULL);
    if (!text)
        return;
    assert_int_equal (size, strlen (text));
    assert_memory_equal (value, text, size);
}

static void
test_only_just_the_key_is_found (void **state)
{
    bench_t *bench = *state;
    s_write (bench, LASTING "2", "two");
    s_write (bench, BRIEF "2", "brief");
    for (int flushed = 0; flushed < 2; flushed++) {
        scan_t *scan = s_scan (bench);
        s_assert_found (scan, LASTING "2", "two");
        s_assert_found (scan, BRIEF "2", "brief");
        s_assert_found (scan, LASTING "1", NULL);
        s_assert_found (scan, LASTING, NULL);
        s_assert_found (scan, LASTING "22", NULL);
        s_assert_found (scan, BRIEF "3", NULL);
        scan_destroy (&scan);
        database_flush (bench->database);
    }
}

static void
test_all_that_is_found_is_as_it_was_when_the_scan_was_made (void **state)
{
    bench_t *bench = *state;
    char error[DATABASE_ERROR_MAX];
    s_write (bench, LASTING "1", "old");
    s_write (bench, LASTING "2", "old");
    s_write (bench, BRIEF "1", "old");
    scan_t *scan = s_scan (bench);
    s_write (bench, LASTING "1", "new");
    s_write (bench, LASTING "2", NULL);
    s_write (bench, LASTING "3", "new");
    s_write (bench, BRIEF "1", NULL);
    database_flush (bench->database);
    s_assert_found (scan, LASTING "1", "old");
    s_assert_found (scan, LASTING "2", "old");
    s_assert_found (scan, LASTING "3", NULL);
    s_assert_found (scan, BRIEF "1", "old");
    assert_int_equal (scan_seek (scan, LASTING "3", 2, error), 0);
    assert_int_equal (scan_seek (scan, BRIEF "1", 2, error), 1);
    scan_destroy (&scan);
}

static void
test_finding_a_key_leaves_the_scan_where_it_stands (void **state)
{
    bench_t *bench = *state;
    char error[DATABASE_ERROR_MAX];
    size_t size;
    s_write (bench, LASTING "1", "one");
    s_write (bench, LASTING "2", "two");
    s_write (bench, LASTING "3", "three");
    scan_t *scan = s_scan (bench);
    assert_int_equal (scan_seek (scan, LASTING, 1, error), 1);
    s_assert_found (scan, LASTING "3", "three");
    assert_memory_equal (scan_value (scan, &size), "one", 3);
    assert_int_equal (scan_next (scan, error), 1);
    assert_memory_equal (scan_value (scan, &size), "two", 3);
    scan_destroy (&scan);
}

int
main (void)
{
#define BENCH_TEST(test) cmocka_unit_test_setup_teardown (test, s_set_up, s_tear_down)
    const struct CMUnitTest tests[] = {
        BENCH_TEST (test_only_just_the_key_is_found),
        BENCH_TEST (test_all_that_is_found_is_as_it_was_when_the_scan_was_made),
        BENCH_TEST (test_finding_a_key_leaves_the_scan_where_it_stands),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
