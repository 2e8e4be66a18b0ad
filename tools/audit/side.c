//  SPDX-License-Identifier: GPL-2.0-or-later
//  side - see side.h: which kind a place is, and what both share.
#include "tools/audit/side.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "tools/audit/side_self.h"

side_t *
side_new (const char *place, char error[SIDE_ERROR_MAX + 1])
{
    side_t *self =
        strstr (place, "://") ? side_endpoint_new (place, error) : side_folder_new (place, error);
    if (self)
        self->place = place;
    return self;
}

void
side_destroy (side_t **self_p)
{
    if (!*self_p)
        return;
    (*self_p)->destroy (*self_p);
    *self_p = NULL;
}

int
side_fail (side_t *self, const char *format, ...)
{
    int length = snprintf (self->error, sizeof self->error, "%.400s: ", self->place);
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (self->error + length, sizeof self->error - (size_t) length, format, arguments);
    va_end (arguments);
    return -1;
}

const char *
side_error (const side_t *self)
{
    return self->error;
}

const char *
side_place (const side_t *self)
{
    return self->place;
}

int
side_nodes (side_t *self, node_name_t **nodes, size_t *count)
{
    return self->nodes (self, nodes, count);
}

int
side_manifest (side_t *self, const char *node, manifest_t *manifest)
{
    return self->manifest (self, node, manifest);
}

int
side_losses (side_t *self, const char *node, loss_t **losses, size_t *count)
{
    return self->losses (self, node, losses, count);
}

int
side_seek (side_t *self, const char *node, const seq_range_t *range)
{
    return self->seek (self, node, range);
}

int
side_next (side_t *self, const void **data, size_t *size)
{
    return self->next (self, data, size);
}
