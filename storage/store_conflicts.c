//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_conflicts - which frames were refused and lie aside: a scan of their keys.
#include "storage/store_self.h"

#include <assert.h>
#include <stdlib.h>
#include "storage/store_key.h"

//  At most STORE_CONFLICTS_MAX are kept, so that one array holds them.
static int
s_list (store_t *self, scan_t *scan, store_conflict_t *conflicts, size_t *count)
{
    char error[DATABASE_ERROR_MAX], node[NODE_NAME_MAX + 1];
    int rc = 0;
    while (*count < STORE_CONFLICTS_MAX && (rc = scan_next (scan, error)) == 1) {
        store_conflict_t *conflict = &conflicts[*count];
        size_t key_size;
        const void *key = scan_key (scan, &key_size);
        if (store_read_conflict_key (key, key_size, node, conflict))
            return store_fail_damaged (self, "a refused frame has no name");
        scan_value (scan, &conflict->size);
        ++*count;
    }
    return rc < 0 ? store_fail (self, error) : 0;
}

int
store_conflicts (store_t *self, const char *node, store_conflict_t **conflicts, size_t *count)
{
    *count = 0;
    *conflicts = malloc (STORE_CONFLICTS_MAX * sizeof **conflicts);
    assert (*conflicts);
    if (!node_name_is_valid (node))
        return 0;
    store_bytes_t first = store_key_conflict (node, 0, 0, 0);
    store_bytes_t last = store_key_conflict (node, UINT64_MAX, UINT64_MAX, UINT64_MAX);
    scan_t *scan = scan_new (self->database, first.data, first.size, last.data, last.size);
    int rc = s_list (self, scan, *conflicts, count);
    scan_destroy (&scan);
    if (rc) {
        free (*conflicts);
        *conflicts = NULL;
    }
    return rc;
}
