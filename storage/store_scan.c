//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_scan - see store_scan.h.
#include "storage/store_scan.h"

#include <string.h>
#include "storage/store_key.h"

scan_t *
store_scan_new_until (store_t *store, store_bytes_t end)
{
    return scan_new (store->database, "", 0, end.data, end.size);
}

scan_t *
store_scan_new (store_t *store)
{
    return scan_new (store->database, "", 0, "\xFF", 1);
}

int
store_scan_node (store_t *store, scan_t *scan, const char *node, holding_t *record)
{
    char error[DATABASE_ERROR_MAX], found_node[NODE_NAME_MAX + 1];
    store_bytes_t key = store_key_node (node);
    const void *value;
    size_t size;
    int rc = scan_find (scan, key.data, key.size, &value, &size, error);
    if (rc <= 0)
        return rc < 0 ? store_fail (store, error) : 0;
    if (store_read_node (key.data, key.size, value, size, found_node, record))
        return store_fail_damaged (store, "a node's record is not what was written");
    memcpy (record->node, found_node, sizeof found_node);
    return 1;
}

int
store_scan_inbox (store_t *store, scan_t *scan, const holding_t *record, int64_t from_wall_s,
                  int64_t until_wall_s, uint64_t *number, inbox_frames_t *frames)
{
    char error[DATABASE_ERROR_MAX];
    int rc = inbox_read (scan, record, from_wall_s, until_wall_s, number, frames, error);
    if (rc == INBOX_DAMAGED)
        return store_fail_damaged (store, "frames of an open minute are not what was written");
    return rc < 0 ? store_fail (store, error) : 0;
}
