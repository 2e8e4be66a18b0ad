//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_scan - what cursors and windows read alike of a node, by a scan over the whole database,
//  and so all as it was at one moment.
#ifndef STORAGE_STORE_SCAN_H
#define STORAGE_STORE_SCAN_H

#include "storage/inbox.h"
#include "storage/store_self.h"

scan_t *store_scan_new (store_t *store);
//  The same, but of frames only those before a key: what lies behind is not stepped over, however
//  much of it was deleted.
scan_t *store_scan_new_until (store_t *store, store_bytes_t end);

//  What the node's record says; neither ranges nor losses. Returns 1, 0 where the node is unknown,
//  or -1 (see store_error).
int store_scan_node (store_t *store, scan_t *scan, const char *node, holding_t *record);

//  As inbox_read. Returns 0, or -1 (see store_error).
int store_scan_inbox (store_t *store, scan_t *scan, const holding_t *record, int64_t from_wall_s,
                      int64_t until_wall_s, uint64_t *number, inbox_frames_t *frames);

#endif
