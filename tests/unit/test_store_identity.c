//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about whose a store is, whether it is still there and sound, and how it is put aside.
#include "test_store.h"
#include <fcntl.h>
#include <sys/stat.h>

//  Opening as owner fails with the fault.
static void
s_assert_fault (const char *path, const char *owner, store_fault_t expected)
{
    char error[512];
    store_fault_t fault = (store_fault_t) -1;
    const store_options_t options = {.owner = owner, .refuse_damaged_log = true};
    assert_null (store_open (path, &options, &fault, error));
    assert_int_equal (fault, expected);
    assert_null (strchr (error, '\n'));
}

static store_t *
s_open_as (const char *path, const char *owner)
{
    char error[512];
    const store_options_t options = {.owner = owner, .refuse_damaged_log = true};
    store_t *store = store_new (path, &options, error);
    if (!store)
        fail_msg ("%s", error);
    return store;
}

static void
test_a_store_is_foreign_to_any_but_its_owner (void **state)
{
    fixture_t *fixture = *state;
    char path[256];
    snprintf (path, sizeof path, "%s/spool", fixture->root);
    store_t *store = s_open_as (path, "n1");
    uint64_t id = store_id (store);
    store_destroy (&store);
    s_assert_fault (path, "n2", STORE_FOREIGN);
    store_destroy (&fixture->store);
    s_assert_fault (fixture->path, "n1", STORE_SHARED);
    s_assert_fault (path, STORE_OF_MANY, STORE_FOREIGN);
    store = s_open_as (path, "n1");
    assert_true (store_id (store) == id);
    store_destroy (&store);
    store = s_open_as (path, NULL);
    store_destroy (&store);
}

static void
test_two_stores_have_two_ids (void **state)
{
    fixture_t *fixture = *state;
    char path[256];
    snprintf (path, sizeof path, "%s/other", fixture->root);
    store_t *store = s_open_as (path, "n1");
    assert_true (store_id (store) != store_id (fixture->store));
    store_destroy (&store);
}

static void
test_a_store_that_is_open_is_in_use (void **state)
{
    fixture_t *fixture = *state;
    s_assert_fault (fixture->path, "n1", STORE_IN_USE);
    s_assert_fault ("/proc/kpulse", "n1", STORE_UNUSABLE);
}

static void
s_touch (const char *folder, const char *name)
{
    char path[512];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    int file = open (path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
    assert_true (file >= 0);
    close (file);
}

static void
test_a_store_notices_that_its_folder_was_moved_or_replaced (void **state)
{
    fixture_t *fixture = *state;
    char moved[256];
    snprintf (moved, sizeof moved, "%s/moved", fixture->root);
    assert_true (store_is_in_place (fixture->store));
    assert_int_equal (rename (fixture->path, moved), 0);
    assert_false (store_is_in_place (fixture->store));
    assert_int_equal (mkdir (fixture->path, 0700), 0);
    s_touch (fixture->path, "LOCK");
    assert_false (store_is_in_place (fixture->store));
}

static void
test_a_store_notices_that_its_files_were_deleted (void **state)
{
    fixture_t *fixture = *state;
    nftw (fixture->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    assert_false (store_is_in_place (fixture->store));
    //  It can be given up, and a fresh one made in its place.
    reopen (fixture);
    assert_true (store_is_in_place (fixture->store));
    assert_int_equal (append_one (fixture->store, record ("n1", 1, 1, 100, "x")), STORE_ADDED);
}

static void
test_a_quarantined_store_keeps_its_data_and_leaves_its_place (void **state)
{
    fixture_t *fixture = *state;
    char error[512];
    append_one (fixture->store, record ("n1", 1, 1, 100, "x"));
    store_destroy (&fixture->store);
    char *first = store_quarantine (fixture->path, error);
    assert_non_null (first);
    assert_non_null (strstr (first, ".quarantined-20"));
    store_t *fresh = open_store (fixture->path);
    assert_int_equal (append_one (fresh, record ("n1", 1, 1, 100, "x")), STORE_ADDED);
    store_destroy (&fresh);
    char *second = store_quarantine (fixture->path, error);
    assert_non_null (second);
    assert_string_not_equal (first, second);
    store_t *kept = open_store (first);
    assert_int_equal (append_one (kept, record ("n1", 1, 1, 100, "x")), STORE_DUPLICATE);
    store_destroy (&kept);
    free (first);
    free (second);
}

static void
test_what_cannot_be_quarantined_is_said (void **state)
{
    (void) state;
    char error[512];
    assert_null (store_quarantine ("/nonexistent/kpulse/n1", error));
    assert_non_null (strstr (error, "/nonexistent/kpulse/n1"));
}

//  The path of the newest file with this ending in the folder; files are numbered.
static void
s_newest_file (const char *folder, const char *ending, char path[512])
{
    *path = 0;
    for (int number = 1; number < 100; number++) {
        char name[512];
        snprintf (name, sizeof name, "%s/%06d.%s", folder, number, ending);
        if (access (name, F_OK) == 0)
            snprintf (path, 512, "%s", name);
    }
    assert_true (*path);
}

//  The path of the largest file of tables in the folder: the one that has the frames, where they
//  stand by themselves.
static void
s_largest_table (const char *folder, char path[512])
{
    off_t largest = 0;
    for (int number = 1; number < 100; number++) {
        char name[512];
        struct stat status;
        snprintf (name, sizeof name, "%s/%06d.sst", folder, number);
        if (stat (name, &status) == 0 && status.st_size > largest) {
            largest = status.st_size;
            snprintf (path, 512, "%s", name);
        }
    }
    assert_true (largest > 0);
}

//  Flip the bits of a byte of a file; at is a share of its size, in hundredths.
static void
s_damage (const char *path, int hundredth)
{
    struct stat status;
    uint8_t byte;
    int file = open (path, O_RDWR | O_CLOEXEC);
    assert_true (file >= 0);
    assert_int_equal (fstat (file, &status), 0);
    off_t at = status.st_size * hundredth / 100;
    assert_int_equal (pread (file, &byte, 1, at), 1);
    byte ^= 0xFF;
    assert_int_equal (pwrite (file, &byte, 1, at), 1);
    close (file);
}

//  A spool of n1 with frames in its log.
static void
s_make_spool (const char *path, uint64_t frames)
{
    store_t *store = s_open_as (path, "n1");
    for (uint64_t seq = 1; seq <= frames; seq++)
        append_one (store, record ("n1", 1, seq, 100 + (int64_t) seq, "a frame of some length"));
    assert_int_equal (store_sync (store), 0);
    store_destroy (&store);
}

static void
test_a_log_damaged_in_its_middle_is_refused_where_asked (void **state)
{
    fixture_t *fixture = *state;
    char path[256], log[512];
    snprintf (path, sizeof path, "%s/spool", fixture->root);
    s_make_spool (path, 200);
    s_newest_file (path, "log", log);
    s_damage (log, 50);
    s_assert_fault (path, "n1", STORE_DAMAGED);
    //  A store that is refilled goes on with what lies before the damage.
    char error[512];
    const store_options_t options = {.owner = "n1"};
    store_node_t node;
    store_t *store = store_new (path, &options, error);
    assert_non_null (store);
    assert_int_equal (store_node (store, "n1", &node), 0);
    assert_true (node.frames > 50 && node.frames < 150);
    store_destroy (&store);
}

//  CURRENT names the file that lists all others: its name, and a line's end.
static void
test_any_bit_of_the_first_file_that_is_read_tells_damage (void **state)
{
    fixture_t *fixture = *state;
    const store_options_t options = {.owner = "n1", .refuse_damaged_log = true};
    char path[256], current[300], error[512], bytes[32];
    snprintf (path, sizeof path, "%s/spool", fixture->root);
    snprintf (current, sizeof current, "%s/CURRENT", path);
    s_make_spool (path, 1);
    int file = open (current, O_RDWR | O_CLOEXEC);
    ssize_t size = pread (file, bytes, sizeof bytes, 0);
    assert_true (size > 10 && size < (ssize_t) sizeof bytes);
    for (int bit = 0; bit < 8 * size; bit++) {
        store_fault_t fault = STORE_DAMAGED;
        char byte = bytes[bit / 8] ^ (char) (1 << bit % 8);
        assert_int_equal (pwrite (file, &byte, 1, bit / 8), 1);
        assert_null (store_open (path, &options, &fault, error));
        assert_int_equal (fault, STORE_DAMAGED);
        assert_int_equal (pwrite (file, &bytes[bit / 8], 1, bit / 8), 1);
    }
    close (file);
    store_t *store = s_open_as (path, "n1");
    store_destroy (&store);
}

static void
test_a_log_torn_at_its_end_is_taken_up_to_there (void **state)
{
    fixture_t *fixture = *state;
    char path[256], log[512];
    struct stat status;
    store_node_t node;
    snprintf (path, sizeof path, "%s/spool", fixture->root);
    s_make_spool (path, 200);
    s_newest_file (path, "log", log);
    assert_int_equal (stat (log, &status), 0);
    assert_int_equal (truncate (log, status.st_size - 10), 0);
    store_t *store = s_open_as (path, "n1");
    assert_int_equal (store_node (store, "n1", &node), 0);
    assert_int_equal (node.frames, 199);
    store_destroy (&store);
}

static void
test_a_frame_that_reads_otherwise_than_written_is_noticed (void **state)
{
    fixture_t *fixture = *state;
    char file[512];
    const void *data;
    size_t size;
    int rc;
    for (uint64_t seq = 1; seq <= 2000; seq++)
        append_one (fixture->store, record ("n1", 1, seq, 100 + (int64_t) seq, "some frame"));
    reopen (fixture);
    store_destroy (&fixture->store);
    s_largest_table (fixture->path, file);
    s_damage (file, 50);
    fixture->store = open_store (fixture->path);
    assert_false (store_is_damaged (fixture->store));
    store_cursor_t *cursor = store_cursor_new (fixture->store, "n1", 0, INT64_MAX);
    while ((rc = store_cursor_next (cursor, &data, &size)) == 1)
        continue;
    store_cursor_destroy (&cursor);
    assert_int_equal (rc, -1);
    assert_true (store_is_damaged (fixture->store));
    char error[512];
    store_error (fixture->store, error);
    assert_non_null (strstr (error, fixture->path));
    assert_non_null (strstr (error, "move it away"));
}

int
main (void)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST (test_a_store_is_foreign_to_any_but_its_owner),
        STORE_TEST (test_two_stores_have_two_ids),
        STORE_TEST (test_a_store_that_is_open_is_in_use),
        STORE_TEST (test_a_store_notices_that_its_folder_was_moved_or_replaced),
        STORE_TEST (test_a_store_notices_that_its_files_were_deleted),
        STORE_TEST (test_a_quarantined_store_keeps_its_data_and_leaves_its_place),
        STORE_TEST (test_what_cannot_be_quarantined_is_said),
        STORE_TEST (test_a_log_damaged_in_its_middle_is_refused_where_asked),
        STORE_TEST (test_any_bit_of_the_first_file_that_is_read_tells_damage),
        STORE_TEST (test_a_log_torn_at_its_end_is_taken_up_to_there),
        STORE_TEST (test_a_frame_that_reads_otherwise_than_written_is_noticed),
    };
    return cmocka_run_group_tests (tests, NULL, NULL);
}
