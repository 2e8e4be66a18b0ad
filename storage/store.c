//  SPDX-License-Identifier: GPL-2.0-or-later
//  store - opening, which proves that the database is ours and reads the books into memory; and
//  the figures about the whole.
#include "storage/store_self.h"
#include "storage/unwritten.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include "storage/folder.h"
#include "storage/inbox.h"
#include "storage/store_key.h"

#define MEMORY_BYTES_DEFAULT (16u << 20)
#define RESERVE_BYTES        (64u << 20)

//  Of a frame, for the sizes of buffers.
#define FRAME_BYTES_USUAL 512

//  What all buffers take where about so many bytes live briefly.
static uint64_t
s_buffers_bytes (const store_t *self, uint64_t brief_bytes)
{
    return DATABASE_BUFFERS * (uint64_t) database_buffer_bytes (self->memory_bytes, brief_bytes);
}

static void
s_reserve (store_t *self, uint64_t buffers_bytes)
{
    atomic_store (&self->buffers_bytes, buffers_bytes);
    atomic_store (&self->reserve_bytes, buffers_bytes + RESERVE_BYTES);
}

//  The frames of a minute live briefly. Larger buffers need a larger reserve: where that would have
//  the disk full they do not grow yet.
void
store_fit (store_t *self)
{
    uint64_t brief_bytes = (uint64_t) self->holdings->count * MINUTE_S * FRAME_BYTES_USUAL;
    uint64_t buffers_bytes = s_buffers_bytes (self, brief_bytes);
    if (buffers_bytes > atomic_load (&self->buffers_bytes) &&
        folder_free_bytes (self->path) < 2 * (buffers_bytes + RESERVE_BYTES))
        return;
    s_reserve (self, buffers_bytes);
    database_expect (self->database, brief_bytes);
}

//  Recovery writes what the log holds to new files, and fills all buffers anew. Debian's RocksDB
//  aborts the process on some writes to a full disk: look before it is asked.
static int
s_check_space (const char *path, uint64_t buffers_bytes, char error[DATABASE_ERROR_MAX])
{
    uint64_t log_bytes = folder_bytes_of (path, DATABASE_LOG_SUFFIX);
    uint64_t needed_bytes = log_bytes > buffers_bytes ? log_bytes : buffers_bytes;
    uint64_t free_bytes = folder_free_bytes (path);
    if (free_bytes >= needed_bytes)
        return 0;
    snprintf (error, DATABASE_ERROR_MAX,
              "the disk of the store %s has %llu MiB left and opening it may need %llu MiB; "
              "free some space and start again",
              path, (unsigned long long) free_bytes >> 20, (unsigned long long) needed_bytes >> 20);
    return -1;
}

static void
s_explain_damage (const store_t *self, const char *what, char error[DATABASE_ERROR_MAX])
{
    snprintf (error, DATABASE_ERROR_MAX,
              "the store %s is damaged: %s; move it away to start with an empty one", self->path,
              what);
}

static int
s_refuse_damaged (const store_t *self, const char *what, store_fault_t *fault,
                  char error[DATABASE_ERROR_MAX])
{
    *fault = STORE_DAMAGED;
    s_explain_damage (self, what, error);
    return -1;
}

static int
s_refuse_vanished (const store_t *self, char error[DATABASE_ERROR_MAX])
{
    snprintf (error, DATABASE_ERROR_MAX, "the store %s vanished while it was opened; start again",
              self->path);
    return -1;
}

//  Give a fresh database its mark and identity.
static int
s_mark (store_t *self, const store_options_t *options, char error[DATABASE_ERROR_MAX])
{
    if (getrandom (&self->id, sizeof self->id, 0) != sizeof self->id) {
        snprintf (error, DATABASE_ERROR_MAX, "no random number can be had for the store %s",
                  self->path);
        return -1;
    }
    store_bytes_t format = store_key_format (), identity = store_key_identity ();
    store_bytes_t value = store_value_identity (self->id, options->owner ? options->owner : "");
    batch_t *batch = batch_new (self->database);
    batch_put (batch, format.data, format.size, STORE_FORMAT, strlen (STORE_FORMAT));
    batch_put (batch, identity.data, identity.size, value.data, value.size);
    int rc = database_write (self->database, batch, error);
    batch_destroy (&batch);
    return rc;
}

static bool
s_is_format (const scan_t *first)
{
    store_bytes_t expected = store_key_format ();
    size_t key_size, value_size;
    const void *key = scan_key (first, &key_size);
    const void *value = scan_value (first, &value_size);
    return key_size == expected.size && memcmp (key, expected.data, key_size) == 0 &&
           value_size == strlen (STORE_FORMAT) && memcmp (value, STORE_FORMAT, value_size) == 0;
}

//  Whether another version of this program wrote it.
static bool
s_is_other_format (const scan_t *first)
{
    size_t size;
    const void *value = scan_value (first, &size);
    return size > strlen (STORE_NAME) && memcmp (value, STORE_NAME, strlen (STORE_NAME)) == 0;
}

static void
s_explain_format (const store_t *self, bool is_other, char error[DATABASE_ERROR_MAX])
{
    if (is_other)
        snprintf (error, DATABASE_ERROR_MAX,
                  "the store %s was written by another version of this program, in another format "
                  "than \"" STORE_FORMAT "\"; move it away to start with an empty one, or choose "
                  "another path",
                  self->path);
    else
        snprintf (error, DATABASE_ERROR_MAX,
                  "%s holds a database that is not a \"" STORE_FORMAT "\"; choose another path",
                  self->path);
}

//  Returns 1 where the database is a store of this format, 0 where it is empty, -1 on failure or
//  where it is another. The mark is the first of all keys.
static int
s_check_format (store_t *self, char error[DATABASE_ERROR_MAX])
{
    scan_t *scan = scan_new (self->database, "", 0, "\xFF", 1);
    int rc = scan_next (scan, error);
    bool ours = rc == 1 && s_is_format (scan);
    bool is_other = rc == 1 && s_is_other_format (scan);
    scan_destroy (&scan);
    if (rc <= 0 || ours)
        return rc;
    s_explain_format (self, is_other, error);
    return -1;
}

static void
s_explain_owner (const char *path, const char *owner, const char *wanted,
                 char error[DATABASE_ERROR_MAX])
{
    if (!*owner)
        snprintf (error, DATABASE_ERROR_MAX,
                  "the store %s holds frames of many nodes, it is a broker's and not node %s's; "
                  "choose another path",
                  path, wanted);
    else if (!*wanted)
        snprintf (error, DATABASE_ERROR_MAX,
                  "the store %s belongs to node %s, it is a worker's and not a broker's; choose "
                  "another path",
                  path, owner);
    else
        snprintf (error, DATABASE_ERROR_MAX,
                  "the store %s belongs to node %s, not to node %s: it was copied or misplaced; "
                  "move it away, or choose another path",
                  path, owner, wanted);
}

//  Returns 0, or -1 and the fault.
static int
s_check_owner (store_t *self, const store_options_t *options, store_fault_t *fault,
               char error[DATABASE_ERROR_MAX])
{
    char owner[NODE_NAME_MAX + 1];
    store_bytes_t key = store_key_identity (), value;
    int rc = database_get (self->database, key.data, key.size, value.data, sizeof value.data,
                           &value.size, error);
    if (rc < 0)
        return -1;
    if (rc == 0 || store_read_identity (value.data, value.size, &self->id, owner))
        return s_refuse_damaged (self, "it does not say whose it is", fault, error);
    if (!options->owner || strcmp (options->owner, owner) == 0)
        return 0;
    *fault = *owner ? STORE_FOREIGN : STORE_SHARED;
    s_explain_owner (self->path, owner, options->owner, error);
    return -1;
}

//  An empty database becomes a store; any other must be one already, of this owner.
static int
s_identify (store_t *self, const store_options_t *options, store_fault_t *fault,
            char error[DATABASE_ERROR_MAX])
{
    int rc = s_check_format (self, error);
    if (rc < 0)
        return -1;
    return rc ? s_check_owner (self, options, fault, error) : s_mark (self, options, error);
}

//  Take a record that belongs to a node whose own record came before. Returns 0, or -1 where it
//  contradicts those before it.
static int
s_load_range (store_t *self, const char *node, const store_range_t *range)
{
    holding_t *holding = holdings_find (self->holdings, node);
    if (holding && holding->newest_wall_s < range->last_wall_s)
        holding->newest_wall_s = range->last_wall_s;
    return holding ? ranges_append_run (holding_add (holding, range->epoch), range) : -1;
}

static int
s_load_loss (store_t *self, const char *node, const loss_t *loss)
{
    holding_t *holding = holdings_find (self->holdings, node);
    if (!holding)
        return -1;
    losses_add (&holding->losses, loss);
    return 0;
}

//  Where retention emptied the inbox no record tells that the mark's number is taken.
static void
s_load_mark (store_t *self, unsigned group, uint64_t from)
{
    self->unwritten[group].from = from;
    if (self->inbox_number < from)
        self->inbox_number = from;
}

//  Take one record of the books: node records come first, then losses, then ranges, each in order
//  of epoch and seq.
static int
s_load_record (store_t *self, const scan_t *scan)
{
    char node[NODE_NAME_MAX + 1];
    holding_t record = {.newest_wall_s = INT64_MIN};
    store_range_t range;
    loss_t loss;
    size_t key_size, value_size;
    const void *key = scan_key (scan, &key_size);
    const void *value = scan_value (scan, &value_size);

    unsigned group;
    uint64_t number;
    if (store_read_unwritten (key, key_size, value, value_size, &group, &number) == 0) {
        s_load_mark (self, group, number);
        return 0;
    }
    if (store_read_range (key, key_size, value, value_size, node, &range) == 0)
        return s_load_range (self, node, &range);
    if (store_read_loss (key, key_size, value, value_size, node, &loss) == 0)
        return s_load_loss (self, node, &loss);
    if (store_read_node (key, key_size, value, value_size, node, &record))
        return -1;
    holding_begin_draft (holdings_add (self->holdings, node), &record);
    return 0;
}

static int
s_load_records (store_t *self, store_bytes_t first, store_bytes_t end, store_fault_t *fault,
                char error[DATABASE_ERROR_MAX])
{
    scan_t *scan = scan_new (self->database, first.data, first.size, end.data, end.size);
    int rc = scan_next (scan, error);
    bool sound = true;
    while (rc == 1 && sound) {
        sound = s_load_record (self, scan) == 0;
        rc = sound ? scan_next (scan, error) : 0;
    }
    scan_destroy (&scan);
    if (rc == 0 && !sound)
        return s_refuse_damaged (self, "its list of frames contradicts itself", fault, error);
    return rc;
}

static int
s_load_unwritten (store_t *self, store_fault_t *fault, char error[DATABASE_ERROR_MAX])
{
    int rc = unwritten_read (self, error);
    return rc == 1 ? s_refuse_damaged (self, "its open minutes contradict its list of frames",
                                       fault, error)
                   : rc;
}

static int
s_load_books (store_t *self, store_fault_t *fault, char error[DATABASE_ERROR_MAX])
{
    if (s_load_records (self, store_key_books_first (), store_key_books_end (), fault, error) ||
        s_load_records (self, store_key_ranges_first (), store_key_ranges_end (), fault, error) ||
        s_load_unwritten (self, fault, error))
        return -1;
    for (size_t i = 0; i < self->holdings->count; i++)
        store_order_expiry (self, self->holdings->nodes[i]);
    return 0;
}

static int
s_open_database (store_t *self, const store_options_t *options, store_fault_t *fault,
                 char error[DATABASE_ERROR_MAX])
{
    static const store_fault_t faults[] = {[DATABASE_UNUSABLE] = STORE_UNUSABLE,
                                           [DATABASE_IN_USE] = STORE_IN_USE,
                                           [DATABASE_DAMAGED] = STORE_DAMAGED};
    const database_options_t wanted = {self->memory_bytes, options->sync,
                                       options->refuse_damaged_log};
    database_fault_t why;
    self->database = database_new (self->path, &wanted, &why, error);
    if (!self->database) {
        *fault = faults[why];
        return -1;
    }
    return 0;
}

static int
s_read_all (store_t *self, const store_options_t *options, store_fault_t *fault,
            char error[DATABASE_ERROR_MAX])
{
    int rc = s_identify (self, options, fault, error) || s_load_books (self, fault, error) ||
             inbox_next_number (self->database, &self->inbox_number, error);
    if (rc && database_is_damaged (self->database))
        *fault = STORE_DAMAGED;
    return rc ? -1 : 0;
}

static unsigned
s_hand_count (const store_options_t *options)
{
    unsigned count = options->hands ? options->hands : 1 + crew_helpers ();
    return count < STORE_HANDS_MAX ? count : STORE_HANDS_MAX;
}

static int
s_open (store_t *self, const store_options_t *options, store_fault_t *fault,
        char error[DATABASE_ERROR_MAX])
{
    self->hand_count = s_hand_count (options);
    self->memory_bytes = options->memory_bytes ? options->memory_bytes : MEMORY_BYTES_DEFAULT;
    s_reserve (self, s_buffers_bytes (self, 0));
    *fault = STORE_UNUSABLE;
    if (folder_create (self->path, error) ||
        s_check_space (self->path, self->buffers_bytes, error) ||
        s_open_database (self, options, fault, error) || s_read_all (self, options, fault, error))
        return -1;
    if (folder_place (self->path, DATABASE_LOCK_FILE, &self->place))
        return s_refuse_vanished (self, error);
    store_fit (self);
    return 0;
}

store_t *
store_open (const char *path, const store_options_t *options, store_fault_t *fault, char error[512])
{
    store_t *self = calloc (1, sizeof *self);
    assert (self);
    pthread_mutex_init (&self->writing, NULL);
    pthread_mutex_init (&self->mutex, NULL);
    self->path = strdup (path);
    assert (self->path);
    self->holdings = holdings_new ();
    self->expiry = due_queue_new ();
    self->hands[0] = hand_new ();
    self->open_minutes = open_minutes_new ();
    self->inbox_number = 1;
    if (s_open (self, options, fault, error))
        store_destroy (&self);
    return self;
}

store_t *
store_new (const char *path, const store_options_t *options, char error[512])
{
    store_fault_t fault;
    return store_open (path, options, &fault, error);
}

void
store_destroy (store_t **self_p)
{
    store_t *self = *self_p;
    if (!self)
        return;
    crew_destroy (&self->crew);
    crew_destroy (&self->appenders);
    database_destroy (&self->database);
    due_queue_destroy (&self->expiry);
    holdings_destroy (&self->holdings);
    for (unsigned i = 0; i < STORE_HANDS_MAX; i++)
        hand_destroy (&self->hands[i]);
    open_minutes_destroy (&self->open_minutes);
    pthread_mutex_destroy (&self->mutex);
    pthread_mutex_destroy (&self->writing);
    free (self->path);
    free (self);
    *self_p = NULL;
}

int
store_fail (store_t *self, const char *error)
{
    pthread_mutex_lock (&self->mutex);
    snprintf (self->error, sizeof self->error, "%s", error);
    pthread_mutex_unlock (&self->mutex);
    return -1;
}

void
store_error (store_t *self, char error[512])
{
    pthread_mutex_lock (&self->mutex);
    memcpy (error, self->error, sizeof self->error);
    pthread_mutex_unlock (&self->mutex);
}

int
store_fail_damaged (store_t *self, const char *what)
{
    char error[DATABASE_ERROR_MAX];
    s_explain_damage (self, what, error);
    atomic_store (&self->damaged, true);
    return store_fail (self, error);
}

uint64_t
store_id (const store_t *self)
{
    return self->id;
}

bool
store_is_in_place (const store_t *self)
{
    folder_place_t place;
    return folder_place (self->path, DATABASE_LOCK_FILE, &place) == 0 &&
           place.device == self->place.device && place.folder == self->place.folder &&
           place.file == self->place.file;
}

bool
store_is_damaged (const store_t *self)
{
    return atomic_load (&self->damaged) || database_is_damaged (self->database);
}

int
store_sync (store_t *self)
{
    char error[DATABASE_ERROR_MAX];
    return database_sync (self->database, error) ? store_fail (self, error) : 0;
}

static void
s_add_stats (store_stats_t *stats, const holding_t *holding)
{
    stats->nodes += holding->first_wall_s < INT64_MAX;
    stats->frames += holding_frames (holding);
    stats->bytes += holding_bytes (holding);
    stats->lost = losses_sum (stats->lost, losses_frames (&holding->losses));
    stats->conflicts += holding->conflicts;
    stats->chunks += holding->rolled.chunks;
    for (unsigned i = 0; i < STORE_LEVELS; i++)
        stats->rows[i] += holding->rolled.rows[i];
}

static void
s_measure (store_t *self, store_stats_t *stats)
{
    store_bytes_t first = store_key_frames_first (), end = store_key_frames_end ();
    stats->frame_disk_bytes =
        database_disk_bytes (self->database, first.data, first.size, end.data, end.size);
    first = store_key_inbox (0, 0);
    end = store_key_inbox (STORE_GROUPS, 0);
    stats->frame_disk_bytes +=
        database_disk_bytes (self->database, first.data, first.size, end.data, end.size);
    for (unsigned i = 0; i < STORE_LEVELS; i++) {
        first = store_key_rows_first (i);
        end = store_key_rows_end (i);
        stats->row_disk_bytes[i] =
            database_disk_bytes (self->database, first.data, first.size, end.data, end.size);
    }
}

void
store_stats (store_t *self, store_stats_t *stats)
{
    *stats = (store_stats_t){.disk_bytes = folder_used_bytes (self->path),
                             .free_disk_bytes = folder_free_bytes (self->path)};
    uint64_t refused_bytes = self->refused_bytes;
    uint64_t needed_bytes =
        self->reserve_bytes + (refused_bytes > FRAME_MAX_BYTES ? refused_bytes : FRAME_MAX_BYTES);
    if (stats->free_disk_bytes < needed_bytes)
        stats->short_disk_bytes = needed_bytes - stats->free_disk_bytes;
    s_measure (self, stats);
    pthread_mutex_lock (&self->mutex);
    for (size_t i = 0; i < self->holdings->count; i++)
        s_add_stats (stats, self->holdings->nodes[i]);
    stats->duplicates = self->duplicates;
    stats->expired = self->expired;
    stats->unreadable = self->unreadable;
    pthread_mutex_unlock (&self->mutex);
}
