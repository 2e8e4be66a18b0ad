//  SPDX-License-Identifier: GPL-2.0-or-later
//  Claims about opening a store where it cannot be opened: one line that names the thing and the
//  way out, and nothing harmed. Run as "test_store_open hold PATH" it holds a store until killed.
#include "test_store.h"
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include "storage/database.h"

extern char **environ;

//  Opening path fails, and the error holds each of the words.
static void
s_assert_refused (const char *path, const char *word, const char *way_out)
{
    char error[512] = "";
    store_options_t options = {0};
    store_t *store = store_new (path, &options, error);
    assert_null (store);
    if (!strstr (error, word) || !strstr (error, way_out) || strchr (error, '\n'))
        fail_msg ("\"%s\" and \"%s\" are not in: %s", word, way_out, error);
}

static void
s_write_file (const char *folder, const char *name, const char *text)
{
    char path[256];
    snprintf (path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen (path, "w");
    assert_non_null (file);
    assert_true (fputs (text, file) >= 0);
    assert_int_equal (fclose (file), 0);
}

//  Put one key into a fresh database in folder root/name; returns its path in path.
static void
s_make_database (const fixture_t *fixture, const char *const pairs[][2], size_t count,
                 char path[128])
{
    char error[DATABASE_ERROR_MAX];
    snprintf (path, 128, "%s/other", fixture->root);
    const database_options_t options = {.memory_bytes = 4 << 20};
    database_fault_t fault;
    database_t *database = database_new (path, &options, &fault, error);
    if (!database)
        fail_msg ("%s", error);
    batch_t *batch = batch_new (database);
    for (size_t i = 0; i < count; i++)
        batch_put_unseen (batch, pairs[i][0], strlen (pairs[i][0]), pairs[i][1],
                          strlen (pairs[i][1]));
    assert_int_equal (database_write (database, batch, error), 0);
    batch_destroy (&batch);
    database_destroy (&database);
}

static void
test_a_path_below_a_file_is_refused (void **state)
{
    fixture_t *fixture = *state;
    char path[128];
    s_write_file (fixture->root, "file", "text");
    snprintf (path, sizeof path, "%s/file", fixture->root);
    s_assert_refused (path, "Not a directory", path);
    snprintf (path, sizeof path, "%s/file/n1", fixture->root);
    s_assert_refused (path, "Not a directory", "choose");
}

static void
test_a_path_where_nothing_can_be_made_is_refused (void **state)
{
    (void) state;
    s_assert_refused ("/proc/kpulse/n1", "/proc/kpulse/n1", "choose");
    s_assert_refused ("", "cannot use", "choose");
}

static void
test_another_database_is_refused_and_left_alone (void **state)
{
    const char *const pairs[][2] = {{"hello", "world"}};
    char path[128];
    s_make_database (*state, pairs, 1, path);
    s_assert_refused (path, "not a \"kpulse store", "choose another path");
    s_assert_refused (path, "not a \"kpulse store", "choose another path");
}

static void
test_another_format_of_store_is_refused (void **state)
{
    const char *const pairs[][2] = {{"!", "kpulse store 3"}};
    char path[128];
    s_make_database (*state, pairs, 1, path);
    s_assert_refused (path, "another format than \"kpulse store 5\"", "choose another path");
}

static void
test_books_that_contradict_themselves_are_refused (void **state)
{
    //  A range of a node that has no record.
    const char *const pairs[][2] = {{"!", "kpulse store 5"}, {"!!", "identity"}, {"bn1", "x"}};
    char path[128];
    s_make_database (*state, pairs, 3, path);
    s_assert_refused (path, "damaged", "move it away");
}

static void
test_a_damaged_database_is_refused (void **state)
{
    fixture_t *fixture = *state;
    store_destroy (&fixture->store);
    s_write_file (fixture->path, "CURRENT", "garbage");
    s_assert_refused (fixture->path, "damaged", "move it away");
}

//  Flip the bits of the first byte of each file that is a table.
static void
s_damage_tables (const char *path)
{
    for (int number = 1; number < 100; number++) {
        char name[256];
        snprintf (name, sizeof name, "%s/%06d.sst", path, number);
        FILE *file = fopen (name, "r+");
        if (!file)
            continue;
        int byte = fgetc (file);
        rewind (file);
        assert_true (fputc (byte ^ 0xFF, file) != EOF);
        assert_int_equal (fclose (file), 0);
    }
}

static void
test_books_that_cannot_be_read_are_refused (void **state)
{
    fixture_t *fixture = *state;
    append_one (fixture->store, record ("n1", 1, 1, 100, "x"));
    reopen (fixture); //  Its log becomes tables
    store_destroy (&fixture->store);
    s_damage_tables (fixture->path);
    s_assert_refused (fixture->path, fixture->path, "is damaged; move it away");
}

static void
test_a_store_open_in_this_process_is_refused (void **state)
{
    fixture_t *fixture = *state;
    s_assert_refused (fixture->path, "/LOCK", "choose another path");
    //  The first holder keeps its lock and its database.
    assert_int_equal (append_one (fixture->store, record ("n1", 1, 1, 10, "x")), STORE_ADDED);
}

//  Start this program as the holder of the store; returns once it holds it.
static pid_t
s_start_holder (const char *path)
{
    int ends[2];
    char byte;
    pid_t holder;
    posix_spawn_file_actions_t actions;
    char *arguments[] = {"test_store_open", "hold", (char *) path, NULL};
    assert_int_equal (pipe (ends), 0);
    posix_spawn_file_actions_init (&actions);
    posix_spawn_file_actions_adddup2 (&actions, ends[1], STDOUT_FILENO);
    assert_int_equal (posix_spawn (&holder, "/proc/self/exe", &actions, NULL, arguments, environ),
                      0);
    posix_spawn_file_actions_destroy (&actions);
    close (ends[1]);
    assert_int_equal (read (ends[0], &byte, 1), 1);
    close (ends[0]);
    return holder;
}

static int
s_hold (const char *path)
{
    char error[512];
    store_options_t options = {0};
    store_t *store = store_new (path, &options, error);
    if (!store || write (STDOUT_FILENO, "+", 1) != 1)
        return EXIT_FAILURE;
    pause ();
    return EXIT_SUCCESS;
}

static void
test_a_store_held_by_another_process_is_refused_by_its_pid (void **state)
{
    fixture_t *fixture = *state;
    char pid[32];
    store_destroy (&fixture->store);
    pid_t holder = s_start_holder (fixture->path);
    snprintf (pid, sizeof pid, "process %d", (int) holder);
    s_assert_refused (fixture->path, pid, "/LOCK");
    s_assert_refused (fixture->path, pid, "stop it, or choose another path");
    kill (holder, SIGKILL);
    assert_int_equal (waitpid (holder, NULL, 0), holder);
    fixture->store = open_store (fixture->path);
}

int
main (int argc, char **argv)
{
#define STORE_TEST(test) cmocka_unit_test_setup_teardown (test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        STORE_TEST (test_a_path_below_a_file_is_refused),
        STORE_TEST (test_a_path_where_nothing_can_be_made_is_refused),
        STORE_TEST (test_another_database_is_refused_and_left_alone),
        STORE_TEST (test_another_format_of_store_is_refused),
        STORE_TEST (test_books_that_contradict_themselves_are_refused),
        STORE_TEST (test_a_damaged_database_is_refused),
        STORE_TEST (test_books_that_cannot_be_read_are_refused),
        STORE_TEST (test_a_store_open_in_this_process_is_refused),
        STORE_TEST (test_a_store_held_by_another_process_is_refused_by_its_pid),
    };
    if (argc == 3 && strcmp (argv[1], "hold") == 0)
        return s_hold (argv[2]);
    return cmocka_run_group_tests (tests, NULL, NULL);
}
