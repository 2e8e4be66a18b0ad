//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_expire_rows - retention of rollups: whole parents go, for a row means what lies between
//  it and its parent's start.
#include "storage/store_draft.h"
#include "storage/store_key.h"

_Static_assert(STORE_LEVELS == LEVEL_COUNT, "the levels of store.h are those there are");

const char *
store_level_name (unsigned level)
{
    return level_get (level)->name;
}

//  One node's rows of a level on their way out.
typedef struct {
    store_draft_t draft;
    holding_t *drafted;
    unsigned level;
    int64_t before_wall_s; //  The end of a parent
    size_t rows;
} removal_t;

//  Delete rows up to the end of the parent in which there are enough. Returns 0 or -1.
static int
s_delete_rows (removal_t *self, scan_t *scan, int64_t *kept_wall_s)
{
    char error[DATABASE_ERROR_MAX], node[NODE_NAME_MAX + 1];
    int64_t start_wall_s, parent_s = level_get (self->level)->parent_s;
    unsigned level;
    int rc;
    *kept_wall_s = self->before_wall_s;
    while ((rc = scan_next (scan, error)) == 1) {
        size_t size;
        const void *key = scan_key (scan, &size);
        if (store_read_row_key (key, size, node, &level, &start_wall_s))
            return store_fail_damaged (self->draft.store, "a rollup has no name");
        if (self->rows >= STORE_EXPIRE_STEP && start_wall_s % parent_s == 0) {
            *kept_wall_s = start_wall_s;
            return 0;
        }
        batch_delete (self->draft.batch, key, size);
        self->rows++;
    }
    return rc < 0 ? store_fail (self->draft.store, error) : 0;
}

static int
s_remove (removal_t *self)
{
    rolled_t *rolled = &self->drafted->rolled;
    int64_t kept_wall_s = rolled->kept_wall_s[self->level];
    store_bytes_t first = store_key_row (self->drafted->node, self->level, kept_wall_s);
    store_bytes_t end = store_key_row (self->drafted->node, self->level, self->before_wall_s);
    store_t *store = self->draft.store;
    scan_t *scan = scan_new (store->database, first.data, first.size, end.data, end.size);
    int rc = s_delete_rows (self, scan, &kept_wall_s);
    scan_destroy (&scan);
    rolled->kept_wall_s[self->level] = kept_wall_s;
    rolled->rows[self->level] -= self->rows;
    if (rc || store_draft_write (&self->draft))
        return -1;
    pthread_mutex_lock (&store->mutex);
    store_draft_publish (&self->draft);
    pthread_mutex_unlock (&store->mutex);
    return 0;
}

//  Returns how many rows went, or -1.
static int
s_expire_node (store_t *self, const holding_t *holding, unsigned level, int64_t before_wall_s)
{
    removal_t removal = {.level = level, .before_wall_s = before_wall_s};
    store_draft_init (&removal.draft, self, self->hands[0]);
    removal.draft.deletes = true;
    removal.drafted = store_draft_node (&removal.draft, holding->node);
    int rc = s_remove (&removal);
    store_draft_fini (&removal.draft);
    return rc ? -1 : (int) removal.rows;
}

//  Up to where a level's rows may go. Those of a parent that closed last stay as long as none
//  behind it does: where its last minute was closed before it was over, the rest of that is still
//  to come, and which seconds are new is told by the minute's row.
static int64_t
s_until_wall_s (const rolled_t *rolled, unsigned level, int64_t before_wall_s)
{
    return period_floor (wall_earlier (before_wall_s, rolled->closed_wall_s - 1),
                         level_get (level)->parent_s);
}

static int
s_expire (store_t *self, unsigned level, int64_t before_wall_s, size_t *expired)
{
    *expired = 0;
    for (size_t i = 0; i < self->holdings->count; i++) {
        const holding_t *holding = self->holdings->nodes[i];
        const rolled_t *rolled = &holding->rolled;
        if (rolled->rows[level] == 0 || rolled->origin_wall_s == INT64_MAX)
            continue;
        int64_t until_wall_s = s_until_wall_s (rolled, level, before_wall_s);
        if (until_wall_s <= rolled->kept_wall_s[level] || until_wall_s <= rolled->origin_wall_s)
            continue;
        if (*expired >= STORE_EXPIRE_STEP)
            return 1;
        int rows = store_check_space_to_delete (self, 0)
                       ? -1
                       : s_expire_node (self, holding, level, until_wall_s);
        if (rows < 0)
            return -1;
        *expired += (size_t) rows;
    }
    return 0;
}

int
store_expire_rollups (store_t *self, unsigned level, int64_t before_wall_s, size_t *expired)
{
    pthread_mutex_lock (&self->writing);
    int rc = s_expire (self, level, before_wall_s, expired);
    pthread_mutex_unlock (&self->writing);
    return rc;
}
