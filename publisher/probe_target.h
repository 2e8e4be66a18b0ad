//  SPDX-License-Identifier: GPL-2.0-or-later
//  probe_target - the process or cgroup that bin/probe is limited to.
//  Stateless; safe from any thread.
#ifndef PUBLISHER_PROBE_TARGET_H
#define PUBLISHER_PROBE_TARGET_H

#include <stdbool.h>
#include "publisher/source.h"

//  Find what scope names. A process must exist, and be one, not one of a process's threads; a
//  cgroup's path is replaced by that below the hierarchy's root, as frames have it. Returns 0, or
//  -1 and fills error.
int probe_target_find (scope_t *scope, source_error_t *error);

//  True where scope names a process and that is no more.
bool probe_target_has_ended (const scope_t *scope);

#endif
