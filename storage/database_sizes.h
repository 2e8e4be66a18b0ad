//  SPDX-License-Identifier: GPL-2.0-or-later
//  database_sizes - how large RocksDB's buffers and files of brief keys are to be. Pure.
//
//  What lives briefly should be deleted before it is merged with anything: then merging it costs
//  nothing, and that is most of what RocksDB does for a frame. So files of brief keys are left
//  alone until they hold twice as much as lives at a time. But each of them is a place more where a
//  reader has to look: when they would be too many they are made larger, by larger buffers.
#ifndef STORAGE_DATABASE_SIZES_H
#define STORAGE_DATABASE_SIZES_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    size_t buffer_bytes;    //  One write buffer, of either family
    unsigned brief_files;   //  As many files of brief keys are merged with what is older
    uint64_t brief_bytes;   //  How large those files may be together, and what they are merged into
    uint64_t lasting_bytes; //  What files of lasting keys are merged into first
} database_sizes_t;

//  No write buffer is larger, but where the memory is given for it.
#define DATABASE_BUFFER_BYTES_MAX ((size_t) 64 << 20)

//  For a database with so much memory at least, in which about so many bytes of brief keys live at
//  a time.
database_sizes_t database_sizes (size_t memory_bytes, uint64_t brief_bytes);

#endif
