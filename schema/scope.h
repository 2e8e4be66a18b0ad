//  SPDX-License-Identifier: GPL-2.0-or-later
//  scope - what a node's measuring is limited to. On the wire: [kind, pid, cgroup].
#ifndef SCHEMA_SCOPE_H
#define SCHEMA_SCOPE_H

#include <stdbool.h>
#include <stdint.h>
#include "schema/wire.h"

#define CGROUP_PATH_MAX 255

typedef enum { SCOPE_ALL, SCOPE_PID, SCOPE_CGROUP } scope_kind_t;

typedef struct {
    scope_kind_t kind;
    uint32_t pid;                     //  Process id (tgid), for SCOPE_PID; else 0
    char cgroup[CGROUP_PATH_MAX + 1]; //  Path below the cgroup root, for SCOPE_CGROUP; else ""
} scope_t;

//  True where the members fit the kind, and the path has no control characters.
bool scope_is_valid (const scope_t *self);
bool scope_equal (const scope_t *self, const scope_t *other);

//  In words: "all", "pid 3327" or "cgroup /user.slice".
#define SCOPE_TEXT_MAX (CGROUP_PATH_MAX + 8)
void scope_print (const scope_t *self, char text[SCOPE_TEXT_MAX + 1]);

void scope_put (const scope_t *self, wire_writer_t *writer);
//  Returns 0, or -1 where it is malformed or not valid.
int scope_take (scope_t *self, wire_reader_t *reader);

#endif
