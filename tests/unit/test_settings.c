//  SPDX-License-Identifier: GPL-2.0-or-later
//  What program/settings.h promises: flags over file over preset, and mistakes that name the flag
//  or the file's key. Mistakes end the program, so each is made in a child.

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include "program/exit_code.h"
#include "program/settings.h"

static const setting_t s_settings[] = {
    {"node", 'n', "NAME", "n1", "Name of this node."},
    {"number", 'N', "N", "1", "A number."},
    {"store", 0, "FOLDER", NULL, "Where to store."},
    {"cost", 0, NULL, NULL, "Print the cost."},
    {NULL, 0, NULL, NULL, NULL},
};
static const program_t s_program = {.name = "worker",
                                    .purpose = "Measures.",
                                    .manual = "EXAMPLES\n    worker -n n7\n",
                                    .settings = s_settings};
static char s_path[] = "/tmp/test_settings_XXXXXX";

#define ARGUMENTS(...)                                                                             \
    (char *[])                                                                                     \
    {                                                                                              \
        "/usr/bin/worker", __VA_ARGS__, NULL                                                       \
    }

static settings_t *
s_parse (const program_t *program, char **argv)
{
    int argc = 0;
    while (argv[argc])
        argc++;
    return settings_new (program, argc, argv);
}

static void
s_write_config (const char *text)
{
    FILE *file = fopen (s_path, "w");
    assert_non_null (file);
    fputs (text, file);
    fclose (file);
}

//  Run in a child what must end the program; returns its exit code, with all it printed in text.
static int
s_ends (const program_t *program, char **argv, char text[4096])
{
    int pipe_fds[2];
    assert_int_equal (pipe (pipe_fds), 0);
    fflush (NULL);
    pid_t child = fork ();
    if (child == 0) {
        dup2 (pipe_fds[1], STDOUT_FILENO);
        dup2 (pipe_fds[1], STDERR_FILENO);
        settings_t *settings = s_parse (program, argv);
        settings_number (settings, "number", 1, 99);
        _exit (77); //  It did not end
    }
    close (pipe_fds[1]);
    size_t size = 0;
    ssize_t got;
    while (size < 4095 && (got = read (pipe_fds[0], text + size, 4095 - size)) > 0)
        size += (size_t) got;
    text[size] = 0;
    close (pipe_fds[0]);
    int status;
    waitpid (child, &status, 0);
    return WEXITSTATUS (status);
}

static void
test_flag_wins_over_file_and_file_over_preset (void **state)
{
    (void) state;
    s_write_config ("# A comment\nnode = fromfile\nstore = \"/a # b\"\nnumber = 7\n");
    settings_t *settings = s_parse (&s_program, ARGUMENTS ("-n", "flagged", "--config", s_path));
    assert_string_equal (settings_text (settings, "node"), "flagged");
    assert_string_equal (settings_text (settings, "store"), "/a # b");
    assert_int_equal (settings_number (settings, "number", 1, 99), 7);
    assert_false (settings_is_set (settings, "cost"));
    settings_destroy (&settings);
    assert_null (settings);
}

static void
test_preset_is_text_but_not_set (void **state)
{
    (void) state;
    settings_t *settings = s_parse (&s_program, ARGUMENTS ("--cost"));
    assert_string_equal (settings_text (settings, "node"), "n1");
    assert_false (settings_is_set (settings, "node"));
    assert_null (settings_text (settings, "store"));
    assert_true (settings_is_set (settings, "cost"));
    settings_destroy (&settings);
}

static void
test_the_file_switches_with_words (void **state)
{
    (void) state;
    s_write_config ("cost = yes\n");
    settings_t *settings = s_parse (&s_program, ARGUMENTS ("--config", s_path));
    assert_true (settings_is_set (settings, "cost"));
    settings_destroy (&settings);
    s_write_config ("cost = off\n");
    settings = s_parse (&s_program, ARGUMENTS ("--config", s_path));
    assert_false (settings_is_set (settings, "cost"));
    settings_destroy (&settings);
}

static void
test_operands_keep_their_order (void **state)
{
    (void) state;
    program_t program = s_program;
    program.operands = "[METRIC]";
    settings_t *settings = s_parse (&program, ARGUMENTS ("a", "-n", "x", "b"));
    assert_int_equal (settings_operand_count (settings), 2);
    assert_string_equal (settings_operand (settings, 0), "a");
    assert_string_equal (settings_operand (settings, 1), "b");
    settings_destroy (&settings);
}

static void
test_a_config_mistake_names_file_and_key (void **state)
{
    (void) state;
    static const struct {
        const char *config, *said;
    } mistakes[] = {
        {"nodde = x\n", "unknown setting 'nodde'"},
        {"node = a\nnode = b\n", "'node' is set twice"},
        {"node =\n", "'node' has no value"},
        {"node = a\n    below = b\n", "not nested"},
        {"cost = maybe\n", "'cost = yes'"},
        {"number = 100\n", "number: '100' is not a whole number from 1 to 99"},
        {"node a\n", "not a ZPL file"},
    };
    for (size_t i = 0; i < sizeof mistakes / sizeof *mistakes; i++) {
        char text[4096];
        s_write_config (mistakes[i].config);
        assert_int_equal (s_ends (&s_program, ARGUMENTS ("--config", s_path), text), EXIT_USAGE);
        if (!strstr (text, mistakes[i].said) || !strstr (text, s_path))
            fail_msg ("%s said: %s", mistakes[i].config, text);
    }
}

static void
test_a_config_line_that_zconfig_would_cut_is_refused (void **state)
{
    (void) state;
    char line[1200], text[4096];
    memset (line, 'a', sizeof line);
    memcpy (line, "store = ", 8);
    line[sizeof line - 1] = 0;
    s_write_config (line);
    assert_int_equal (s_ends (&s_program, ARGUMENTS ("--config", s_path), text), EXIT_USAGE);
    assert_non_null (strstr (text, "line 1 is longer"));
}

static void
test_a_config_file_that_is_not_there_is_named (void **state)
{
    (void) state;
    char text[4096];
    assert_int_equal (s_ends (&s_program, ARGUMENTS ("--config", "/none/x.zpl"), text), EXIT_USAGE);
    assert_non_null (strstr (text, "/none/x.zpl: cannot be read: No such file"));
    assert_int_equal (s_ends (&s_program, ARGUMENTS ("--config", "/"), text), EXIT_USAGE);
    assert_non_null (strstr (text, "/: cannot be read: Is a directory"));
}

static void
test_a_flag_mistake_names_the_flag (void **state)
{
    (void) state;
    char text[4096];
    assert_int_equal (s_ends (&s_program, ARGUMENTS ("--nope"), text), EXIT_USAGE);
    assert_non_null (strstr (text, "--nope"));
    assert_int_equal (s_ends (&s_program, ARGUMENTS ("--number", "0x"), text), EXIT_USAGE);
    assert_non_null (strstr (text, "worker: --number: '0x' is not a whole number from 1 to 99"));
    assert_int_equal (s_ends (&s_program, ARGUMENTS ("operand"), text), EXIT_USAGE);
    assert_non_null (strstr (text, "'operand'"));
    assert_non_null (strstr (text, "worker --help"));
}

static void
test_help_shows_presets_and_the_manual_as_written (void **state)
{
    (void) state;
    char text[4096];
    assert_int_equal (s_ends (&s_program, ARGUMENTS ("--help"), text), EXIT_DONE);
    assert_non_null (strstr (text, "Name of this node. (default: n1)"));
    assert_non_null (strstr (text, "-n, --node=NAME"));
    assert_non_null (strstr (text, "--config=FILE"));
    assert_non_null (strstr (text, "EXAMPLES\n    worker -n n7\n"));
}

static void
test_version_names_program_and_project (void **state)
{
    (void) state;
    char text[4096];
    assert_int_equal (s_ends (&s_program, ARGUMENTS ("--version"), text), EXIT_DONE);
    assert_string_equal (text, "worker (kpulse) " KPULSE_VERSION "\n");
}

static int
s_make_file (void **state)
{
    (void) state;
    int fd = mkstemp (s_path);
    return fd == -1 ? -1 : close (fd);
}

static int
s_remove_file (void **state)
{
    (void) state;
    return unlink (s_path);
}

int
main (void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test (test_flag_wins_over_file_and_file_over_preset),
        cmocka_unit_test (test_preset_is_text_but_not_set),
        cmocka_unit_test (test_the_file_switches_with_words),
        cmocka_unit_test (test_operands_keep_their_order),
        cmocka_unit_test (test_a_config_mistake_names_file_and_key),
        cmocka_unit_test (test_a_config_line_that_zconfig_would_cut_is_refused),
        cmocka_unit_test (test_a_config_file_that_is_not_there_is_named),
        cmocka_unit_test (test_a_flag_mistake_names_the_flag),
        cmocka_unit_test (test_help_shows_presets_and_the_manual_as_written),
        cmocka_unit_test (test_version_names_program_and_project),
    };
    return cmocka_run_group_tests_name ("settings", tests, s_make_file, s_remove_file);
}
