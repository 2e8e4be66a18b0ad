//  SPDX-License-Identifier: GPL-2.0-or-later
//  database_sizes - see database_sizes.h.
#include "storage/database_sizes.h"

#include "storage/database.h"

#define BUFFER_BYTES_MIN ((size_t) 1 << 20)
#define BRIEF_FILES_MIN  8
#define BRIEF_FILES_MAX  96
#define BRIEF_BYTES_MIN  ((uint64_t) 256 << 20)
#define BRIEF_LIVES      2 //  Files hold so many times what lives when they are merged

//  RocksDB merges so many files of lasting keys, of a buffer each, into its first level. A smaller
//  one would be full at once, and all of it would be merged on into the second.
#define LASTING_FILES     4
#define LASTING_BYTES_MIN ((uint64_t) 64 << 20)

//  Half of the memory is for write buffers: for each family one filling, one being flushed.
static size_t
s_buffer_bytes (size_t memory_bytes, uint64_t brief_bytes)
{
    size_t bytes = memory_bytes / (2 * DATABASE_BUFFERS);
    if (bytes < BUFFER_BYTES_MIN)
        bytes = BUFFER_BYTES_MIN;
    while (bytes < brief_bytes / BRIEF_FILES_MIN && 2 * bytes <= DATABASE_BUFFER_BYTES_MAX)
        bytes *= 2;
    return bytes;
}

database_sizes_t
database_sizes (size_t memory_bytes, uint64_t brief_bytes)
{
    database_sizes_t self = {.buffer_bytes = s_buffer_bytes (memory_bytes, brief_bytes),
                             .brief_files = BRIEF_FILES_MIN};
    while (self.brief_files < BRIEF_FILES_MAX &&
           self.brief_files * (uint64_t) self.buffer_bytes < BRIEF_LIVES * brief_bytes)
        self.brief_files += BRIEF_FILES_MIN;
    self.brief_bytes = self.brief_files * (uint64_t) self.buffer_bytes;
    if (self.brief_bytes < BRIEF_BYTES_MIN)
        self.brief_bytes = BRIEF_BYTES_MIN;
    self.lasting_bytes = LASTING_FILES * (uint64_t) self.buffer_bytes;
    if (self.lasting_bytes < LASTING_BYTES_MIN)
        self.lasting_bytes = LASTING_BYTES_MIN;
    return self;
}
