//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_status - see live_status.h.
#include "subscriber/live_status.h"

#include <inttypes.h>
#include "subscriber/remarks.h"

#define NAMED_SILENT 6

static void
s_print_silent (const live_stage_t *stage, int64_t now_mono_ns, const screen_t *screen, FILE *out)
{
    char names[NAMED_SILENT][NODE_NAME_MAX + 1];
    size_t count = live_watch_silent_now (stage->watch, now_mono_ns, names, NAMED_SILENT);
    if (count == 0)
        return;
    fprintf (out, ", %s%zu silent: ", screen_warning (screen), count);
    for (size_t i = 0; i < count && i < NAMED_SILENT; i++)
        remark_name (names[i], i, count, out);
    fputs (screen_plain (screen), out);
}

static void
s_print_count (uint64_t count, const char *what, const screen_t *screen, FILE *out)
{
    if (count > 0)
        fprintf (out, ", %s%" PRIu64 " %s%s", screen_warning (screen), count, what,
                 screen_plain (screen));
}

void
live_status_print (const live_stage_t *stage, int64_t now_mono_ns, const screen_t *screen,
                   FILE *out)
{
    size_t nodes = live_watch_nodes (stage->watch);
    uint64_t missed = live_notices_missed (stage->notices);
    fprintf (out, "%zu node%s%s", nodes, nodes == 1 ? "" : "s",
             live_watch_is_full (stage->watch) ? " and more" : "");
    s_print_silent (stage, now_mono_ns, screen, out);
    s_print_count (missed, missed == 1 ? "frame missed" : "frames missed", screen, out);
    s_print_count (live_notices_bad (stage->notices), "messages were no frames", screen, out);
}

void
live_status_print_notice (const live_stage_t *stage, const screen_t *screen, FILE *out)
{
    const char *notice = live_notices_newest (stage->notices);
    if (*notice)
        fprintf (out, "%s-- %s%s", screen_warning (screen), notice, screen_plain (screen));
}
