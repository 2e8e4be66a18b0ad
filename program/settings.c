//  SPDX-License-Identifier: GPL-2.0-or-later
//  settings - argp for the command line, CZMQ's zconfig for the file, one table for both.

#include "program/settings.h"

#include <argp.h>
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <czmq.h>
#include "program/exit_code.h"

#define KEY_FIRST       1024 //  argp keys of settings: above every letter
#define KEY_CONFIG      1023
#define CONFIG_LINE_MAX 1000 //  zconfig cuts a line at 1024 bytes without a word

//  One setting's value and who gave it.
typedef struct {
    char *text;     //  NULL: nobody
    bool from_flag; //  Otherwise from the config file
} value_t;

struct settings_t {
    const program_t *program;
    const char *invoked; //  Name the program was called by
    size_t count;        //  Rows of program->settings
    value_t *values;     //  One a row
    char **operands;     //  Borrowed from argv
    size_t operand_count;
    const char *config;          //  File that --config names, or NULL
    struct argp_option *options; //  One a row, --config, terminator
    char *manual;                //  Purpose and manual as argp wants them
};

void
settings_usage (const settings_t *self, const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    fprintf (stderr, "%s: ", self->invoked);
    vfprintf (stderr, format, arguments);
    fprintf (stderr, " (see %s --help)\n", self->invoked);
    va_end (arguments);
    exit (EXIT_USAGE);
}

//  --- The table ------------------------------------------------------------------------------

static size_t
s_find (const settings_t *self, const char *name)
{
    for (size_t row = 0; row < self->count; row++)
        if (strcmp (self->program->settings[row].name, name) == 0)
            return row;
    return self->count;
}

static size_t
s_row (const settings_t *self, const char *name)
{
    size_t row = s_find (self, name);
    assert (row < self->count); //  The program asks for a setting it does not have
    return row;
}

static void
s_set (settings_t *self, size_t row, const char *text, bool from_flag)
{
    value_t *value = &self->values[row];
    free (value->text);
    value->text = strdup (text);
    assert (value->text);
    value->from_flag = from_flag;
}

//  --- The command line -----------------------------------------------------------------------

static size_t
s_row_of_key (const settings_t *self, int key)
{
    for (size_t row = 0; row < self->count; row++)
        if (self->options[row].key == key)
            return row;
    return self->count;
}

static error_t
s_parse_option (int key, char *argument, struct argp_state *state)
{
    settings_t *self = state->input;
    if (key == KEY_CONFIG) {
        self->config = argument;
        return 0;
    }
    if (key == ARGP_KEY_ARG && self->program->operands) {
        self->operands[self->operand_count++] = argument;
        return 0;
    }
    if (key == ARGP_KEY_ARG)
        settings_usage (self, "'%s' is not an option, and there are no operands", argument);
    size_t row = s_row_of_key (self, key);
    if (row == self->count)
        return ARGP_ERR_UNKNOWN;
    s_set (self, row, argument ? argument : "1", true);
    return 0;
}

static char *
s_help_text (const setting_t *setting)
{
    char *text;
    int length = setting->preset && *setting->preset
                     ? asprintf (&text, "%s (default: %s)", setting->help, setting->preset)
                     : asprintf (&text, "%s", setting->help);
    assert (length >= 0);
    return text;
}

static struct argp_option *
s_options_new (const settings_t *self)
{
    struct argp_option *options = calloc (self->count + 2, sizeof *options);
    assert (options);
    for (size_t row = 0; row < self->count; row++) {
        const setting_t *setting = &self->program->settings[row];
        options[row].name = setting->name;
        options[row].key = setting->letter ? setting->letter : KEY_FIRST + (int) row;
        options[row].arg = setting->value;
        options[row].doc = s_help_text (setting);
        options[row].group = (int) row + 1; //  In the table's order, not the alphabet's
    }
    options[self->count].name = "config";
    options[self->count].key = KEY_CONFIG;
    options[self->count].arg = "FILE";
    options[self->count].doc = "Read settings from a ZPL file, one 'name = value' a line, the "
                               "names as above; flags override it";
    options[self->count].group = (int) self->count + 1;
    return options;
}

static void
s_parse_command_line (settings_t *self, int argc, char **argv)
{
    const struct argp argp = {.options = self->options,
                              .parser = s_parse_option,
                              .args_doc = self->program->operands,
                              .doc = self->manual};
    argp_err_exit_status = EXIT_USAGE;
    argp_parse (&argp, argc, argv, 0, NULL, self);
}

//  --- The config file ------------------------------------------------------------------------

static bool
s_is_switch_on (const settings_t *self, const char *name, const char *value)
{
    static const char *on[] = {"1", "true", "yes", "on"};
    static const char *off[] = {"0", "false", "no", "off"};
    for (size_t word = 0; word < 4; word++) {
        if (strcasecmp (value, on[word]) == 0)
            return true;
        if (strcasecmp (value, off[word]) == 0)
            return false;
    }
    settings_usage (self, "%s: %s is a switch: write '%s = yes' or '%s = no', not '%s'",
                    self->config, name, name, name, value);
}

static void
s_take_key (settings_t *self, zconfig_t *item)
{
    const char *name = zconfig_name (item);
    const char *value = zconfig_value (item);
    size_t row = s_find (self, name);
    if (row == self->count)
        settings_usage (self, "%s: unknown setting '%s'", self->config, name);
    if (zconfig_child (item))
        settings_usage (self, "%s: '%s' has indented lines below it; settings are not nested",
                        self->config, name);
    if (!value || !*value)
        settings_usage (self, "%s: '%s' has no value; write '%s = ...'", self->config, name, name);
    if (self->values[row].text && !self->values[row].from_flag)
        settings_usage (self, "%s: '%s' is set twice", self->config, name);
    bool is_switch = !self->program->settings[row].value;
    if (is_switch && !s_is_switch_on (self, name, value))
        return;
    if (!self->values[row].text)
        s_set (self, row, is_switch ? "1" : value, false);
}

//  Read the file. Its lines are checked here, because zconfig cuts long ones without a word.
static char *
s_read_config (const settings_t *self)
{
    FILE *file = fopen (self->config, "r");
    if (!file)
        settings_usage (self, "%s: cannot be read: %s", self->config, strerror (errno));
    char *text = NULL, line[CONFIG_LINE_MAX + 2];
    size_t size = 0;
    FILE *copy = open_memstream (&text, &size);
    assert (copy);
    for (size_t number = 1; fgets (line, sizeof line, file); number++) {
        if (strlen (line) > CONFIG_LINE_MAX)
            settings_usage (self, "%s: line %zu is longer than %d characters", self->config, number,
                            CONFIG_LINE_MAX);
        fputs (line, copy);
    }
    if (ferror (file))
        settings_usage (self, "%s: cannot be read: %s", self->config, strerror (errno));
    fclose (file);
    fclose (copy);
    return text;
}

//  zconfig says on standard output which line it cannot read; messages belong on the other one.
static zconfig_t *
s_parse_config (const char *text)
{
    fflush (stdout);
    int output = dup (STDOUT_FILENO);
    dup2 (STDERR_FILENO, STDOUT_FILENO);
    zconfig_t *root = zconfig_str_load (text);
    fflush (stdout);
    if (output != -1) {
        dup2 (output, STDOUT_FILENO);
        close (output);
    }
    return root;
}

static void
s_load_config (settings_t *self)
{
    char *text = s_read_config (self);
    zconfig_t *root = s_parse_config (text);
    free (text);
    if (!root)
        settings_usage (self, "%s: not a ZPL file: one 'name = value' a line", self->config);
    for (zconfig_t *item = zconfig_child (root); item; item = zconfig_next (item))
        s_take_key (self, item);
    zconfig_destroy (&root);
}

//  --- The class ------------------------------------------------------------------------------

static size_t
s_count_rows (const setting_t *settings)
{
    size_t count = 0;
    while (settings[count].name)
        count++;
    return count;
}

static void
s_set_version (const program_t *program)
{
    static char version[64];
    snprintf (version, sizeof version, "%s (kpulse) %s", program->name, KPULSE_VERSION);
    argp_program_version = version;
}

//  Whether a line of the manual is an example: how to call the program.
static bool
s_is_example (const char *line, const char *name)
{
    size_t length = strlen (name);
    return strncmp (line, "  ", 2) == 0 && strncmp (line + 2, name, length) == 0 &&
           strchr (" \n", line[2 + length]);
}

//  Examples call the program as it was called.
static char *
s_manual_text (const settings_t *self)
{
    char *text = NULL;
    size_t size = 0;
    const char *name = self->program->name, *end;
    FILE *out = open_memstream (&text, &size);
    assert (out);
    fprintf (out, "%s\v", self->program->purpose);
    for (const char *line = self->program->manual; line && *line; line = end) {
        end = strchrnul (line, '\n');
        end += *end == '\n';
        if (s_is_example (line, name)) {
            fprintf (out, "  %s", self->invoked);
            line += 2 + strlen (name);
        }
        fwrite (line, 1, (size_t) (end - line), out);
    }
    fclose (out);
    return text;
}

static const char *
s_base_name (const char *path)
{
    const char *slash = strrchr (path, '/');
    return slash ? slash + 1 : path;
}

settings_t *
settings_new (const program_t *program, int argc, char **argv)
{
    settings_t *self = calloc (1, sizeof *self);
    assert (self);
    self->program = program;
    self->invoked = s_base_name (argv[0]);
    argv[0] = (char *) self->invoked; //  What getopt's own messages begin with
    self->count = s_count_rows (program->settings);
    self->values = calloc (self->count + 1, sizeof *self->values);
    self->operands = calloc ((size_t) argc + 1, sizeof *self->operands);
    assert (self->values && self->operands);
    self->options = s_options_new (self);
    self->manual = s_manual_text (self);
    s_set_version (program);
    s_parse_command_line (self, argc, argv);
    if (self->config)
        s_load_config (self);
    return self;
}

void
settings_destroy (settings_t **self_p)
{
    settings_t *self = *self_p;
    if (!self)
        return;
    for (size_t row = 0; row < self->count; row++) {
        free (self->values[row].text);
        free ((char *) self->options[row].doc);
    }
    free (self->values);
    free (self->operands);
    free (self->options);
    free (self->manual);
    free (self);
    *self_p = NULL;
}

const char *
settings_text (const settings_t *self, const char *name)
{
    size_t row = s_row (self, name);
    const char *text = self->values[row].text;
    return text ? text : self->program->settings[row].preset;
}

bool
settings_is_set (const settings_t *self, const char *name)
{
    return self->values[s_row (self, name)].text != NULL;
}

//  How to point at a value in a message: before its name.
static const char *
s_origin (const settings_t *self, const value_t *value)
{
    static char origin[512];
    if (value->from_flag)
        return "--";
    snprintf (origin, sizeof origin, "%.500s: ", self->config ? self->config : "preset");
    return origin;
}

int64_t
settings_number (const settings_t *self, const char *name, int64_t least, int64_t most)
{
    const value_t *value = &self->values[s_row (self, name)];
    const char *text = settings_text (self, name);
    assert (text); //  A number needs a preset, or a caller that asked settings_is_set
    char *end;
    errno = 0;
    long long number = strtoll (text, &end, 10);
    bool whole = end != text && *end == 0 && errno == 0;
    if (!whole || number < least || number > most)
        settings_usage (self, "%s%s: '%s' is not a whole number from %lld to %lld",
                        s_origin (self, value), name, text, (long long) least, (long long) most);
    return number;
}

size_t
settings_operand_count (const settings_t *self)
{
    return self->operand_count;
}

const char *
settings_operand (const settings_t *self, size_t index)
{
    assert (index < self->operand_count);
    return self->operands[index];
}
