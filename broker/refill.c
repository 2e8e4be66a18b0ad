//  SPDX-License-Identifier: GPL-2.0-or-later
//  refill - see refill.h. One loop: take what the coordinator says, do what backfill says, wait
//  for the replies that are out. Whatever is wrong with a reply, only its node is asked later.
#include "broker/refill.h"
#include "broker/queue.h"
#include "broker/supplier.h"
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define INBOX_MAX    65536
#define IDLE_MS      1000
#define PAUSED_MS    100 //  Until the store is looked at again
#define UNSETTLED_MS 10  //  The same, where nodes wait for what they sent to be written
#define POLLED_MAX   64  //  Open requests at a time, at most

//  What the coordinator said.
typedef struct {
    char node[NODE_NAME_MAX + 1];
    char endpoint[ENDPOINT_MAX + 1]; //  "": a hint
} note_t;

struct refill_t {
    store_t *store;
    refill_ops_t ops;
    queue_t *inbox; //  note_t
    pthread_t thread;
    atomic_uint_fast64_t manifests, replays, refilled, postponed, lost, failures, backlog;
    //  The thread's only.
    bool paused; //  The store does not keep up
    backfill_t *backfill;
    suppliers_t *suppliers;
    wire_reader_t *reader;
    frame_t frame; //  Without buckets
};

static int64_t
s_now_mono_ms (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

//  --- What the coordinator says -----------------------------------------------------------------

static void
s_note (refill_t *self, const char *node, const char *endpoint)
{
    note_t *note = malloc (sizeof *note);
    assert (note);
    snprintf (note->node, sizeof note->node, "%s", node);
    snprintf (note->endpoint, sizeof note->endpoint, "%s", endpoint);
    if (queue_push (self->inbox, note, sizeof *note) == -1)
        free (note);
}

void
refill_node (refill_t *self, const char *node, const char *endpoint)
{
    s_note (self, node, endpoint);
}

void
refill_hint (refill_t *self, const char *node)
{
    s_note (self, node, "");
}

static void
s_read_notes (refill_t *self)
{
    note_t *note;
    while (queue_pop (self->inbox, (void **) &note, 1) == 1) {
        if (!note->endpoint[0])
            backfill_hint (self->backfill, note->node, s_now_mono_ms ());
        else if (suppliers_set (self->suppliers, note->node, note->endpoint))
            backfill_node_appeared (self->backfill, note->node, s_now_mono_ms ());
        free (note);
    }
}

//  --- Failures ----------------------------------------------------------------------------------

static void
s_fail (refill_t *self, supplier_t *supplier)
{
    atomic_fetch_add (&self->failures, 1);
    backfill_misbehaved (self->backfill, supplier->node, supplier->open_id, s_now_mono_ms ());
    supplier_settle (supplier);
}

//  --- Manifests -------------------------------------------------------------------------------

static seq_range_t *
s_lost (refill_t *self, const char *node, size_t *count)
{
    loss_t *losses;
    if (store_losses (self->store, node, &losses, count) == -1)
        return NULL;
    seq_range_t *lost = calloc (*count + 1, sizeof *lost);
    assert (lost);
    for (size_t i = 0; i < *count; i++)
        lost[i] = losses[i].range;
    free (losses);
    return lost;
}

//  What our own retention has taken is not asked for again.
static void
s_leave_out_expired (refill_t *self, supplier_t *supplier)
{
    store_node_t own;
    if (store_node (self->store, supplier->node, &own) == 0)
        manifest_forget (&supplier->manifest, own.expired_epoch, own.expired_seq);
}

static void
s_compare (refill_t *self, supplier_t *supplier)
{
    s_leave_out_expired (self, supplier);
    size_t held_count = 0, lost_count = 0;
    seq_range_t *held = NULL;
    int rc = store_held (self->store, supplier->node, &held, &held_count);
    seq_range_t *lost = s_lost (self, supplier->node, &lost_count);
    if (rc == 0 && lost) {
        backfill_manifest (self->backfill, supplier->node, supplier->open_id, &supplier->manifest,
                           held, held_count, lost, lost_count, s_now_mono_ms ());
        atomic_fetch_add (&self->manifests, 1);
        if (!backfill_wants (self->backfill, supplier->node))
            suppliers_whole (self->suppliers, supplier, s_now_mono_ms ());
        supplier_settle (supplier);
    } else
        s_fail (self, supplier);
    free (held);
    free (lost);
}

//  Returns 0, or -1 where the page is not one that can follow on what is here.
static int
s_add_page (refill_t *self, supplier_t *supplier, zmq_msg_t *part)
{
    manifest_t page;
    const char *reason;
    if (manifest_decode (&page, self->reader, zmq_msg_data (part), zmq_msg_size (part), &reason))
        return -1;
    int rc = 0;
    if (supplier->pages++ == 0)
        supplier->manifest = page;
    else {
        rc = manifest_append (&supplier->manifest, &page, REFILL_MAX_RUNS);
        manifest_clear (&page);
    }
    return rc;
}

static void
s_take_manifest (refill_t *self, supplier_t *supplier)
{
    zmq_msg_t part;
    int rc = supplier_next_part (supplier, &part);
    if (rc == 0) {
        rc = s_add_page (self, supplier, &part);
        zmq_msg_close (&part);
    }
    if (rc == -1)
        s_fail (self, supplier);
    else if (!supplier->manifest.more)
        s_compare (self, supplier);
    else if (supplier_ask_next_page (supplier) == -1)
        s_fail (self, supplier);
}

//  --- Replays ---------------------------------------------------------------------------------

typedef struct {
    seq_range_t asked;
    uint64_t through_seq; //  What the reply covers, or what of it found room
    uint64_t last_seq;    //  Of the frames so far; 0 before any
    size_t accepted;
    uint64_t minutes; //  Whole ones that its frames cover: the store has rows of each to write
    bool full;        //  The recorder's queue was, or minutes were too many, from some frame on
} replay_t;

//  Of one reply; a frame by itself may cover more. What is left is asked for again, in turn with
//  other nodes' frames.
#define REPLAY_MINUTES_MAX 1000
//  Repairing the rows of a minute is as much work as about so many frames.
#define FRAMES_PER_MINUTE 4

static bool
s_is_within_minutes (replay_t *replay, const frame_t *frame)
{
    uint64_t minutes = replay->minutes + frame->span_s / 60;
    if (replay->accepted > 0 && minutes > REPLAY_MINUTES_MAX)
        return false;
    replay->minutes = minutes;
    return true;
}

//  Returns 0, or -1 where the frame is not what was asked for.
static int
s_take_frame (refill_t *self, const char *node, zmq_msg_t *part, replay_t *replay)
{
    const char *reason;
    const frame_t *frame = &self->frame;
    void *data = zmq_msg_data (part);
    size_t size = zmq_msg_size (part);
    if (frame_decode_but_buckets (&self->frame, self->reader, data, size, &reason) == -1 ||
        !backfill_frame_is_asked_for (frame, node, &replay->asked) ||
        frame->seq <= replay->last_seq || frame->seq > replay->through_seq)
        return replay->full ? 0 : -1;
    replay->last_seq = frame->seq;
    const store_record_t record = {.node = frame->node,
                                   .epoch = frame->epoch,
                                   .seq = frame->seq,
                                   .start_wall_s = frame->start_wall_s,
                                   .span_s = frame->span_s,
                                   .data = data,
                                   .size = size};
    if (!replay->full && s_is_within_minutes (replay, frame) &&
        self->ops.submit (self->ops.context, &record) == 0) {
        replay->accepted++;
        return 0;
    }
    if (!replay->full)
        replay->through_seq = frame->seq - 1;
    replay->full = true;
    atomic_fetch_add (&self->postponed, 1);
    return 0;
}

static void
s_take_replay (refill_t *self, supplier_t *supplier, const seq_range_t *covered)
{
    replay_t replay = {.through_seq = covered->last_seq};
    zmq_msg_t part;
    int rc = backfill_asked (self->backfill, supplier->node, supplier->open_id, &replay.asked);
    if (rc == 0 &&
        (covered->epoch != replay.asked.epoch || covered->first_seq != replay.asked.first_seq ||
         covered->last_seq > replay.asked.last_seq))
        rc = -1;
    while (rc == 0 && supplier_next_part (supplier, &part) == 0) {
        rc = s_take_frame (self, supplier->node, &part, &replay);
        zmq_msg_close (&part);
    }
    if (replay.accepted > 0) {
        supplier_pulled (supplier, replay.accepted);
        backfill_submitted (self->backfill, supplier->node,
                            self->ops.submitted (self->ops.context));
    }
    self->ops.flush (self->ops.context);
    atomic_fetch_add (&self->refilled, replay.accepted);
    backfill_charge (self->backfill, FRAMES_PER_MINUTE * replay.minutes);
    if (rc == -1) {
        s_fail (self, supplier);
        return;
    }
    atomic_fetch_add (&self->replays, 1);
    backfill_replayed (self->backfill, supplier->node, supplier->open_id, replay.through_seq,
                       replay.accepted, s_now_mono_ms ());
    supplier_settle (supplier);
}

//  --- Replies ---------------------------------------------------------------------------------

static void
s_take_reply (refill_t *self, supplier_t *supplier, zmq_msg_t *header)
{
    message_t message;
    if (message_decode (&message, self->reader, zmq_msg_data (header), zmq_msg_size (header)) ||
        message.id != supplier->open_id)
        return; //  Late, or nothing we know: the open request's time will run out
    bool ours = strcmp (message.node, supplier->node) == 0;
    if (message.kind == MESSAGE_MANIFEST && ours && !supplier->replay)
        s_take_manifest (self, supplier);
    else if (message.kind == MESSAGE_REPLAY && ours && supplier->replay)
        s_take_replay (self, supplier, &message.range);
    else
        s_fail (self, supplier);
}

static void
s_receive (refill_t *self, supplier_t *supplier)
{
    zmq_msg_t header;
    while (supplier->open_id && supplier_receive (supplier, &header) == 0) {
        s_take_reply (self, supplier, &header);
        zmq_msg_close (&header);
        supplier_skip_parts (supplier);
    }
}

//  --- What backfill decides -------------------------------------------------------------------

static void
s_lose (refill_t *self, const backfill_action_t *action)
{
    const loss_t loss = {.range = action->range, .cause = action->cause};
    uint64_t frames = action->range.last_seq - action->range.first_seq + 1;
    atomic_store (&self->lost, pace_sum (atomic_load (&self->lost), frames));
    suppliers_lost (self->suppliers, action->node, &loss, s_now_mono_ms ());
    self->ops.lose (self->ops.context, action->node, &loss);
}

//  A question that cannot be sent fails by its time running out.
static void
s_act (refill_t *self, const backfill_action_t *action)
{
    if (action->kind == BACKFILL_LOST) {
        s_lose (self, action);
        return;
    }
    supplier_t *supplier = suppliers_find (self->suppliers, action->node);
    assert (supplier); //  backfill knows only nodes that suppliers_set made
    if (suppliers_connect (self->suppliers, supplier, s_now_mono_ms ()) == -1)
        return;
    if (action->kind == BACKFILL_ASK_MANIFEST)
        supplier_ask_manifest (supplier, action->id);
    else
        supplier_ask_replay (supplier, action->id, &action->range);
}

static void
s_pump (refill_t *self)
{
    backfill_action_t action;
    self->paused = !self->ops.has_room (self->ops.context);
    backfill_settled (self->backfill, self->ops.settled (self->ops.context));
    while (!self->paused && backfill_next (self->backfill, s_now_mono_ms (), &action))
        s_act (self, &action);
    atomic_store (&self->backlog, backfill_backlog (self->backfill));
}

//  --- The thread ------------------------------------------------------------------------------

static long
s_timeout_ms (const refill_t *self)
{
    if (self->paused)
        return PAUSED_MS;
    long longest_ms = backfill_unsettled (self->backfill) ? UNSETTLED_MS : IDLE_MS;
    int64_t now_ms = s_now_mono_ms ();
    int64_t due_ms = backfill_due_mono_ms (self->backfill, now_ms);
    if (due_ms <= now_ms)
        return 0;
    return due_ms - now_ms < longest_ms ? (long) (due_ms - now_ms) : longest_ms;
}

//  The suppliers whose reply is awaited, as items to poll. Returns how many.
static size_t
s_awaited (refill_t *self, supplier_t **awaited, zmq_pollitem_t *items)
{
    const char *names[POLLED_MAX];
    size_t open = backfill_open (self->backfill, names, POLLED_MAX), count = 0;
    for (size_t i = 0; i < open; i++) {
        supplier_t *supplier = suppliers_find (self->suppliers, names[i]);
        if (!supplier->dealer)
            continue;
        items[count] =
            (zmq_pollitem_t){.socket = zsock_resolve (supplier->dealer), .events = ZMQ_POLLIN};
        awaited[count++] = supplier;
    }
    return count;
}

static void
s_wait_and_receive (refill_t *self)
{
    zmq_pollitem_t items[1 + POLLED_MAX] = {{.fd = queue_fd (self->inbox), .events = ZMQ_POLLIN}};
    supplier_t *awaited[POLLED_MAX];
    size_t count = s_awaited (self, awaited, items + 1);
    if (zmq_poll (items, 1 + (int) count, s_timeout_ms (self)) <= 0)
        return;
    for (size_t i = 0; i < count; i++)
        if (items[1 + i].revents)
            s_receive (self, awaited[i]);
}

static void *
s_main (void *argument)
{
    refill_t *self = argument;
    while (!queue_is_closed (self->inbox)) {
        s_read_notes (self);
        s_pump (self);
        suppliers_tell (self->suppliers, s_now_mono_ms ());
        s_wait_and_receive (self);
    }
    return NULL;
}

refill_t *
refill_new (store_t *store, const backfill_policy_t *policy, const refill_ops_t *ops)
{
    refill_t *self = calloc (1, sizeof *self);
    assert (self);
    assert (policy->requests_at_once <= POLLED_MAX);
    self->store = store;
    self->ops = *ops;
    self->inbox = queue_new (INBOX_MAX, INBOX_MAX * sizeof (note_t));
    self->backfill = backfill_new (policy, (uint64_t) s_now_mono_ms ());
    self->suppliers = suppliers_new (REFILL_MAX_CONNECTIONS);
    self->reader = wire_reader_new ();
    int rc = pthread_create (&self->thread, NULL, s_main, self);
    assert (rc == 0);
    pthread_setname_np (self->thread, "refill");
    return self;
}

void
refill_destroy (refill_t **self_p)
{
    refill_t *self = *self_p;
    if (!self)
        return;
    queue_close (self->inbox);
    pthread_join (self->thread, NULL);
    suppliers_destroy (&self->suppliers);
    backfill_destroy (&self->backfill);
    queue_destroy (&self->inbox);
    wire_reader_destroy (&self->reader);
    free (self);
    *self_p = NULL;
}

void
refill_stats (refill_t *self, refill_stats_t *stats)
{
    *stats = (refill_stats_t){.manifests = atomic_load (&self->manifests),
                              .replays = atomic_load (&self->replays),
                              .refilled = atomic_load (&self->refilled),
                              .postponed = atomic_load (&self->postponed),
                              .lost = atomic_load (&self->lost),
                              .failures = atomic_load (&self->failures),
                              .backlog = atomic_load (&self->backlog)};
}
