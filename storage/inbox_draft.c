//  SPDX-License-Identifier: GPL-2.0-or-later
//  inbox_draft - see inbox_draft.h.
#include "storage/inbox_draft.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "schema/manifest.h"
#include "storage/store_key.h"
#include "storage/unwritten.h"

#define NO_GROUP  STORE_GROUPS
#define NODES_MIN 16 //  Places; a power of two, like all sizes of the table

inbox_draft_t *
inbox_draft_new (void)
{
    inbox_draft_t *self = calloc (1, sizeof *self);
    assert (self);
    self->group = NO_GROUP;
    return self;
}

void
inbox_draft_destroy (inbox_draft_t **self_p)
{
    inbox_draft_t *self = *self_p;
    if (!self)
        return;
    bytes_clear (&self->held);
    bytes_clear (&self->kept);
    free (self->records);
    free (self->entries);
    free (self->nodes);
    free (self);
    *self_p = NULL;
}

//  --- frames by node --------------------------------------------------------------------------

static uint64_t
s_hash (const char *node)
{
    return manifest_digest (node, strlen (node));
}

//  The place of a node, or the free one where it belongs. A group's hashes share their lowest bits.
static inbox_node_t *
s_place (const inbox_draft_t *self, const char *name, uint64_t hash)
{
    for (size_t at = hash >> 32;; at++) {
        inbox_node_t *node = &self->nodes[at & (self->node_capacity - 1)];
        if (!node->first ||
            (node->hash == hash && strcmp (self->entries[node->first - 1].frame.node, name) == 0))
            return node;
    }
}

static void
s_set_capacity (inbox_draft_t *self, size_t capacity)
{
    inbox_node_t *before = self->nodes;
    size_t before_capacity = self->node_capacity;
    self->nodes = calloc (capacity, sizeof *self->nodes);
    assert (self->nodes);
    self->node_capacity = capacity;
    for (size_t i = 0; i < before_capacity; i++)
        if (before[i].first) {
            const char *name = self->entries[before[i].first - 1].frame.node;
            *s_place (self, name, before[i].hash) = before[i];
        }
    free (before);
}

//  Put an entry behind those of its node.
static void
s_chain (inbox_draft_t *self, size_t index)
{
    const char *name = self->entries[index].frame.node;
    uint64_t hash = s_hash (name);
    if (2 * self->node_count >= self->node_capacity)
        s_set_capacity (self, 2 * self->node_capacity);
    inbox_node_t *node = s_place (self, name, hash);
    if (node->first)
        self->entries[node->last - 1].next = (uint32_t) index + 1;
    else {
        *node = (inbox_node_t){.hash = hash, .first = (uint32_t) index + 1};
        self->node_count++;
    }
    node->last = (uint32_t) index + 1;
}

static void
s_chain_all (inbox_draft_t *self)
{
    assert (self->count < UINT32_MAX && self->node_capacity == 0);
    s_set_capacity (self, NODES_MIN);
    for (size_t i = 0; i < self->count; i++)
        s_chain (self, i);
}

static void
s_unchain_all (inbox_draft_t *self)
{
    free (self->nodes);
    self->nodes = NULL;
    self->node_count = self->node_capacity = 0;
}

//  --- bringing --------------------------------------------------------------------------------

static void
s_add_entry (inbox_draft_t *self, const holding_t *drafted, const store_record_t *frame)
{
    if (self->count == self->capacity) {
        self->capacity = self->capacity ? 2 * self->capacity : 64;
        self->entries = realloc (self->entries, self->capacity * sizeof *self->entries);
        assert (self->entries);
    }
    self->entries[self->count++] = (inbox_entry_t){drafted, *frame, 0};
}

void
inbox_draft_add (store_draft_t *draft, const holding_t *drafted, const store_record_t *frame)
{
    assert (draft->inbox->group == store_group (frame->node));
    s_add_entry (draft->inbox, drafted, frame);
    if (draft->inbox->is_read)
        s_chain (draft->inbox, draft->inbox->count - 1);
}

//  --- reading ---------------------------------------------------------------------------------

static void
s_hold_record (inbox_draft_t *self, uint64_t number, const void *value, size_t size)
{
    if (self->record_count == self->record_capacity) {
        self->record_capacity = self->record_capacity ? 2 * self->record_capacity : 64;
        self->records = realloc (self->records, self->record_capacity * sizeof *self->records);
        assert (self->records);
    }
    bytes_put (&self->held, value, size);
    self->records[self->record_count++] =
        (inbox_record_t){.number = number, .end = self->held.size};
}

static int
s_hold_records (store_draft_t *draft)
{
    inbox_draft_t *self = draft->inbox;
    char error[DATABASE_ERROR_MAX];
    store_bytes_t first = store_key_inbox (self->group, 0);
    store_bytes_t end = store_key_inbox (self->group + 1, 0);
    scan_t *scan = scan_new (draft->store->database, first.data, first.size, end.data, end.size);
    unsigned group;
    uint64_t number;
    size_t size;
    int rc;
    while ((rc = scan_next (scan, error)) == 1) {
        const void *key = scan_key (scan, &size);
        if (store_read_inbox_key (key, size, &group, &number))
            continue;
        const void *value = scan_value (scan, &size);
        s_hold_record (self, number, value, size);
    }
    scan_destroy (&scan);
    return rc < 0 ? store_fail (draft->store, error) : 0;
}

//  Make entries of the frames held. Returns 0, or -1 where a record is damaged.
static int
s_list_held (inbox_draft_t *self)
{
    const uint8_t *start = self->held.data;
    store_record_t frame;
    for (size_t i = 0; i < self->record_count; i++) {
        taker_t record = {.next = start, .end = self->held.data + self->records[i].end};
        int rc;
        while ((rc = inbox_take (&record, &frame)) == 1)
            s_add_entry (self, NULL, &frame);
        if (rc < 0)
            return -1;
        self->records[i].entries = self->count;
        start = record.end;
    }
    return 0;
}

//  Those brought so far stand behind those held.
static int
s_list_held_first (inbox_draft_t *self)
{
    inbox_entry_t *brought = self->entries;
    size_t brought_count = self->count;
    self->entries = NULL;
    self->count = self->capacity = 0;
    int rc = s_list_held (self);
    self->held_count = self->count;
    for (size_t i = 0; i < brought_count; i++)
        s_add_entry (self, brought[i].drafted, &brought[i].frame);
    free (brought);
    return rc;
}

int
inbox_draft_read (store_draft_t *draft)
{
    inbox_draft_t *self = draft->inbox;
    if (self->is_read)
        return 0;
    if (s_hold_records (draft))
        return -1;
    self->is_read = true;
    int rc = s_list_held_first (self);
    s_chain_all (self);
    return rc ? store_fail_damaged (draft->store,
                                    "frames of an open minute are not what was written")
              : 0;
}

const inbox_entry_t *
inbox_draft_next (const store_draft_t *draft, const char *node, const inbox_entry_t *behind)
{
    const inbox_draft_t *self = draft->inbox;
    uint32_t next = behind ? behind->next : s_place (self, node, s_hash (node))->first;
    return next ? &self->entries[next - 1] : NULL;
}

int
inbox_draft_holds (store_draft_t *draft, const store_record_t *record)
{
    const inbox_entry_t *entry = NULL;
    if (inbox_draft_read (draft))
        return -1;
    while ((entry = inbox_draft_next (draft, record->node, entry))) {
        const store_record_t *frame = &entry->frame;
        if ((size_t) (entry - draft->inbox->entries) < draft->inbox->held_count &&
            frame->epoch == record->epoch && frame->seq == record->seq)
            return frame->size == record->size && frame->span_s == record->span_s &&
                   frame->start_wall_s == record->start_wall_s &&
                   memcmp (frame->data, record->data, record->size) == 0;
    }
    return 0;
}

//  --- settling --------------------------------------------------------------------------------

static bool
s_is_alive (const store_draft_t *draft, const inbox_entry_t *entry)
{
    const holding_t *holding =
        entry->drafted ? entry->drafted : store_draft_find (draft, entry->frame.node);
    return holding && inbox_is_alive (holding, &entry->frame);
}

static void
s_delete_record (store_draft_t *draft, const inbox_record_t *record)
{
    store_bytes_t key = store_key_inbox (draft->inbox->group, record->number);
    batch_delete_unseen (draft->batch, key.data, key.size);
}

//  Append the frames alive of [first, end) to a record. Returns how many there are.
static size_t
s_put_alive (const store_draft_t *draft, size_t first, size_t end, bytes_t *value)
{
    size_t count = 0;
    for (size_t i = first; i < end; i++)
        if (s_is_alive (draft, &draft->inbox->entries[i])) {
            inbox_put (value, &draft->inbox->entries[i].frame);
            count++;
        }
    return count;
}

//  Delete the records held that are dead, and all of them where most of the rest is dead too; what
//  is alive of those goes into value.
static void
s_settle_held (store_draft_t *draft, bytes_t *value)
{
    const inbox_draft_t *self = draft->inbox;
    bool *is_kept = calloc (self->record_count + 1, sizeof *is_kept);
    assert (is_kept);
    size_t first = 0, kept = 0, alive = 0;
    for (size_t i = 0; i < self->record_count; i++) {
        const inbox_record_t *record = &self->records[i];
        size_t found = s_put_alive (draft, first, record->entries, value);
        is_kept[i] = found > 0;
        kept += found > 0 ? record->entries - first : 0;
        alive += found;
        first = record->entries;
    }
    bool moves = 2 * alive < kept;
    for (size_t i = 0; i < self->record_count; i++)
        if (moves || !is_kept[i])
            s_delete_record (draft, &self->records[i]);
    if (!moves)
        value->size = 0;
    free (is_kept);
}

static void
s_clear (inbox_draft_t *self)
{
    s_unchain_all (self);
    self->is_read = self->is_due = false;
    self->held.size = self->record_count = self->held_count = self->count = 0;
}

void
inbox_draft_settle (store_draft_t *draft)
{
    inbox_draft_t *self = draft->inbox;
    bytes_t *kept = &self->kept;
    kept->size = 0;
    if (self->is_read)
        s_settle_held (draft, kept);
    s_put_alive (draft, self->held_count, self->count, kept);
    if (kept->size > 0) {
        store_bytes_t key = store_key_inbox (self->group, draft->store->inbox_number);
        batch_put_unseen (draft->batch, key.data, key.size, kept->data, kept->size);
    }
    if (draft->defers && self->group != NO_GROUP)
        unwritten_settle (draft, kept->size);
    s_clear (self);
}

void
inbox_draft_begin (store_draft_t *draft, unsigned group)
{
    if (draft->inbox->group == group)
        return;
    inbox_draft_settle (draft);
    draft->inbox->group = group;
    draft->inbox->first_draft = draft->holdings->count;
}
