//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_target - the process or cgroup that bin/probe is limited to. See the header.

#include "publisher/probe_target.h"

#include <stdio.h>
#include <string.h>
#include "program/exit_code.h"
#include "publisher/cgroup.h"
#include "publisher/source_ops.h"

//  The process that a pid or a thread id belongs to; 0 where neither exists.
static unsigned
s_process_of (unsigned id)
{
    char path[32], line[128];
    unsigned process = 0;
    snprintf (path, sizeof path, "/proc/%u/status", id);
    FILE *file = fopen (path, "re");
    if (!file)
        return 0;
    while (process == 0 && fgets (line, sizeof line, file))
        if (sscanf (line, "Tgid: %u", &process) != 1)
            process = 0;
    fclose (file);
    return process;
}

bool
probe_target_has_ended (const scope_t *scope)
{
    return scope->kind == SCOPE_PID && s_process_of (scope->pid) != scope->pid;
}

static int
s_find_process (const scope_t *scope, source_error_t *error)
{
    unsigned process = s_process_of (scope->pid);
    if (process == scope->pid)
        return 0;
    if (process == 0)
        source_fail (error, EXIT_NO_SUCH_TASK, "there is no process %u", scope->pid);
    else
        source_fail (error, EXIT_NO_SUCH_TASK,
                     "%u is a thread of process %u; measure that with -p %u -L", scope->pid,
                     process, process);
    return -1;
}

int
probe_target_find (scope_t *scope, source_error_t *error)
{
    if (scope->kind == SCOPE_PID)
        return s_find_process (scope, error);
    return cgroup_name_scope (scope, error);
}
