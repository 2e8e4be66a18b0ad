//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_absent - see live_absent.h.
#include "subscriber/live_absent.h"

#include <stdio.h>
#include "subscriber/remarks.h"

#define NO_FRAME_NS 5000000000LL //  Connected for so long without a frame is worth a word
#define LOOK_NS     1500000000LL //  Who sends a frame a second is seen
#define NAMED       5            //  As remark_name has it
#define LIST_MAX    (NAMED * (NODE_NAME_MAX + 2) + 32)

static bool
s_is_absent (const live_source_t *source, const live_watch_t *watch, const char *pattern)
{
    return !live_watch_has (watch, pattern) && !live_source_has_seen (source, pattern);
}

//  The nodes and patterns of which nothing came, as a list. Returns how many.
static size_t
s_list_absent (const live_absent_t *self, const live_source_t *source, const live_watch_t *watch,
               char list[LIST_MAX])
{
    const live_filter_t *filter = self->filter;
    size_t count = 0, index = 0;
    for (size_t i = 0; i < filter->pattern_count; i++)
        count += s_is_absent (source, watch, filter->patterns[i]);
    FILE *out = fmemopen (list, LIST_MAX, "w");
    for (size_t i = 0; i < filter->pattern_count; i++)
        if (s_is_absent (source, watch, filter->patterns[i]))
            remark_name (filter->patterns[i], index++, count, out);
    fclose (out);
    return count;
}

static size_t
s_list_seen (const live_source_t *source, char list[LIST_MAX])
{
    char names[NAMED][NODE_NAME_MAX + 1];
    size_t count = live_source_seen (source, names, NAMED);
    FILE *out = fmemopen (list, LIST_MAX, "w");
    for (size_t i = 0; i < count && i <= NAMED; i++)
        remark_name (i < NAMED ? names[i] : "", i, count, out);
    fclose (out);
    return count;
}

static void
s_say (const live_absent_t *self, const live_source_t *source, const live_watch_t *watch,
       live_notices_t *notices)
{
    char absent[LIST_MAX] = "", seen[LIST_MAX] = "";
    bool any = self->filter->pattern_count == 0;
    if (!any && s_list_absent (self, source, watch, absent) == 0)
        return;
    if (!any && s_list_seen (source, seen) > 0)
        live_notices_say (notices, "no frame of %s yet; waiting. Frames come from %s", absent,
                          seen);
    else
        live_notices_say (notices,
                          "connected, but no frame%s has come; waiting. Is a worker running "
                          "('make runWorker1')? 'show nodes' in the client lists them",
                          any ? "" : " of the nodes named");
}

//  Whether there is somebody to look for.
static bool
s_lacks (const live_absent_t *self, const live_source_t *source, const live_watch_t *watch)
{
    char list[LIST_MAX];
    if (self->filter->pattern_count == 0)
        return live_watch_nodes (watch) == 0;
    return s_list_absent (self, source, watch, list) > 0;
}

void
live_absent_tick (live_absent_t *self, live_source_t *source, const live_watch_t *watch,
                  live_notices_t *notices, int64_t now_mono_ns)
{
    if (self->done || !live_notices_connected (notices) ||
        now_mono_ns - self->start_mono_ns < NO_FRAME_NS)
        return;
    if (self->look_mono_ns == 0 && s_lacks (self, source, watch)) {
        self->look_mono_ns = now_mono_ns;
        live_source_look_around (source, true);
        return;
    }
    if (self->look_mono_ns && now_mono_ns - self->look_mono_ns < LOOK_NS)
        return;
    self->done = true;
    if (self->look_mono_ns) {
        live_source_look_around (source, false);
        if (s_lacks (self, source, watch))
            s_say (self, source, watch, notices);
    }
}
