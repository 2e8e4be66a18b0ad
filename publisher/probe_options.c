//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_options - the command line of bin/probe. One table holds every option: its letter, the
//  tools that have it, its line in --help and what it sets. getopt and not argp, because argp
//  answers a mistake with two lines and does not know that a tool may lack an option.

#include "publisher/probe_options.h"

#include <assert.h>
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "program/exit_code.h"

#define HISTOGRAMS (TOOL_CPUDIST | TOOL_RUNQLAT)
#define EVERY      (TOOL_CPUDIST | TOOL_RUNQLAT | TOOL_PIDPERSEC)
#define PID_MOST   4194304u //  The kernel's PID_MAX_LIMIT

//  --- Mistakes ---

_Noreturn static void __attribute__ ((format (printf, 1, 2))) s_usage (const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    fprintf (stderr, "%s: ", program_invocation_short_name);
    vfprintf (stderr, format, arguments);
    fprintf (stderr, "; see %s --help\n", program_invocation_short_name);
    va_end (arguments);
    exit (EXIT_USAGE);
}

//  A whole number of 1 .. most; what names it in the complaint.
static unsigned
s_number (const char *text, const char *what, unsigned most)
{
    char *end;
    unsigned long value = strtoul (text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end || value < 1 || value > most)
        s_usage ("%s must be a whole number from 1 to %u, not '%s'", what, most, text);
    return (unsigned) value;
}

//  --- What the options with a value, and the ones that exclude others, do ---

static void
s_take_scope (scope_t *scope, scope_kind_t kind)
{
    if (scope->kind != SCOPE_ALL && scope->kind != kind)
        s_usage ("-p and -c cannot be combined");
    scope->kind = kind;
}

static void
s_take_pid (probe_options_t *self, const char *value)
{
    s_take_scope (&self->scope, SCOPE_PID);
    self->scope.pid = s_number (value, "PID", PID_MOST);
}

static void
s_take_cgroup (probe_options_t *self, const char *value)
{
    s_take_scope (&self->scope, SCOPE_CGROUP);
    if (strlen (value) > CGROUP_PATH_MAX)
        s_usage ("the path after -c is longer than %d characters", CGROUP_PATH_MAX);
    snprintf (self->scope.cgroup, sizeof self->scope.cgroup, "%s", value);
}

//  -L wins over -P, as in bcc; a namespace's histogram is neither.
static void
s_take_key (probe_options_t *self, enum keyed_by by)
{
    bool mixed = (by == KEYED_BY_PIDNS) != (self->keyed_by == KEYED_BY_PIDNS);
    if (self->keyed_by != KEYED_BY_NOTHING && mixed)
        s_usage ("--pidnss cannot be combined with -P or -L");
    if (by > self->keyed_by)
        self->keyed_by = by;
}

static void
s_take_processes (probe_options_t *self, const char *value)
{
    (void) value;
    s_take_key (self, KEYED_BY_PROCESS);
}

static void
s_take_threads (probe_options_t *self, const char *value)
{
    (void) value;
    s_take_key (self, KEYED_BY_THREAD);
}

static void
s_take_namespaces (probe_options_t *self, const char *value)
{
    (void) value;
    s_take_key (self, KEYED_BY_PIDNS);
}

static void
s_take_data (probe_options_t *self, const char *value)
{
    self->data_path = value;
}

//  --- The tables ---

//  Codes of the options that have no letter.
enum { OPTION_PIDNSS = 256, OPTION_FINE, OPTION_NS, OPTION_SPLIT };

typedef struct {
    int code;       //  Its letter, or one of the codes above
    unsigned tools; //  Which tools have it
    const char *name;
    const char *value; //  Placeholder of its value, or NULL
    size_t flag;       //  Offset of the switch it sets, where take is NULL
    void (*take) (probe_options_t *self, const char *value);
    const char *help;
} option_row_t;

#define FLAG(member) offsetof (probe_options_t, member), NULL

static const option_row_t s_options[] = {
    {'O', TOOL_CPUDIST, "offcpu", NULL, FLAG (offcpu),
     "measure time off the CPU: blocked, and waiting for one"},
    {'T', HISTOGRAMS, "timestamp", NULL, FLAG (timestamp), "print the time above each interval"},
    {'m', HISTOGRAMS, "milliseconds", NULL, FLAG (milliseconds),
     "rows of milliseconds, not microseconds"},
    {'P', HISTOGRAMS, "pids", NULL, 0, s_take_processes, "a histogram per process"},
    {'L', HISTOGRAMS, "tids", NULL, 0, s_take_threads, "a histogram per thread (wins over -P)"},
    {OPTION_PIDNSS, TOOL_RUNQLAT, "pidnss", NULL, 0, s_take_namespaces,
     "a histogram per pid namespace"},
    {'p', HISTOGRAMS, "pid", "PID", 0, s_take_pid, "only this process, with all its threads"},
    {'c', HISTOGRAMS, "cgroup", "PATH", 0, s_take_cgroup,
     "only this cgroup and those below: /web or its folder"},
    {'I', TOOL_CPUDIST, "include-idle", NULL, FLAG (include_idle),
     "also the idle task of each CPU (pid 0)"},
    {'e', HISTOGRAMS, "extension", NULL, FLAG (extension),
     "average, total and count below each histogram"},
    {OPTION_NS, HISTOGRAMS, "ns", NULL, FLAG (exact), "the same exactly, in ns"},
    {OPTION_FINE, HISTOGRAMS, "fine", NULL, FLAG (fine), "eight rows a doubling instead of one"},
    {OPTION_SPLIT, TOOL_PIDPERSEC, "split", NULL, FLAG (split),
     "tell new processes from new threads"},
    {'d', EVERY, "data", "FILE", 0, s_take_data,
     "append each interval's frame to FILE: msgpack, or a\n"
     "                         JSON object a line where FILE ends in .json"},
    {'h', EVERY, "help", NULL, 0, NULL, "this help; after a tool's name the tool's own"},
    {'V', EVERY, "version", NULL, 0, NULL, "the version"},
};
#define OPTIONS (sizeof s_options / sizeof s_options[0])

typedef struct {
    probe_tool_t tool;
    const char *name;
    const char *purpose;
    const char *examples; //  Each a line, without the program's name
} tool_row_t;

static const tool_row_t s_tools[] = {
    {TOOL_CPUDIST, "cpudist", "how long tasks stay on a CPU (-O: off it)",
     "cpudist               on-CPU time until Ctrl-C\n"
     "cpudist -O 1          off-CPU time, every second\n"
     "cpudist -mT 1 10      ten seconds, in milliseconds, with the time\n"
     "cpudist -p 1888 -e 1  process 1888, with average, total and count\n"
     "cpudist -L -p 1888    each of its threads\n"
     "cpudist -d cpu.json   also one JSON object a second to cpu.json\n"},
    {TOOL_RUNQLAT, "runqlat", "how long tasks that could run wait for a CPU",
     "runqlat 1 10          ten seconds, each on its own\n"
     "runqlat --fine 5      eight rows a doubling: within 9 %, not twofold\n"
     "runqlat --pidnss 1    each pid namespace (container) on its own\n"
     "runqlat -c /web 1     only tasks of the cgroup web and those below it\n"},
    {TOOL_PIDPERSEC, "pidpersec", "how many tasks are born each second",
     "pidpersec             new processes and threads, every second\n"
     "pidpersec --split     told apart\n"},
};
#define TOOLS (sizeof s_tools / sizeof s_tools[0])

//  --- Help ---

static void
s_help_option (const option_row_t *row)
{
    char letter[] = "    ";
    char name[32];
    if (row->code < OPTION_PIDNSS)
        snprintf (letter, sizeof letter, "-%c, ", row->code);
    snprintf (name, sizeof name, "%s%s%s", row->name, row->value ? " " : "",
              row->value ? row->value : "");
    printf ("  %s--%-16s %s\n", letter, name, row->help);
}

static void
s_help_exit_codes (unsigned tools)
{
    printf ("\nEXIT CODES\n"
            "  %d  done\n"
            "  %d  FILE or standard output cannot be written, or the counts cannot be read\n"
            "  %d  the command line is wrong\n"
            "  %d  not root, or without CAP_BPF and CAP_PERFMON\n"
            "  %d  this kernel lacks something that measuring needs\n",
            EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_NO_RIGHTS, EXIT_KERNEL);
    if (tools & HISTOGRAMS)
        printf ("  %d  the process or cgroup to measure does not exist\n", EXIT_NO_SUCH_TASK);
}

static void
s_help_usage (unsigned tools)
{
    const char *name = "TOOL";
    for (size_t i = 0; i < TOOLS; i++)
        if (s_tools[i].tool == tools)
            name = s_tools[i].name;
    printf ("Usage: %s %s [OPTION...] [INTERVAL [COUNT]]\n"
            "Shows what this kernel's scheduler does, as bcc's tool of the same name does.\n\n"
            "TOOL%s\n",
            program_invocation_short_name, name, tools == EVERY ? "S" : "");
    for (size_t i = 0; i < TOOLS; i++)
        if (s_tools[i].tool & tools)
            printf ("  %-10s %s\n", s_tools[i].name, s_tools[i].purpose);
}

static void
s_help_interval (unsigned tools)
{
    puts ("\nINTERVAL is in whole seconds, COUNT is how many of them to print. Without an");
    if (tools == TOOL_PIDPERSEC)
        puts ("INTERVAL a number is printed every second.");
    else if (tools & TOOL_PIDPERSEC)
        puts ("INTERVAL one histogram is printed at Ctrl-C; with -d, and by pidpersec, every\n"
              "second.");
    else
        puts ("INTERVAL one histogram is printed at Ctrl-C; with -d, every second.");
}

static void
s_help_examples (const char *lines)
{
    while (*lines) {
        int length = (int) strcspn (lines, "\n");
        printf ("  %s %.*s\n", program_invocation_short_name, length, lines);
        lines += length + 1;
    }
}

//  The help of the tools of a set.
_Noreturn static void
s_help (unsigned tools)
{
    s_help_usage (tools);
    s_help_interval (tools);
    puts ("\nOPTIONS");
    for (size_t i = 0; i < OPTIONS; i++)
        if (s_options[i].tools & tools)
            s_help_option (&s_options[i]);
    if (tools & TOOL_RUNQLAT)
        puts ("\n-d cannot be combined with -P, -L or --pidnss.");
    else if (tools & HISTOGRAMS)
        puts ("\n-d cannot be combined with -P or -L.");
    puts ("\nEXAMPLES");
    for (size_t i = 0; i < TOOLS; i++)
        if (s_tools[i].tool & tools)
            s_help_examples (s_tools[i].examples);
    s_help_exit_codes (tools);
    exit (EXIT_DONE);
}

//  --- Parsing ---

static const option_row_t *
s_find_option (int code)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if (s_options[i].code == code)
            return &s_options[i];
    return NULL;
}

static const tool_row_t *
s_find_tool (const char *name)
{
    for (size_t i = 0; i < TOOLS; i++)
        if (strcmp (s_tools[i].name, name) == 0)
            return &s_tools[i];
    s_usage ("there is no tool '%s', only cpudist, runqlat and pidpersec", name);
}

//  Getopt's two forms of the table. A leading ':' makes it tell a missing value from an unknown
//  option and keep quiet about both.
static void
s_make_getopt (char letters[2 * OPTIONS + 2], struct option names[OPTIONS + 1])
{
    char *end = letters;
    *end++ = ':';
    for (size_t i = 0; i < OPTIONS; i++) {
        const option_row_t *row = &s_options[i];
        names[i] = (struct option){row->name, row->value ? required_argument : no_argument, NULL,
                                   row->code};
        if (row->code >= OPTION_PIDNSS)
            continue;
        *end++ = (char) row->code;
        if (row->value)
            *end++ = ':';
    }
    *end = 0;
    names[OPTIONS] = (struct option){0};
}

//  What getopt could not read: code is '?' or ':'.
_Noreturn static void
s_refuse (int code, char **argv)
{
    const option_row_t *row = optopt ? s_find_option (optopt) : NULL;
    assert (row || code != ':'); //  Only an option of ours can lack its value
    if (code == ':')
        s_usage ("--%s needs a value: %s", row->name, row->value);
    if (row)
        s_usage ("--%s takes no value", row->name);
    if (optopt)
        s_usage ("there is no option -%c", optopt);
    s_usage ("there is no option %s", argv[optind - 1]);
}

static void
s_take (probe_options_t *self, const option_row_t *row, const char *value)
{
    if (row->take)
        row->take (self, value);
    else
        *(bool *) ((char *) self + row->flag) = true;
}

//  Take all options and return the set of those seen, one bit a row of the table.
static unsigned
s_take_options (probe_options_t *self, int argc, char **argv)
{
    char letters[2 * OPTIONS + 2];
    struct option names[OPTIONS + 1];
    s_make_getopt (letters, names);
    unsigned seen = 0;
    int code;
    while ((code = getopt_long (argc, argv, letters, names, NULL)) != -1) {
        const option_row_t *row = s_find_option (code);
        if (!row)
            s_refuse (code, argv);
        seen |= 1u << (row - s_options);
        if (code != 'h' && code != 'V')
            s_take (self, row, optarg);
    }
    return seen;
}

static bool
s_saw (unsigned seen, int code)
{
    return seen >> (s_find_option (code) - s_options) & 1;
}

//  The tool's name, the interval and the count.
static const tool_row_t *
s_take_operands (probe_options_t *self, int count, char **operands)
{
    if (count == 0)
        s_usage ("name a tool: cpudist, runqlat or pidpersec");
    const tool_row_t *tool = s_find_tool (operands[0]);
    if (count > 3)
        s_usage ("'%s' is one operand too many", operands[3]);
    self->tool = tool->tool;
    self->interval_s = self->tool == TOOL_PIDPERSEC || self->data_path ? 1 : PROBE_FOR_EVER;
    self->count = PROBE_FOR_EVER;
    if (count > 1)
        self->interval_s = s_number (operands[1], "INTERVAL", PROBE_FOR_EVER);
    if (count > 2)
        self->count = s_number (operands[2], "COUNT", PROBE_FOR_EVER);
    return tool;
}

static void
s_check (const probe_options_t *self, const tool_row_t *tool, unsigned seen)
{
    for (size_t i = 0; i < OPTIONS; i++)
        if ((seen >> i & 1) && !(s_options[i].tools & tool->tool))
            s_usage ("%s has no option --%s", tool->name, s_options[i].name);
    if (self->data_path && self->keyed_by != KEYED_BY_NOTHING)
        s_usage ("-d cannot be combined with -P, -L or --pidnss: a frame holds one histogram");
    if (self->data_path && self->interval_s > FRAME_MAX_SPAN_S)
        s_usage ("with -d INTERVAL is at most %d, a frame's longest span", FRAME_MAX_SPAN_S);
}

void
probe_options_parse (probe_options_t *self, int argc, char **argv)
{
    *self = (probe_options_t){.scope.kind = SCOPE_ALL};
    unsigned seen = s_take_options (self, argc, argv);
    if (s_saw (seen, 'h'))
        s_help (optind < argc ? s_find_tool (argv[optind])->tool : EVERY);
    if (s_saw (seen, 'V')) {
        puts ("probe (kpulse) " KPULSE_VERSION);
        exit (EXIT_DONE);
    }
    const tool_row_t *tool = s_take_operands (self, argc - optind, argv + optind);
    s_check (self, tool, seen);
}
