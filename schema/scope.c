//  SPDX-License-Identifier: GPL-2.0-or-later
//  scope - see scope.h.

#include <stdio.h>
#include <string.h>
#include "schema/scope.h"
#include "schema/text.h"

static bool
s_is_path (const char path[CGROUP_PATH_MAX + 1])
{
    size_t length = strnlen (path, CGROUP_PATH_MAX + 1);
    return length > 0 && length <= CGROUP_PATH_MAX && !strpbrk (path, "\t\n") &&
           text_is_valid (path, length);
}

bool
scope_is_valid (const scope_t *self)
{
    if (self->kind == SCOPE_CGROUP ? !s_is_path (self->cgroup) : self->cgroup[0] != '\0')
        return false;
    return self->kind <= SCOPE_CGROUP && (self->pid != 0) == (self->kind == SCOPE_PID);
}

bool
scope_equal (const scope_t *self, const scope_t *other)
{
    return self->kind == other->kind && self->pid == other->pid &&
           strcmp (self->cgroup, other->cgroup) == 0;
}

void
scope_print (const scope_t *self, char text[SCOPE_TEXT_MAX + 1])
{
    switch (self->kind) {
    case SCOPE_ALL:
        snprintf (text, SCOPE_TEXT_MAX + 1, "all");
        return;
    case SCOPE_PID:
        snprintf (text, SCOPE_TEXT_MAX + 1, "pid %u", self->pid);
        return;
    case SCOPE_CGROUP:
        snprintf (text, SCOPE_TEXT_MAX + 1, "cgroup %s", self->cgroup);
        return;
    }
}

void
scope_put (const scope_t *self, wire_writer_t *writer)
{
    wire_put_array (writer, 3);
    wire_put_uint (writer, self->kind);
    wire_put_uint (writer, self->pid);
    wire_put_string (writer, self->cgroup, strlen (self->cgroup));
}

int
scope_take (scope_t *self, wire_reader_t *reader)
{
    uint64_t kind, pid;
    if (wire_expect_array (reader, 3) || wire_take_limited (reader, SCOPE_CGROUP, &kind) ||
        wire_take_limited (reader, UINT32_MAX, &pid) ||
        wire_take_text (reader, self->cgroup, sizeof self->cgroup))
        return -1;
    self->kind = (scope_kind_t) kind;
    self->pid = (uint32_t) pid;
    return scope_is_valid (self) ? 0 : -1;
}
