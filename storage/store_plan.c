//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_plan - what a window would be read from. There are no rollups yet: it is frames, all of
//  them.
#include "storage/store_self.h"

int
store_window_plan (store_t *self, const char *node, int64_t since_wall_s, int64_t until_wall_s,
                   store_plan_t *plan)
{
    const void *data;
    size_t size;
    int rc;
    *plan = (store_plan_t){{0}};
    store_cursor_t *cursor = store_cursor_new (self, node, since_wall_s, until_wall_s);
    while ((rc = store_cursor_next (cursor, &data, &size)) == 1)
        plan->records[STORE_LEVEL_SECONDS]++;
    store_cursor_destroy (&cursor);
    return rc;
}
