//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_key - the layout of the database: every key and every value that is not a frame.
//
//      key                                             value
//      '!'                                             STORE_FORMAT: what database this is
//      '!' '!'                                         id:8  owner
//      'a' group:2  number:8                           frames of open minutes (storage/inbox.h)
//      'b' group:2                                     number:8   (storage/unwritten.h)
//      'b' group:2  node 0  epoch:8  first_seq:8       last_seq:8  first_wall_s:8  last_wall_s:8
//                                                      end_wall_s:8  covered_s:8  bytes:8
//                                                      digest:8
//      'c' node 0  epoch:8  seq:8  digest:8            a refused frame, byte for byte
//      'f' node 0  minute:8                            frames of a closed minute (storage/chunk.h)
//      'f' node 0  start:8  epoch:8  seq:8  span:4     the frame, byte for byte
//      'n' group:2  node 0                             first_wall_s:8  expired_epoch:8
//                                                      expired_seq:8  conflicts:8
//                                                      conflicts_kept:8  origin:8  closed:8
//                                                      late:8  kept:8 (of each level, of frames)
//                                                      disorder:8  rows:8 (of each level)
//                                                      chunks:8
//                                                      reach:8 (of any frame, of each metric)
//      's' node 0  epoch:8  first_seq:8                last_seq:8  cause:1     (lost frames)
//      'w' level:1  node 0  start:8                    a rollup (storage/row.c)
//
//  Numbers are big-endian, signed ones with their top bit flipped, so that bytes sort as the
//  numbers do. A group is some nodes' whose names have like hashes: what a batch brings is written
//  group by group, and so in order. The 0 after a name keeps n1 from being a prefix of n10. 'n' is
//  written when a node's record changes, 's' when a run changes; all in the batch of their frames.
//  'b' too, unless the inbox tells of it. 'a' and 'b' are brief (storage/database.h).
#ifndef STORAGE_STORE_KEY_H
#define STORAGE_STORE_KEY_H

#include <stddef.h>
#include <stdint.h>
#include "storage/holding.h"
#include "storage/store.h"

#define STORE_NAME      "kpulse store "
#define STORE_FORMAT    STORE_NAME "5"
#define STORE_BYTES_MAX (1 + NODE_NAME_MAX + 1 + 192)

//  Whoever reads one node's open minute steps over the others of its group; a batch of 100,000
//  nodes has some frames for each group.
#define STORE_GROUPS 4096

//  The group of a node, below STORE_GROUPS.
unsigned store_group (const char *node);

//  A key, or a short value.
typedef struct {
    size_t size;
    uint8_t data[STORE_BYTES_MAX];
} store_bytes_t;

//  Names must be valid.
store_bytes_t store_key_format (void);
store_bytes_t store_key_identity (void);
store_bytes_t store_key_frame (const store_record_t *frame);
//  The least key of a frame with this start.
store_bytes_t store_key_frame_start (const char *node, int64_t start_wall_s);
//  Of the chunk of a minute; sorts before the frames that start with it.
store_bytes_t store_key_chunk (const char *node, int64_t minute_wall_s);
//  Of what one batch brought to a group of the inbox; later ones have greater numbers.
store_bytes_t store_key_inbox (unsigned group, uint64_t number);
//  Of where the inbox of a group begins to tell of ranges; sorts before all its ranges.
store_bytes_t store_key_unwritten (unsigned group);
store_bytes_t store_key_row (const char *node, unsigned level, int64_t start_wall_s);
store_bytes_t store_key_node (const char *node);
store_bytes_t store_key_range (const char *node, uint64_t epoch, uint64_t first_seq);
store_bytes_t store_key_loss (const char *node, uint64_t epoch, uint64_t first_seq);
store_bytes_t store_key_conflict (const char *node, uint64_t epoch, uint64_t seq, uint64_t digest);

//  Edges of the parts that hold frames and a level's rollups: [first, end).
store_bytes_t store_key_frames_first (void);
store_bytes_t store_key_frames_end (void);
store_bytes_t store_key_rows_first (unsigned level);
store_bytes_t store_key_rows_end (unsigned level);

//  Edges of the part of the database that holds node records, ranges and losses: [first, end).
store_bytes_t store_key_books_first (void);
store_bytes_t store_key_books_end (void);
store_bytes_t store_key_ranges_first (void);
store_bytes_t store_key_ranges_end (void);

store_bytes_t store_value_identity (uint64_t id, const char *owner);
store_bytes_t store_value_node (const holding_t *holding);
store_bytes_t store_value_range (const store_range_t *range);
store_bytes_t store_value_loss (const loss_t *loss);
store_bytes_t store_value_unwritten (uint64_t number);

//  Read back a record of the books, or the key of a frame or a conflict. Return 0, or -1 where it
//  is not one (of that kind). store_read_node fills the scalars of holding only.
int store_read_identity (const void *value, size_t value_size, uint64_t *id,
                         char owner[NODE_NAME_MAX + 1]);
int store_read_node (const void *key, size_t key_size, const void *value, size_t value_size,
                     char node[NODE_NAME_MAX + 1], holding_t *holding);
int store_read_range (const void *key, size_t key_size, const void *value, size_t value_size,
                      char node[NODE_NAME_MAX + 1], store_range_t *range);
int store_read_unwritten (const void *key, size_t key_size, const void *value, size_t value_size,
                          unsigned *group, uint64_t *number);
int store_read_loss (const void *key, size_t key_size, const void *value, size_t value_size,
                     char node[NODE_NAME_MAX + 1], loss_t *loss);
int store_read_frame_key (const void *key, size_t key_size, char node[NODE_NAME_MAX + 1],
                          store_record_t *frame);
int store_read_chunk_key (const void *key, size_t key_size, char node[NODE_NAME_MAX + 1],
                          int64_t *minute_wall_s);
int store_read_inbox_key (const void *key, size_t key_size, unsigned *group, uint64_t *number);
int store_read_row_key (const void *key, size_t key_size, char node[NODE_NAME_MAX + 1],
                        unsigned *level, int64_t *start_wall_s);
int store_read_conflict_key (const void *key, size_t key_size, char node[NODE_NAME_MAX + 1],
                             store_conflict_t *conflict);

#endif
