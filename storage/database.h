//  SPDX-License-Identifier: GPL-2.0-or-later
//  database - sorted keys and values on disk, and atomic batches: RocksDB, wrapped. Its
//  files (database_self.h) are the only ones that call RocksDB; its error texts are translated
//  here.
//
//  Any thread may read and write batches of its own. Failing calls put one line, cut to
//  DATABASE_ERROR_MAX bytes with its NUL, into error.
#ifndef STORAGE_DATABASE_H
#define STORAGE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DATABASE_ERROR_MAX  512
#define DATABASE_LOCK_FILE  "LOCK" //  Lies in its folder as long as the database does
#define DATABASE_LOG_SUFFIX ".log" //  Of the files that have what is in its buffers

//  Keys that begin with these bytes are brief, to be deleted or written anew soon: they are kept
//  apart from the others, and scanned by themselves or by a scan over everything.
#define DATABASE_BRIEF_FIRST 'a'
#define DATABASE_BRIEF_LAST  'b'

typedef struct database_t database_t;

typedef struct {
    size_t memory_bytes;     //  Shared by write buffers, which may grow, and cache
    bool sync;               //  Each write waits for the disk
    bool refuse_damaged_log; //  See store_options_t
} database_options_t;

//  Why a database could not be opened.
typedef enum {
    DATABASE_UNUSABLE, //  None of the others
    DATABASE_IN_USE,   //  A process has it open
    DATABASE_DAMAGED   //  Its bytes are not those that were written
} database_fault_t;

//  Open or create the database in folder path, which must exist. Returns NULL on failure.
database_t *database_new (const char *path, const database_options_t *options,
                          database_fault_t *fault, char error[DATABASE_ERROR_MAX]);
//  Close it; cursors and batches must be gone.
void database_destroy (database_t **self_p);

//  The bytes one write buffer of a database with this memory takes where about so many bytes of
//  brief keys live at a time. All of them, and as much again for the log, may be written at any
//  moment.
#define DATABASE_BUFFERS 4
size_t database_buffer_bytes (size_t memory_bytes, uint64_t brief_bytes);
//  So many bytes of brief keys are going to live at a time; none, until it is told. The thread that
//  writes.
void database_expect (database_t *self, uint64_t brief_bytes);

//  Compare the value stored at key. Returns 1 where it equals, 0 where it differs or there is
//  none, -1 on failure.
int database_compare (database_t *self, const void *key, size_t key_size, const void *value,
                      size_t value_size, char error[DATABASE_ERROR_MAX]);

//  Copy the value stored at key, at most capacity bytes of it; *size is all of its size. Returns 1,
//  0 where there is none, -1 on failure.
int database_get (database_t *self, const void *key, size_t key_size, void *value, size_t capacity,
                  size_t *size, char error[DATABASE_ERROR_MAX]);

//  Wait until all that was written before is on the disk. Any thread. Returns 0 or -1.
int database_sync (database_t *self, char error[DATABASE_ERROR_MAX]);

//  Write what is in memory to files, so that the log of it can go. Any thread.
void database_flush (database_t *self);

//  Give what was deleted of [first, end) back to the disk: rewrites the files that hold these keys,
//  which may take seconds. Any thread.
void database_reclaim (database_t *self, const void *first, size_t first_size, const void *end,
                       size_t end_size);

//  About how many bytes of files the keys of [first, end) take; what is still in memory counts not.
//  Any thread.
uint64_t database_disk_bytes (database_t *self, const void *first, size_t first_size,
                              const void *end, size_t end_size);

//  Whether a read met bytes that are not those that were written. Any thread.
bool database_is_damaged (const database_t *self);

//  Changes that are made all or none. Keys and values are copied.
typedef struct batch_t batch_t;

batch_t *batch_new (const database_t *database);
void batch_destroy (batch_t **self_p);
void batch_put (batch_t *self, const void *key, size_t key_size, const void *value,
                size_t value_size);
void batch_delete (batch_t *self, const void *key, size_t key_size);
//  The same, of what no scan over the batch has to see, such as all brief keys: cheaper. A key is
//  changed either way, but not both ways, in one batch.
void batch_put_unseen (batch_t *self, const void *key, size_t key_size, const void *value,
                       size_t value_size);
void batch_delete_unseen (batch_t *self, const void *key, size_t key_size);
//  Look up the value at just this key as it will be once the batch is written, but for unseen
//  changes: much cheaper than a scan. The key is no brief one. Returns 1 and the value, which is to
//  be freed, 0 where there is none, -1 on failure.
int batch_find (const batch_t *self, database_t *database, const void *key, size_t key_size,
                void **value, size_t *size, char error[DATABASE_ERROR_MAX]);
bool batch_is_empty (const batch_t *self);
//  What writing it adds to the log.
size_t batch_bytes (const batch_t *self);
//  Write the batch, then it is empty. Returns 0, or -1 when nothing was written.
int database_write (database_t *self, batch_t *batch, char error[DATABASE_ERROR_MAX]);

//  The keys of [first, end) in order, as they were when the scan was made. One from "" on is over
//  everything; brief keys are found by seeking them only.
typedef struct scan_t scan_t;

scan_t *scan_new (database_t *database, const void *first, size_t first_size, const void *end,
                  size_t end_size);
//  The same as they will be once the batch is written, but for unseen changes; it must not change
//  while the scan lives.
scan_t *scan_new_over (database_t *database, const batch_t *batch, const void *first,
                       size_t first_size, const void *end, size_t end_size);
void scan_destroy (scan_t **self_p);
//  Step to the next key. Returns 1, 0 at the end, or -1 on failure.
int scan_next (scan_t *self, char error[DATABASE_ERROR_MAX]);
//  Step to the first key at or behind a key, or to the last one at or before it, wherever the scan
//  is; never to one at or behind its end. Return as above.
int scan_seek (scan_t *self, const void *key, size_t key_size, char error[DATABASE_ERROR_MAX]);
int scan_seek_back (scan_t *self, const void *key, size_t key_size, char error[DATABASE_ERROR_MAX]);
//  The current key and value, borrowed until the next step; there has to have been one.
const void *scan_key (const scan_t *self, size_t *size);
const void *scan_value (const scan_t *self, size_t *size);
//  Look up the value at just this key, wherever the scan is, which stays there: much cheaper than
//  seeking it. The scan must be over everything. The value is borrowed until the next look-up.
//  Returns 1, 0 where there is none, -1 on failure.
int scan_find (scan_t *self, const void *key, size_t key_size, const void **value, size_t *size,
               char error[DATABASE_ERROR_MAX]);

#endif
