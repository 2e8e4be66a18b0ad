//  SPDX-License-Identifier: GPL-2.0-or-later
//  unwritten - see unwritten.h.
#include "storage/unwritten.h"

#include "storage/inbox_draft.h"

static unwritten_t *
s_of_node (store_t *self, const char *node)
{
    return &self->unwritten[store_group (node)];
}

//  --- listing ---------------------------------------------------------------------------------

static void
s_remove (unwritten_t *self, holding_t *holding)
{
    holding_t **link = &self->nodes;
    while (*link != holding)
        link = &(*link)->next_unwritten;
    *link = holding->next_unwritten;
    holding->is_listed = false;
}

static void
s_add (unwritten_t *self, holding_t *holding)
{
    holding->next_unwritten = self->nodes;
    self->nodes = holding;
    holding->is_listed = true;
}

void
unwritten_list (store_t *self, holding_t *holding)
{
    bool is_written = holding_is_written (holding);
    if (holding->is_listed && is_written)
        s_remove (s_of_node (self, holding->node), holding);
    else if (!holding->is_listed && !is_written)
        s_add (s_of_node (self, holding->node), holding);
}

//  --- settling --------------------------------------------------------------------------------

static void
s_write_all (store_draft_t *draft, const unwritten_t *self)
{
    for (const holding_t *node = self->nodes; node; node = node->next_unwritten)
        store_draft_write_ranges (store_draft_node (draft, node->node));
    for (size_t i = draft->inbox->first_draft; i < draft->holdings->count; i++)
        store_draft_write_ranges (draft->holdings->nodes[i]);
}

static bool
s_writes_all (const store_draft_t *draft, const unwritten_t *self)
{
    for (const holding_t *node = self->nodes; node; node = node->next_unwritten)
        if (!node->drafted || !node->drafted->writes_ranges)
            return false;
    for (size_t i = draft->inbox->first_draft; i < draft->holdings->count; i++)
        if (!draft->holdings->nodes[i]->writes_ranges)
            return false;
    return true;
}

//  The record that the draft itself brings is the last one whose frames' ranges are written.
static void
s_mark (store_draft_t *draft, unwritten_t *self)
{
    self->from = draft->store->inbox_number + 1;
    self->bytes = 0;
    store_bytes_t key = store_key_unwritten (draft->inbox->group);
    store_bytes_t value = store_value_unwritten (self->from);
    batch_put_unseen (draft->batch, key.data, key.size, value.data, value.size);
}

void
unwritten_settle (store_draft_t *draft, size_t brought_bytes)
{
    unwritten_t *self = &draft->store->unwritten[draft->inbox->group];
    self->bytes += brought_bytes;
    if (self->bytes > UNWRITTEN_BYTES_MAX)
        s_write_all (draft, self);
    if (self->bytes > 0 && s_writes_all (draft, self))
        s_mark (draft, self);
}

//  --- reading ---------------------------------------------------------------------------------

//  Take what the frame adds to the ranges. Returns 0, or -1 where its node is unknown.
static int
s_take_frame (store_t *self, const store_record_t *frame)
{
    holding_t *holding = holdings_find (self->holdings, frame->node);
    if (!holding)
        return -1;
    const ranges_t *ranges = holding_find (holding, frame->epoch);
    if (!inbox_is_alive (holding, frame) || (ranges && ranges_contain (ranges, frame->seq)))
        return 0;
    const store_range_t range = range_of_frame (frame);
    holding_insert (holding, &range);
    holding->newest_wall_s = wall_later (holding->newest_wall_s, frame->start_wall_s);
    unwritten_list (self, holding);
    return 0;
}

static int
s_take_record (store_t *self, const void *value, size_t size)
{
    taker_t record = {.next = value, .end = (const uint8_t *) value + size};
    store_record_t frame;
    int rc;
    while ((rc = inbox_take (&record, &frame)) == 1)
        if (s_take_frame (self, &frame))
            return -1;
    return rc;
}

//  Returns 0, or 1 where the scan stands on no sound record; *seeks tells that the one to look at
//  next is the first of the group that may tell of anything.
static int
s_take_next (store_t *self, const scan_t *scan, unsigned *group, bool *seeks)
{
    uint64_t number;
    size_t size;
    const void *key = scan_key (scan, &size);
    if (store_read_inbox_key (key, size, group, &number) || *group >= STORE_GROUPS)
        return 1;
    unwritten_t *unwritten = &self->unwritten[*group];
    *seeks = number < unwritten->from;
    if (*seeks)
        return 0;
    const void *value = scan_value (scan, &size);
    unwritten->bytes += size;
    return s_take_record (self, value, size) ? 1 : 0;
}

int
unwritten_read (store_t *self, char error[DATABASE_ERROR_MAX])
{
    store_bytes_t first = store_key_inbox (0, 0), end = store_key_inbox (STORE_GROUPS, 0);
    scan_t *scan = scan_new (self->database, first.data, first.size, end.data, end.size);
    unsigned group;
    bool seeks;
    int rc = scan_next (scan, error);
    while (rc == 1 && s_take_next (self, scan, &group, &seeks) == 0)
        if (seeks) {
            first = store_key_inbox (group, self->unwritten[group].from);
            rc = scan_seek (scan, first.data, first.size, error);
        } else
            rc = scan_next (scan, error);
    scan_destroy (&scan);
    return rc;
}
