//  SPDX-License-Identifier: GPL-2.0-or-later
//  help - see help.h.
#include "subscriber/help.h"

void
help_language (FILE *out)
{
    fputs ("select EXPR [as NAME], ... from NODE, web*, ... | *\n"
           "       [over 60s] [since 10m | 'YYYY-MM-DD HH:MM'] [until ...] [every 10s]\n"
           "       [by node | all] [order by COLUMN [desc]] [limit N]\n"
           "       EXPR is METRIC_FUNCTION: cpu_avg, runqlat_p99, pidpersec_sum, ...\n"
           "       metrics     cpudist (cpu), offcpu, runqlat, pidpersec\n"
           "       functions   avg sum count rate time min max p50 p90 p99 p999 hist\n"
           "show nodes | metrics | gaps | stats          explain select ...\n"
           "\n"
           "A statement ends with ';' or where its line makes it complete; an empty line\n"
           "ends it anyhow. Times in tables are local, coverage is seconds present/asked,\n"
           "- is no value. Tab completes. \\? lists the commands, \\d METRIC its columns,\n"
           "quit or Ctrl-D leaves.\n",
           out);
}

void
help_keys (FILE *out)
{
    fputs ("\n"
           "A command ends with its line. Written behind a statement it is about that one,\n"
           "else about the one asked last: select cpu_avg from * \\watch 5\n"
           "Tab completes, Ctrl-R searches what was typed before, Ctrl-C drops what is\n"
           "typed or ends what runs, Ctrl-D leaves. help or \\h shows how to ask.\n",
           out);
}
