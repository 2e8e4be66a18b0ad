//  SPDX-License-Identifier: GPL-2.0-or-later
//  bundle - see bundle.h.
#include "broker/bundle.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(BUNDLE_BYTES >= NODE_NAME_MAX + 1 + FRAME_MAX_BYTES + 8, "any record fits");

bundle_t *
bundle_new (void)
{
    bundle_t *self = malloc (sizeof *self);
    assert (self);
    bundle_clear (self);
    return self;
}

void
bundle_destroy (bundle_t **self_p)
{
    free (*self_p);
    *self_p = NULL;
}

//  Everything begins on a whole word.
static size_t
s_rounded (size_t size)
{
    return (size + 7) & ~(size_t) 7;
}

size_t
bundle_weight (const store_record_t *record)
{
    return s_rounded (strlen (record->node) + 1) + s_rounded (record->size);
}

static const void *
s_copy (bundle_t *self, const void *data, size_t size)
{
    void *copy = self->data + self->bytes;
    memcpy (copy, data, size);
    self->bytes += s_rounded (size);
    return copy;
}

int
bundle_add (bundle_t *self, const store_record_t *record)
{
    if (self->count == BUNDLE_RECORDS || bundle_weight (record) > BUNDLE_BYTES - self->bytes)
        return -1;
    store_record_t *copy = &self->records[self->count++];
    *copy = *record;
    copy->node = s_copy (self, record->node, strlen (record->node) + 1);
    copy->data = s_copy (self, record->data, record->size);
    return 0;
}

void
bundle_clear (bundle_t *self)
{
    self->next = NULL;
    self->count = self->bytes = 0;
}
