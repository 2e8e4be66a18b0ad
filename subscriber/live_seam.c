//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_seam - see live_seam.h.
#include "subscriber/live_seam.h"

#include <assert.h>
#include <czmq.h>
#include "query/ask.h"
#include "subscriber/live_replay.h"
#include "subscriber/reach.h"

#define AGAIN_NS 200000000LL //  Until a store that was behind is asked again

//  A live frame that waits.
typedef struct held_t {
    struct held_t *next;
    size_t size;
    uint8_t payload[];
} held_t;

//  A node whose first live frame did not follow on what was replayed.
typedef struct {
    int64_t deadline_mono_ns;
    bool wanted; //  To be asked for in the next round
} open_node_t;

struct live_seam_t {
    char endpoint[ENDPOINT_MAX + 1];
    int64_t since_wall_s;
    live_replay_t *replay; //  NULL between rounds
    int64_t again_mono_ns; //  When the next round begins; 0: none is to
    held_t *first, *last;
    held_t *passed; //  Of those, the last one that stays held in this release
    size_t bytes;
    zhashx_t *open;   //  Name -> open_node_t
    zhashx_t *joined; //  Names whose live frames follow on
    wire_reader_t *reader;
    size_t failures;
    char reason[MESSAGE_TEXT_MAX + 1];
};

static void
s_destroy_node (void **item_p)
{
    free (*item_p);
    *item_p = NULL;
}

static live_seam_t *
s_new (const char *endpoint, int64_t since_wall_s)
{
    live_seam_t *self = calloc (1, sizeof *self);
    assert (self);
    snprintf (self->endpoint, sizeof self->endpoint, "%s", endpoint);
    self->since_wall_s = since_wall_s;
    self->replay = live_replay_new (endpoint, since_wall_s);
    self->open = zhashx_new ();
    self->joined = zhashx_new ();
    assert (self->open && self->joined);
    zhashx_set_destructor (self->open, s_destroy_node);
    self->reader = wire_reader_new ();
    return self;
}

void
live_seam_destroy (live_seam_t **self_p)
{
    live_seam_t *self = *self_p;
    if (!self)
        return;
    while (self->first) {
        held_t *held = self->first;
        self->first = held->next;
        free (held);
    }
    live_replay_destroy (&self->replay);
    zhashx_destroy (&self->open);
    zhashx_destroy (&self->joined);
    wire_reader_destroy (&self->reader);
    free (self);
    *self_p = NULL;
}

//  --- which nodes -----------------------------------------------------------------------------

static void
s_add_nodes (live_seam_t *self, const table_t *nodes, const live_filter_t *filter)
{
    for (size_t row = 0; row < table_rows (nodes); row++) {
        const cell_t *cell = table_cell (nodes, row, 0);
        if (cell->kind == CELL_TEXT && node_name_is_valid (cell->value.text) &&
            live_filter_accepts (filter, cell->value.text))
            live_replay_add (self->replay, cell->value.text, 0, 0);
    }
}

static void
s_refuse (const char *endpoint, const char *why, char error[LIVE_SEAM_ERROR_MAX + 1])
{
    snprintf (error, LIVE_SEAM_ERROR_MAX + 1,
              "no past from %s: %.200s; a coordinator answers there ('make runCoordinator'), "
              "--endpoint names another",
              endpoint, why);
}

static bool
s_are_nodes (const reply_t *reply)
{
    return reply->kind == REPLY_TABLE && table_columns (reply->table) > 0 &&
           strcmp (table_column_name (reply->table, 0), "node") == 0;
}

//  Ask which nodes there are. Returns 0, or -1 as live_seam_new fails.
static int
s_ask_nodes (live_seam_t *self, const live_filter_t *filter, int timeout_ms, int stop_fd,
             char error[LIVE_SEAM_ERROR_MAX + 1])
{
    static const char question[] = "show nodes";
    asker_t *asker = asker_new (self->endpoint);
    reply_t reply;
    assert (asker); //  It was found to be an endpoint
    uint64_t id = asker_send (asker, FORM_ROWS, question, strlen (question), (uint32_t) timeout_ms);
    int rc = asker_receive (asker, id, timeout_ms, stop_fd, &reply);
    bool answered = rc == 0 && s_are_nodes (&reply);
    if (answered)
        s_add_nodes (self, reply.table, filter);
    else if (rc == 0)
        s_refuse (self->endpoint, reply.kind == REPLY_ERROR ? reply.error.text : "no answer",
                  error);
    reply_fini (&reply);
    asker_destroy (&asker);
    return answered ? 0 : -1;
}

live_seam_t *
live_seam_new (const char *endpoint, const live_filter_t *filter, int64_t since_wall_s,
               int timeout_ms, int stop_fd, char error[LIVE_SEAM_ERROR_MAX + 1])
{
    bool reached;
    live_seam_t *self = s_new (endpoint, since_wall_s);
    error[0] = '\0';
    int rc = reach (&endpoint, 1, timeout_ms, stop_fd, &reached);
    if (rc == 0)
        s_refuse (endpoint, "nobody is there", error);
    if (rc <= 0 || s_ask_nodes (self, filter, timeout_ms, stop_fd, error) == -1)
        live_seam_destroy (&self);
    return self;
}

//  --- holding back ----------------------------------------------------------------------------

static void
s_hold (live_seam_t *self, const frame_t *frame)
{
    uint8_t payload[FRAME_MAX_BYTES];
    size_t size = frame_encode (frame, payload, sizeof payload);
    assert (size > 0); //  It was decoded from as many bytes
    if (self->bytes + size > LIVE_SEAM_BYTES)
        return; //  Dropped; live_watch counts it as missed
    held_t *held = malloc (sizeof *held + size);
    assert (held);
    held->next = NULL;
    held->size = size;
    memcpy (held->payload, payload, size);
    if (self->last)
        self->last->next = held;
    else
        self->first = held;
    self->last = held;
    self->bytes += size;
}

//  Whether more of the node has to come before this frame can be shown.
static bool
s_must_wait (live_seam_t *self, const live_watch_t *watch, const frame_t *frame,
             int64_t now_mono_ns)
{
    if (zhashx_lookup (self->joined, frame->node))
        return false;
    open_node_t *node = zhashx_lookup (self->open, frame->node);
    bool follows = live_watch_missing (watch, frame) == 0;
    if (follows || (node && now_mono_ns > node->deadline_mono_ns)) {
        zhashx_insert (self->joined, frame->node, self);
        zhashx_delete (self->open, frame->node);
        return false;
    }
    if (!node) {
        node = calloc (1, sizeof *node);
        assert (node);
        node->deadline_mono_ns = now_mono_ns + LIVE_SEAM_PATIENCE_NS;
        zhashx_insert (self->open, frame->node, node);
    }
    node->wanted = true;
    if (self->again_mono_ns == 0)
        self->again_mono_ns = now_mono_ns + AGAIN_NS;
    return true;
}

bool
live_seam_hold (live_seam_t *self, const live_watch_t *watch, const frame_t *frame,
                int64_t now_mono_ns)
{
    if (!self->replay && !self->first && !s_must_wait (self, watch, frame, now_mono_ns))
        return false;
    s_hold (self, frame);
    return true;
}

//  --- letting go ------------------------------------------------------------------------------

//  Take out what comes after the ones that stay.
static void
s_take_out (live_seam_t *self, held_t *held)
{
    if (self->passed)
        self->passed->next = held->next;
    else
        self->first = held->next;
    if (self->last == held)
        self->last = self->passed;
    self->bytes -= held->size;
    free (held);
}

static int
s_release (live_seam_t *self, const live_watch_t *watch, frame_t *frame, int64_t now_mono_ns)
{
    held_t *held;
    while ((held = self->passed ? self->passed->next : self->first)) {
        const char *reason;
        int rc = frame_decode (frame, self->reader, held->payload, held->size, &reason);
        assert (rc == 0); //  It was encoded here
        if (s_must_wait (self, watch, frame, now_mono_ns)) {
            self->passed = held;
            continue;
        }
        s_take_out (self, held);
        return 1;
    }
    return 0;
}

static void
s_end_round (live_seam_t *self)
{
    const char *reason;
    size_t failures = live_replay_failures (self->replay, &reason);
    if (failures > 0)
        snprintf (self->reason, sizeof self->reason, "%s", reason);
    self->failures += failures;
    live_replay_destroy (&self->replay);
    self->passed = NULL;
}

int
live_seam_next (live_seam_t *self, const live_watch_t *watch, frame_t *frame, int64_t now_mono_ns)
{
    if (self->replay) {
        int rc = live_replay_next (self->replay, frame);
        if (rc != -1)
            return rc;
        s_end_round (self);
    }
    return s_release (self, watch, frame, now_mono_ns);
}

//  --- rounds ----------------------------------------------------------------------------------

//  Ask for what the open nodes lack, from where they are.
static void
s_begin_round (live_seam_t *self, const live_watch_t *watch)
{
    self->replay = live_replay_new (self->endpoint, self->since_wall_s);
    for (open_node_t *node = zhashx_first (self->open); node; node = zhashx_next (self->open)) {
        const char *name = zhashx_cursor (self->open);
        uint64_t epoch = 0, seq = 0;
        live_watch_last (watch, name, &epoch, &seq);
        if (node->wanted)
            live_replay_add (self->replay, name, epoch, seq);
        node->wanted = false;
    }
}

void
live_seam_step (live_seam_t *self, const live_watch_t *watch, int64_t now_mono_ns)
{
    if (!self->replay && self->again_mono_ns > 0 && now_mono_ns >= self->again_mono_ns) {
        self->again_mono_ns = 0;
        s_begin_round (self, watch);
    }
    if (self->replay)
        live_replay_step (self->replay, now_mono_ns);
}

void *
live_seam_handle (const live_seam_t *self)
{
    return self->replay ? live_replay_handle (self->replay) : NULL;
}

bool
live_seam_is_closed (const live_seam_t *self)
{
    return !self->replay && !self->first;
}

size_t
live_seam_failures (const live_seam_t *self, const char **reason)
{
    *reason = self->reason;
    return self->failures;
}
