//  SPDX-License-Identifier: GPL-2.0-or-later
//  side_folder - the side that is a store's folder, opened here.
#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "storage/store.h"
#include "tools/audit/side_self.h"

typedef struct {
    side_t side; //  First: a side_t * is a folder_t *
    store_t *store;
    store_cursor_t *cursor;
} folder_t;

static int
s_fail (folder_t *self)
{
    char error[512];
    store_error (self->store, error);
    return side_fail (&self->side, "cannot be read: %s", error);
}

static void
s_destroy (side_t *side)
{
    folder_t *self = (folder_t *) side;
    store_cursor_destroy (&self->cursor);
    store_destroy (&self->store);
    free (self);
}

static int
s_nodes (side_t *side, node_name_t **nodes, size_t *count)
{
    folder_t *self = (folder_t *) side;
    store_node_t *records;
    if (store_nodes (self->store, &records, count) == -1)
        return s_fail (self);
    *nodes = calloc (*count + 1, sizeof **nodes);
    assert (*nodes);
    for (size_t i = 0; i < *count; i++)
        memcpy ((*nodes)[i], records[i].node, sizeof (node_name_t));
    free (records);
    return 0;
}

static int
s_manifest (side_t *side, const char *node, manifest_t *manifest)
{
    folder_t *self = (folder_t *) side;
    if (store_manifest (self->store, node, 0, 0, manifest) == -1)
        return s_fail (self);
    while (manifest->more) {
        manifest_t page;
        const manifest_run_t *last = &manifest->runs[manifest->count - 1];
        if (store_manifest (self->store, node, last->range.epoch, last->range.last_seq + 1,
                            &page) == -1)
            return s_fail (self);
        int rc = manifest_append (manifest, &page, SIDE_RUNS_MAX);
        manifest_clear (&page);
        if (rc == -1)
            return side_fail (side, "holds too many runs of frames of %s to compare", node);
    }
    return 0;
}

static int
s_losses (side_t *side, const char *node, loss_t **losses, size_t *count)
{
    folder_t *self = (folder_t *) side;
    return store_losses (self->store, node, losses, count) == 0 ? 0 : s_fail (self);
}

static int
s_seek (side_t *side, const char *node, const seq_range_t *range)
{
    folder_t *self = (folder_t *) side;
    store_cursor_destroy (&self->cursor);
    self->cursor = store_cursor_new_replay (self->store, node, range);
    return self->cursor ? 0 : s_fail (self);
}

static int
s_next (side_t *side, const void **data, size_t *size)
{
    folder_t *self = (folder_t *) side;
    int rc = store_cursor_next (self->cursor, data, size);
    return rc == -1 ? s_fail (self) : rc;
}

store_t *
side_folder_open (const char *path, char error[SIDE_ERROR_MAX + 1])
{
    //  Opening makes a store where there is none, and an audit must not.
    struct stat status;
    char marker[4096];
    snprintf (marker, sizeof marker, "%s/CURRENT", path);
    if (stat (marker, &status) == -1) {
        snprintf (error, SIDE_ERROR_MAX + 1,
                  "%s: no store is there (%s); name a program's --store folder, or the endpoint "
                  "where it answers",
                  path, strerror (errno));
        return NULL;
    }
    const store_options_t options = {.refuse_damaged_log = true};
    return store_new (path, &options, error);
}

side_t *
side_folder_new (const char *path, char error[SIDE_ERROR_MAX + 1])
{
    store_t *store = side_folder_open (path, error);
    if (!store)
        return NULL;
    folder_t *self = calloc (1, sizeof *self);
    assert (self);
    self->store = store;
    self->side = (side_t){.destroy = s_destroy,
                          .nodes = s_nodes,
                          .manifest = s_manifest,
                          .losses = s_losses,
                          .seek = s_seek,
                          .next = s_next};
    return &self->side;
}
