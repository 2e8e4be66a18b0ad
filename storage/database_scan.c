//  SPDX-License-Identifier: GPL-2.0-or-later
//  database_scan - batches, and scans over the database and what a batch changes in it.
#include "storage/database_self.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct batch_t {
    const database_t *database;
    rocksdb_writebatch_wi_t *changes; //  With an index, so that it can be read back
    rocksdb_writebatch_t *unseen;     //  Without one; what is written in the end
};

struct scan_t {
    database_t *database;
    const batch_t *batch;
    rocksdb_iterator_t *iterators[DATABASE_FAMILIES]; //  NULL: not needed so far
    rocksdb_iterator_t *iterator;                     //  The one in use; NULL: none so far
    rocksdb_pinnableslice_t *found;                   //  What was last looked up; NULL: nothing
    rocksdb_readoptions_t *options;
    const rocksdb_snapshot_t *snapshot; //  NULL where it is of one family
    bool started;                       //  The iterator stands on a key that was handed out
    size_t first_size, end_size;
    char bounds[]; //  The end, which RocksDB borrows as long as the iterator lives, and the first
};

//  --- batches ---------------------------------------------------------------------------------

static rocksdb_column_family_handle_t *
s_family_of (const batch_t *self, const void *key, size_t key_size)
{
    return self->database->families[database_family (self->database, key, key_size)];
}

batch_t *
batch_new (const database_t *database)
{
    batch_t *self = malloc (sizeof *self);
    assert (self);
    self->database = database;
    self->changes = rocksdb_writebatch_wi_create (0, 1);
    self->unseen = rocksdb_writebatch_create ();
    return self;
}

void
batch_destroy (batch_t **self_p)
{
    batch_t *self = *self_p;
    if (!self)
        return;
    rocksdb_writebatch_wi_destroy (self->changes);
    rocksdb_writebatch_destroy (self->unseen);
    free (self);
    *self_p = NULL;
}

void
batch_put (batch_t *self, const void *key, size_t key_size, const void *value, size_t value_size)
{
    rocksdb_writebatch_wi_put (self->changes, key, key_size, value, value_size);
}

void
batch_delete (batch_t *self, const void *key, size_t key_size)
{
    rocksdb_writebatch_wi_delete (self->changes, key, key_size);
}

void
batch_put_unseen (batch_t *self, const void *key, size_t key_size, const void *value,
                  size_t value_size)
{
    rocksdb_writebatch_put_cf (self->unseen, s_family_of (self, key, key_size), key, key_size,
                               value, value_size);
}

void
batch_delete_unseen (batch_t *self, const void *key, size_t key_size)
{
    rocksdb_writebatch_delete_cf (self->unseen, s_family_of (self, key, key_size), key, key_size);
}

int
batch_find (const batch_t *self, database_t *database, const void *key, size_t key_size,
            void **value, size_t *size, char error[DATABASE_ERROR_MAX])
{
    char *text = NULL;
    *value = rocksdb_writebatch_wi_get_from_batch_and_db (
        self->changes, database->db, database->read_options, key, key_size, size, &text);
    if (database_check (database, text, "read", error))
        return -1;
    return *value != NULL;
}

bool
batch_is_empty (const batch_t *self)
{
    return rocksdb_writebatch_wi_count (self->changes) == 0 &&
           rocksdb_writebatch_count (self->unseen) == 0;
}

size_t
batch_bytes (const batch_t *self)
{
    size_t size, unseen_size;
    rocksdb_writebatch_wi_data (self->changes, &size);
    rocksdb_writebatch_data (self->unseen, &unseen_size);
    return size + unseen_size;
}

static void
s_move_put (void *unseen, const char *key, size_t key_size, const char *value, size_t value_size)
{
    rocksdb_writebatch_put (unseen, key, key_size, value, value_size);
}

static void
s_move_delete (void *unseen, const char *key, size_t key_size)
{
    rocksdb_writebatch_delete (unseen, key, key_size);
}

int
database_write (database_t *self, batch_t *batch, char error[DATABASE_ERROR_MAX])
{
    char *text = NULL;
    rocksdb_writebatch_wi_iterate (batch->changes, batch->unseen, s_move_put, s_move_delete);
    rocksdb_write (self->db, self->write_options, batch->unseen, &text);
    rocksdb_writebatch_wi_clear (batch->changes);
    rocksdb_writebatch_clear (batch->unseen);
    return database_check (self, text, "write to", error);
}

//  --- scans -----------------------------------------------------------------------------------

scan_t *
scan_new (database_t *database, const void *first, size_t first_size, const void *end,
          size_t end_size)
{
    return scan_new_over (database, NULL, first, first_size, end, end_size);
}

//  Use the iterator of a family, as the batch changes what it has.
static void
s_use (scan_t *self, int family)
{
    rocksdb_iterator_t **iterator = &self->iterators[family];
    if (!*iterator) {
        *iterator = rocksdb_create_iterator_cf (self->database->db, self->options,
                                                self->database->families[family]);
        if (self->batch && family == 0)
            *iterator =
                rocksdb_writebatch_wi_create_iterator_with_base (self->batch->changes, *iterator);
    }
    self->iterator = *iterator;
}

static void
s_use_family_of (scan_t *self, const void *key, size_t key_size)
{
    s_use (self, database_family (self->database, key, key_size));
}

//  Iterators of two families see one moment by a snapshot.
static void
s_take_snapshot (scan_t *self)
{
    self->snapshot = rocksdb_create_snapshot (self->database->db);
    rocksdb_readoptions_set_snapshot (self->options, self->snapshot);
}

scan_t *
scan_new_over (database_t *database, const batch_t *batch, const void *first, size_t first_size,
               const void *end, size_t end_size)
{
    scan_t *self = calloc (1, sizeof *self + end_size + first_size);
    assert (self);
    self->database = database;
    self->batch = batch;
    self->first_size = first_size;
    self->end_size = end_size;
    memcpy (self->bounds, end, end_size);
    memcpy (self->bounds + end_size, first, first_size);
    self->options = rocksdb_readoptions_create ();
    rocksdb_readoptions_set_iterate_upper_bound (self->options, self->bounds, end_size);
    if (first_size == 0)
        s_take_snapshot (self);
    else
        s_use_family_of (self, first, first_size);
    return self;
}

void
scan_destroy (scan_t **self_p)
{
    scan_t *self = *self_p;
    if (!self)
        return;
    for (int i = 0; i < DATABASE_FAMILIES; i++)
        if (self->iterators[i])
            rocksdb_iter_destroy (self->iterators[i]);
    rocksdb_pinnableslice_destroy (self->found);
    if (self->snapshot)
        rocksdb_release_snapshot (self->database->db, self->snapshot);
    rocksdb_readoptions_destroy (self->options);
    free (self);
    *self_p = NULL;
}

//  A batch's own keys know no end.
static bool
s_is_before_end (const scan_t *self)
{
    size_t size;
    const void *key = rocksdb_iter_key (self->iterator, &size);
    size_t common = size < self->end_size ? size : self->end_size;
    int order = memcmp (key, self->bounds, common);
    return order < 0 || (order == 0 && size < self->end_size);
}

//  What a step came to: 1, 0 at the end, -1 on failure.
static int
s_arrive (scan_t *self, char error[DATABASE_ERROR_MAX])
{
    self->started = true;
    if (rocksdb_iter_valid (self->iterator))
        return s_is_before_end (self);
    char *text = NULL;
    rocksdb_iter_get_error (self->iterator, &text);
    return database_check (self->database, text, "read", error);
}

int
scan_next (scan_t *self, char error[DATABASE_ERROR_MAX])
{
    if (!self->started)
        return scan_seek (self, self->bounds + self->end_size, self->first_size, error);
    if (rocksdb_iter_valid (self->iterator))
        rocksdb_iter_next (self->iterator);
    return s_arrive (self, error);
}

int
scan_seek (scan_t *self, const void *key, size_t key_size, char error[DATABASE_ERROR_MAX])
{
    s_use_family_of (self, key, key_size);
    rocksdb_iter_seek (self->iterator, key, key_size);
    return s_arrive (self, error);
}

int
scan_seek_back (scan_t *self, const void *key, size_t key_size, char error[DATABASE_ERROR_MAX])
{
    s_use_family_of (self, key, key_size);
    rocksdb_iter_seek_for_prev (self->iterator, key, key_size);
    return s_arrive (self, error);
}

int
scan_find (scan_t *self, const void *key, size_t key_size, const void **value, size_t *size,
           char error[DATABASE_ERROR_MAX])
{
    char *text = NULL;
    assert (self->snapshot && !self->batch);
    rocksdb_pinnableslice_destroy (self->found);
    self->found = rocksdb_get_pinned_cf (
        self->database->db, self->options,
        self->database->families[database_family (self->database, key, key_size)], key, key_size,
        &text);
    if (database_check (self->database, text, "read", error))
        return -1;
    if (!self->found)
        return 0;
    *value = rocksdb_pinnableslice_value (self->found, size);
    return 1;
}

const void *
scan_key (const scan_t *self, size_t *size)
{
    return rocksdb_iter_key (self->iterator, size);
}

const void *
scan_value (const scan_t *self, size_t *size)
{
    return rocksdb_iter_value (self->iterator, size);
}
