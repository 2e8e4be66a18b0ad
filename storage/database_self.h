//  SPDX-License-Identifier: GPL-2.0-or-later
//  database_self - what the files share that implement database.h:
//
//      database.c       open and close, single values
//      database_scan.c  batches, and scans over them
#ifndef STORAGE_DATABASE_SELF_H
#define STORAGE_DATABASE_SELF_H

#include <stdatomic.h>
#include <rocksdb/c.h>
#include "storage/database.h"
#include "storage/database_sizes.h"

#define DATABASE_FAMILIES 2 //  Of lasting keys, and of brief ones

struct database_t {
    char *path;
    rocksdb_t *db;
    rocksdb_column_family_handle_t *families[DATABASE_FAMILIES];
    int family_count;
    rocksdb_readoptions_t *read_options;
    rocksdb_writeoptions_t *write_options;
    size_t memory_bytes;
    database_sizes_t sizes; //  The writer's only
    atomic_bool damaged;
};

//  Which of the families a key belongs to.
int database_family (const database_t *self, const void *key, size_t key_size);

//  0 where RocksDB reported nothing; otherwise -1, the text is handed over and freed.
int database_check (database_t *self, char *text, const char *action,
                    char error[DATABASE_ERROR_MAX]);

#endif
