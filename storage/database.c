//  SPDX-License-Identifier: GPL-2.0-or-later
//  database - RocksDB 7.8 through its C interface. Its rules here: errptr is NULL on entry and
//  freed, no merge operator, no range deletes, leveled compaction, the log is never disabled;
//  each of the features left out has lost data or failed to recover in this release.
//
//  Brief keys have a column family of their own: merging what is gone a minute later with what
//  stays, and compressing both, took a third of the CPU time that a frame costs. A database without
//  that family is another program's, or its making was cut off: it has all keys in one.
#include "storage/database_self.h"

#include <assert.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define OPEN_FILES_MAX   384
#define FILE_BYTES       (16u << 20)
#define BRIEF_FILE_BYTES (64u << 20) //  All of them are merged at once
#define LOG_BYTES        (1u << 20)
#define LOG_FILES        3
#define LOG_LEVEL_WARN   2
#define BLOCK_BYTES      (16u << 10)
#define FILTER_BITS      10
#define VERSIONS_MAX     256 //  Of a key, that are stepped over

//  The open files are kept in 2^bits parts, which close what is too much for them alone. RocksDB's
//  own 64 parts hold two files each: a third one in the same part is opened anew at each turn.
#define OPEN_FILES_SHARD_BITS 1

//  Writing slows down where merging lags behind so far, and waits for it in the end.
#define SLOWDOWN_TIMES 3
#define STOP_TIMES     5

//  What recovery does with its log: go up to the first bad record and drop the rest, or drop a
//  torn tail only and refuse damage before it.
#define LOG_TO_FIRST_DAMAGE 2
#define LOG_WITHOUT_TAIL    0

static const char *const s_family_names[DATABASE_FAMILIES] = {"default", "brief"};

//  Half of the memory for blocks read. Indexes and filters lie beside it as long as their file is
//  open, 25 KB a file: found in the cache they took 7 % of a select.
//  Filters spare look-ups the files that do not have the key; at the last level, where nearly all
//  are found, there are none.
static void
s_set_cache (rocksdb_options_t *options, size_t memory_bytes)
{
    rocksdb_cache_t *cache = rocksdb_cache_create_lru (memory_bytes / 2);
    rocksdb_block_based_table_options_t *table = rocksdb_block_based_options_create ();
    rocksdb_block_based_options_set_block_cache (table, cache);
    rocksdb_block_based_options_set_cache_index_and_filter_blocks (table, 0);
    rocksdb_block_based_options_set_block_size (table, BLOCK_BYTES);
    rocksdb_block_based_options_set_filter_policy (
        table, rocksdb_filterpolicy_create_bloom_full (FILTER_BITS));
    rocksdb_options_set_block_based_table_factory (options, table);
    rocksdb_options_set_optimize_filters_for_hits (options, 1);
    rocksdb_block_based_options_destroy (table);
    rocksdb_cache_destroy (cache);
}

//  The log goes on until the buffers of both families are flushed, which they are together.
static void
s_set_sizes (rocksdb_options_t *options, const database_sizes_t *sizes)
{
    rocksdb_options_set_write_buffer_size (options, sizes->buffer_bytes);
    rocksdb_options_set_max_write_buffer_number (options, DATABASE_BUFFERS / DATABASE_FAMILIES);
    rocksdb_options_set_max_total_wal_size (options, DATABASE_BUFFERS * DATABASE_BUFFER_BYTES_MAX);
    rocksdb_options_set_target_file_size_base (options, FILE_BYTES);
    rocksdb_options_set_max_bytes_for_level_base (options, sizes->lasting_bytes);
    rocksdb_options_set_max_open_files (options, OPEN_FILES_MAX);
    rocksdb_options_set_table_cache_numshardbits (options, OPEN_FILES_SHARD_BITS);
}

//  Its own log tells of errors only: statistics would be most of what an idle worker writes.
static void
s_set_log (rocksdb_options_t *options)
{
    rocksdb_options_set_info_log_level (options, LOG_LEVEL_WARN);
    rocksdb_options_set_max_log_file_size (options, LOG_BYTES);
    rocksdb_options_set_keep_log_file_num (options, LOG_FILES);
    rocksdb_options_set_stats_dump_period_sec (options, 0);
    rocksdb_options_set_stats_persist_period_sec (options, 0);
}

//  A batch has its keys of one kind nearly in order: where the last one went into the write buffer
//  is where to look for the place of the next. Only as a text can this be asked for.
static rocksdb_options_t *
s_with_insert_hints (rocksdb_options_t *options)
{
    char *text = NULL;
    rocksdb_options_t *hinted = rocksdb_options_create ();
    rocksdb_get_options_from_string (
        options, "memtable_insert_with_hint_prefix_extractor=rocksdb.FixedPrefix.1", hinted, &text);
    assert (!text);
    rocksdb_options_destroy (options);
    return hinted;
}

//  Not compressed: chunks hardly can be. LZ4 saves 1.8 % of the disk, most of it rollups, and took
//  a third of the CPU time of RocksDB's threads.
static rocksdb_options_t *
s_options_new (const database_options_t *wanted, const database_sizes_t *sizes)
{
    rocksdb_options_t *options = rocksdb_options_create ();
    rocksdb_options_set_create_if_missing (options, 1);
    rocksdb_options_set_create_missing_column_families (options, 1);
    rocksdb_options_set_atomic_flush (options, 1);
    rocksdb_options_set_compression (options, rocksdb_no_compression);
    rocksdb_options_set_wal_recovery_mode (
        options, wanted->refuse_damaged_log ? LOG_WITHOUT_TAIL : LOG_TO_FIRST_DAMAGE);
    s_set_cache (options, wanted->memory_bytes);
    s_set_sizes (options, sizes);
    s_set_log (options);
    return s_with_insert_hints (options);
}

//  The process that holds the lock file, 0 where that cannot be told. Never called where this
//  process holds it: closing any descriptor of the file would drop that lock.
static int
s_lock_holder (const char *lock)
{
    struct flock holder = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    int file = open (lock, O_RDWR | O_CLOEXEC);
    if (file < 0)
        return 0;
    int rc = fcntl (file, F_GETLK, &holder);
    close (file);
    return rc == 0 && holder.l_type != F_UNLCK ? (int) holder.l_pid : 0;
}

static void
s_explain_lock (const char *path, const char *text, char error[DATABASE_ERROR_MAX])
{
    char lock[DATABASE_ERROR_MAX];
    char holder[32] = "another process";
    snprintf (lock, sizeof lock, "%s/" DATABASE_LOCK_FILE, path);
    int pid = strstr (text, "current process") ? (int) getpid () : s_lock_holder (lock);
    if (pid > 0)
        snprintf (holder, sizeof holder, "process %d", pid);
    snprintf (error, DATABASE_ERROR_MAX,
              "the store %s is in use: %s holds the lock %.200s; stop it, or choose another path",
              path, holder, lock);
}

static bool
s_tells_of_lock (const char *text)
{
    return strstr (text, "/" DATABASE_LOCK_FILE) && strstr (text, "lock");
}

//  A file that another one names and that is not there is damage too: of either.
static bool
s_tells_of_damage (const char *text)
{
    return strstr (text, "Corruption") || strstr (text, "No such file");
}

//  RocksDB's texts are all that tells its errors apart.
static database_fault_t
s_fault (const char *text)
{
    if (s_tells_of_lock (text))
        return DATABASE_IN_USE;
    return s_tells_of_damage (text) ? DATABASE_DAMAGED : DATABASE_UNUSABLE;
}

static void
s_explain_damage (const char *path, const char *text, char error[DATABASE_ERROR_MAX])
{
    snprintf (error, DATABASE_ERROR_MAX,
              "the store %s is damaged; move it away to start with an empty one (%s)", path, text);
}

//  What became of opening path, in words, with the way out.
static void
s_explain_open (const char *path, const char *text, char error[DATABASE_ERROR_MAX])
{
    database_fault_t fault = s_fault (text);
    if (fault == DATABASE_IN_USE)
        s_explain_lock (path, text, error);
    else if (fault == DATABASE_DAMAGED)
        s_explain_damage (path, text, error);
    else if (strstr (text, "No space left"))
        snprintf (error, DATABASE_ERROR_MAX,
                  "the disk of the store %s is full; free some space and start again", path);
    else
        snprintf (error, DATABASE_ERROR_MAX,
                  "cannot open the store %s; mend that or choose another path (%s)", path, text);
}

int
database_check (database_t *self, char *text, const char *action, char error[DATABASE_ERROR_MAX])
{
    if (!text)
        return 0;
    if (s_fault (text) == DATABASE_DAMAGED) {
        atomic_store (&self->damaged, true);
        s_explain_damage (self->path, text, error);
    } else
        snprintf (error, DATABASE_ERROR_MAX, "cannot %s the store %s (%s)", action, self->path,
                  text);
    rocksdb_free (text);
    return -1;
}

//  How many families the database has, or will have where there is none yet.
static int
s_count_families (const rocksdb_options_t *options, const char *path)
{
    char *text = NULL;
    size_t count;
    char **names = rocksdb_list_column_families (options, path, &count, &text);
    rocksdb_free (text);
    if (!names)
        return DATABASE_FAMILIES;
    rocksdb_list_column_families_destroy (names, count);
    return count == 1 ? 1 : DATABASE_FAMILIES;
}

//  A range is in nearly each of many files: who reads all ranges, at start, steps over the older
//  ones instead of seeking the next one behind them.
static void
s_make_brief (rocksdb_options_t *options, const database_sizes_t *sizes)
{
    int files = (int) sizes->brief_files;
    rocksdb_options_set_level0_file_num_compaction_trigger (options, files);
    rocksdb_options_set_level0_slowdown_writes_trigger (options, SLOWDOWN_TIMES * files);
    rocksdb_options_set_level0_stop_writes_trigger (options, STOP_TIMES * files);
    rocksdb_options_set_max_bytes_for_level_base (options, sizes->brief_bytes);
    rocksdb_options_set_target_file_size_base (options, BRIEF_FILE_BYTES);
    rocksdb_options_set_max_sequential_skip_in_iterations (options, VERSIONS_MAX);
}

static char *
s_open (database_t *self, const char *path, const database_options_t *wanted)
{
    char *text = NULL;
    self->memory_bytes = wanted->memory_bytes;
    self->sizes = database_sizes (wanted->memory_bytes, 0);
    rocksdb_options_t *lasting = s_options_new (wanted, &self->sizes);
    rocksdb_options_t *brief = s_options_new (wanted, &self->sizes);
    s_make_brief (brief, &self->sizes);
    const rocksdb_options_t *const options[DATABASE_FAMILIES] = {lasting, brief};
    self->family_count = s_count_families (lasting, path);
    self->db = rocksdb_open_column_families (lasting, path, self->family_count, s_family_names,
                                             options, self->families, &text);
    rocksdb_options_destroy (lasting);
    rocksdb_options_destroy (brief);
    return text;
}

database_t *
database_new (const char *path, const database_options_t *wanted, database_fault_t *fault,
              char error[DATABASE_ERROR_MAX])
{
    database_t *self = calloc (1, sizeof *self);
    assert (self);
    char *text = s_open (self, path, wanted);
    if (text) {
        *fault = s_fault (text);
        s_explain_open (path, text, error);
        rocksdb_free (text);
        free (self);
        return NULL;
    }
    self->path = strdup (path);
    assert (self->path);
    self->read_options = rocksdb_readoptions_create ();
    self->write_options = rocksdb_writeoptions_create ();
    rocksdb_writeoptions_set_sync (self->write_options, wanted->sync);
    return self;
}

int
database_family (const database_t *self, const void *key, size_t key_size)
{
    uint8_t tag = key_size > 0 ? *(const uint8_t *) key : 0;
    bool is_brief = tag >= DATABASE_BRIEF_FIRST && tag <= DATABASE_BRIEF_LAST;
    return is_brief ? self->family_count - 1 : 0;
}

//  --- sizes that grow -------------------------------------------------------------------------

#define SETTINGS_MAX 5

//  Settings of a family, as texts.
typedef struct {
    const char *names[SETTINGS_MAX], *values[SETTINGS_MAX];
    char texts[SETTINGS_MAX][24];
    int count;
} setting_list_t;

static void
s_list (setting_list_t *self, const char *name, uint64_t value)
{
    snprintf (self->texts[self->count], sizeof self->texts[0], "%llu", (unsigned long long) value);
    self->names[self->count] = name;
    self->values[self->count] = self->texts[self->count];
    self->count++;
}

//  Where RocksDB does not take them it goes on with those it has.
static void
s_set (database_t *self, int family, const setting_list_t *settings)
{
    char *text = NULL;
    rocksdb_set_options_cf (self->db, self->families[family], settings->count, settings->names,
                            settings->values, &text);
    rocksdb_free (text);
}

static void
s_resize_lasting (database_t *self)
{
    setting_list_t settings = {.count = 0};
    s_list (&settings, "write_buffer_size", self->sizes.buffer_bytes);
    s_list (&settings, "max_bytes_for_level_base", self->sizes.lasting_bytes);
    s_set (self, 0, &settings);
}

static void
s_resize_brief (database_t *self)
{
    const database_sizes_t *sizes = &self->sizes;
    setting_list_t settings = {.count = 0};
    s_list (&settings, "write_buffer_size", sizes->buffer_bytes);
    s_list (&settings, "level0_file_num_compaction_trigger", sizes->brief_files);
    s_list (&settings, "level0_slowdown_writes_trigger", SLOWDOWN_TIMES * sizes->brief_files);
    s_list (&settings, "level0_stop_writes_trigger", STOP_TIMES * sizes->brief_files);
    s_list (&settings, "max_bytes_for_level_base", sizes->brief_bytes);
    s_set (self, self->family_count - 1, &settings);
}

size_t
database_buffer_bytes (size_t memory_bytes, uint64_t brief_bytes)
{
    return database_sizes (memory_bytes, brief_bytes).buffer_bytes;
}

void
database_expect (database_t *self, uint64_t brief_bytes)
{
    database_sizes_t sizes = database_sizes (self->memory_bytes, brief_bytes);
    bool is_same = sizes.buffer_bytes == self->sizes.buffer_bytes &&
                   sizes.brief_files == self->sizes.brief_files;
    if (is_same || self->family_count < DATABASE_FAMILIES)
        return;
    self->sizes = sizes;
    s_resize_lasting (self);
    s_resize_brief (self);
}

//  --- single values ---------------------------------------------------------------------------

static rocksdb_column_family_handle_t *
s_family_of (const database_t *self, const void *key, size_t key_size)
{
    return self->families[database_family (self, key, key_size)];
}

bool
database_is_damaged (const database_t *self)
{
    return atomic_load (&self->damaged);
}

int
database_sync (database_t *self, char error[DATABASE_ERROR_MAX])
{
    char *text = NULL;
    rocksdb_flush_wal (self->db, 1, &text);
    return database_check (self, text, "sync", error);
}

void
database_flush (database_t *self)
{
    char *text = NULL;
    rocksdb_flushoptions_t *options = rocksdb_flushoptions_create ();
    for (int i = 0; i < self->family_count; i++) {
        rocksdb_flush_cf (self->db, options, self->families[i], &text);
        rocksdb_free (text);
        text = NULL;
    }
    rocksdb_flushoptions_destroy (options);
}

void
database_reclaim (database_t *self, const void *first, size_t first_size, const void *end,
                  size_t end_size)
{
    rocksdb_compact_range_cf (self->db, s_family_of (self, first, first_size), first, first_size,
                              end, end_size);
}

uint64_t
database_disk_bytes (database_t *self, const void *first, size_t first_size, const void *end,
                     size_t end_size)
{
    const char *firsts[] = {first}, *ends[] = {end};
    char *text = NULL;
    uint64_t bytes = 0;
    rocksdb_approximate_sizes_cf (self->db, s_family_of (self, first, first_size), 1, firsts,
                                  &first_size, ends, &end_size, &bytes, &text);
    rocksdb_free (text);
    return bytes;
}

void
database_destroy (database_t **self_p)
{
    database_t *self = *self_p;
    if (!self)
        return;
    rocksdb_cancel_all_background_work (self->db, 1);
    for (int i = 0; i < self->family_count; i++)
        rocksdb_column_family_handle_destroy (self->families[i]);
    rocksdb_close (self->db);
    rocksdb_readoptions_destroy (self->read_options);
    rocksdb_writeoptions_destroy (self->write_options);
    free (self->path);
    free (self);
    *self_p = NULL;
}

int
database_compare (database_t *self, const void *key, size_t key_size, const void *value,
                  size_t value_size, char error[DATABASE_ERROR_MAX])
{
    char *text = NULL;
    rocksdb_pinnableslice_t *stored =
        rocksdb_get_pinned (self->db, self->read_options, key, key_size, &text);
    if (database_check (self, text, "read", error))
        return -1;
    if (!stored)
        return 0;
    size_t size;
    const char *data = rocksdb_pinnableslice_value (stored, &size);
    int equal = size == value_size && memcmp (data, value, size) == 0;
    rocksdb_pinnableslice_destroy (stored);
    return equal;
}

int
database_get (database_t *self, const void *key, size_t key_size, void *value, size_t capacity,
              size_t *size, char error[DATABASE_ERROR_MAX])
{
    char *text = NULL;
    rocksdb_pinnableslice_t *stored =
        rocksdb_get_pinned (self->db, self->read_options, key, key_size, &text);
    if (database_check (self, text, "read", error))
        return -1;
    if (!stored)
        return 0;
    const char *data = rocksdb_pinnableslice_value (stored, size);
    memcpy (value, data, *size < capacity ? *size : capacity);
    rocksdb_pinnableslice_destroy (stored);
    return 1;
}
