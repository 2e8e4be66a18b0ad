//  SPDX-License-Identifier: GPL-2.0-or-later
//  cgroup - find a cgroup of the unified hierarchy (cgroup2) by its path.
#ifndef PUBLISHER_CGROUP_H
#define PUBLISHER_CGROUP_H

#include <stdint.h>
#include "publisher/source.h"

typedef struct {
    uint64_t id;                    //  Its inode number, which the kernel calls its id
    int level;                      //  Steps below the root
    char path[CGROUP_PATH_MAX + 1]; //  Below the hierarchy's root, as a scope names it: "/web"
} cgroup_t;

//  path is the full path in the file system, or that below the hierarchy's root. Returns 0, or -1
//  with error filled: there is no such cgroup, its path is too long for a scope, or no cgroup2 is
//  mounted.
int cgroup_find (cgroup_t *self, const char *path, source_error_t *error);

//  Have a scope that is a cgroup name it as frames do, whatever path it was given. Returns as
//  above.
int cgroup_name_scope (scope_t *scope, source_error_t *error);

#endif
