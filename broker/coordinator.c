//  SPDX-License-Identifier: GPL-2.0-or-later
//  coordinator - see coordinator.h.
#include "broker/coordinator.h"
#include "broker/intake.h"
#include "broker/links.h"
#include "broker/pace.h"
#include "broker/queue.h"
#include "broker/recorder.h"
#include "broker/refill.h"
#include "broker/registry.h"
#include "broker/relay.h"
#include "broker/tables.h"
#include "query/service.h"
#include "storage/keeper.h"
#include <poll.h>

#define TICK_NS                 1000000000LL
#define TURN_FRAMES             32       //  That share one look at the clocks
#define REST_US                 1000     //  Once all is read, so that frames come several at a time
#define HELD_BACK_MS            5        //  Until the queue is looked at again
#define RECORD_AFTER_NS         20000000 //  A frame goes on to live readers first
#define ANNOUNCEMENTS_MAX       1024
#define ANNOUNCEMENTS_MAX_BYTES (ANNOUNCEMENTS_MAX * sizeof (message_t))

struct coordinator_t {
    const broker_options_t *options; //  Borrowed
    store_t *store;                  //  Written by the recorder, read by the service
    relay_t *relay;                  //  To live readers
    links_t *links;
    intake_t *intake;
    recorder_t *recorder;
    refill_t *refill;
    keeper_t *keeper;
    pace_t keeper_pace; //  Of telling of its failures
    uint64_t keeper_failures;
    pace_t conflicts;       //  Of telling of frames that are refused as such; the recorder's thread
    registry_t *registry;   //  Written here and by the recorder, read by the service
    queue_t *announcements; //  message_t, from the service's thread to this one
    tables_t *tables;
    service_t *service;
    int64_t next_tick_mono_ns;
    int64_t record_mono_ns;  //  When what has come is to be written; 0: nothing waits for that
    link_message_t *in_hand; //  What intake decides about at the moment
    intake_now_t now;        //  When it came, or up to TURN_FRAMES before it
    unsigned received;       //  Frames of this round
};

static int64_t
s_read_ns (clockid_t id)
{
    struct timespec time;
    clock_gettime (id, &time);
    return time.tv_sec * 1000000000LL + time.tv_nsec;
}

static intake_now_t
s_now (void)
{
    return (intake_now_t){.wall_ns = s_read_ns (CLOCK_REALTIME),
                          .mono_ns = s_read_ns (CLOCK_MONOTONIC)};
}

//  --- What intake decided ---------------------------------------------------------------------

static int
s_connect (coordinator_t *self, const intake_action_t *action)
{
    char error[512];
    const link_peer_t peer = {.name = action->node, .forwarder = action->forwarder};
    int rc = links_connect (self->links, &peer, action->endpoint, error);
    if (rc == -1)
        zsys_error ("%s: %s", action->node, error);
    return rc;
}

static int
s_act (void *context, const intake_action_t *action)
{
    coordinator_t *self = context;
    switch (action->kind) {
    case INTAKE_CONNECT:
        return s_connect (self, action);
    case INTAKE_DISCONNECT:
        links_disconnect (self->links, action->node);
        return 0;
    case INTAKE_RELAY:
        relay_send (self->relay, self->in_hand);
        return 0;
    case INTAKE_RECORD:
        return recorder_submit (self->recorder, action->record);
    case INTAKE_GAP:
        refill_hint (self->refill, action->node);
        return 0;
    case INTAKE_ANSWERS:
        refill_node (self->refill, action->node, action->endpoint);
        return 0;
    case INTAKE_STATUS:
        *action->kept = registry_put (self->registry, *action->kept, action->status);
        return 0;
    case INTAKE_FORGET:
        registry_remove (self->registry, action->node);
        return 0;
    case INTAKE_NOTICE:
        zsys_info ("%s", action->text);
        return 0;
    }
    return 0;
}

//  --- The recorder's and the service's threads ------------------------------------------------

static int
s_append (void *context, const store_record_t *records, size_t count, store_verdict_t *verdicts)
{
    coordinator_t *self = context;
    return store_append (self->store, records, count, verdicts);
}

//  On the recorder's thread. Of what may happen with every frame one line in 10 s is enough: each
//  node's are counted.
static void
s_tell_conflict (coordinator_t *self, const store_record_t *record)
{
    int64_t now_mono_ns = s_now ().mono_ns;
    pace_add (&self->conflicts, 1);
    if (!pace_is_due (&self->conflicts, now_mono_ns))
        return;
    zsys_warning (
        "%s: frame %llu of epoch %llu came again with other content: refused%s", record->node,
        (unsigned long long) record->seq, (unsigned long long) record->epoch,
        self->conflicts.events > 1 ? ", as others before ('show nodes' counts them)" : "");
    pace_note_told (&self->conflicts, now_mono_ns);
}

static void
s_tell (void *context, const store_record_t *record, store_verdict_t verdict)
{
    coordinator_t *self = context;
    if (verdict == STORE_CONFLICT)
        s_tell_conflict (self, record);
    if (verdict != STORE_ADDED)
        registry_count (self->registry, record->node, verdict);
}

static void
s_failing (void *context, bool failing)
{
    coordinator_t *self = context;
    char error[512];
    store_error (self->store, error);
    if (failing)
        zsys_error ("frames wait in memory, and are dropped when that is full: %s", error);
    else
        zsys_info ("the store is written again");
}

static bool
s_has_room (void *context)
{
    coordinator_t *self = context;
    return recorder_has_room (self->recorder);
}

static int
s_submit (void *context, const store_record_t *record)
{
    coordinator_t *self = context;
    return recorder_submit (self->recorder, record);
}

static uint64_t
s_submitted (void *context)
{
    coordinator_t *self = context;
    return recorder_submitted (self->recorder);
}

static uint64_t
s_settled (void *context)
{
    coordinator_t *self = context;
    return recorder_settled (self->recorder);
}

static void
s_flush (void *context)
{
    coordinator_t *self = context;
    recorder_flush (self->recorder);
}

//  Where the store cannot take the record the loss is found again with a later manifest.
static void
s_lose (void *context, const char *node, const loss_t *loss)
{
    coordinator_t *self = context;
    store_mark_lost (self->store, node, loss);
}

//  A flood of announcements is cut off here: each worker's comes again in a second.
static void
s_announced (void *context, const message_t *message)
{
    coordinator_t *self = context;
    message_t *copy = malloc (sizeof *copy);
    assert (copy);
    *copy = *message;
    if (queue_push (self->announcements, copy, sizeof *copy) == -1)
        free (copy);
}

static int
s_show (void *context, statement_kind_t kind, table_t **table, query_error_t *error)
{
    coordinator_t *self = context;
    return tables_show (self->tables, kind, table, error);
}

static bool
s_knows (void *context, const char *node)
{
    coordinator_t *self = context;
    return registry_knows (self->registry, node);
}

//  --- Setting up ------------------------------------------------------------------------------

static int
s_load_node (coordinator_t *self, const store_node_t *stored)
{
    store_range_t *ranges;
    size_t count;
    if (store_ranges (self->store, stored->node, &ranges, &count) == -1)
        return -1;
    intake_add_stored (self->intake, stored, ranges, count);
    free (ranges);
    return 0;
}

static int
s_load_nodes (coordinator_t *self, char error[512])
{
    store_node_t *nodes;
    size_t count;
    int rc = store_nodes (self->store, &nodes, &count);
    for (size_t i = 0; rc == 0 && i < count; i++)
        rc = s_load_node (self, &nodes[i]);
    if (rc == -1)
        store_error (self->store, error);
    else
        free (nodes);
    return rc;
}

static int
s_add_listed (coordinator_t *self, char error[512])
{
    for (size_t i = 0; i < self->options->worker_count; i++) {
        const listed_worker_t *worker = &self->options->workers[i];
        if (intake_add_listed (self->intake, worker->node, worker->endpoint, s_now ()) == 0)
            continue;
        snprintf (error, 512,
                  "the list of workers is too long: raise the limit on open files "
                  "(ulimit -n)");
        return -1;
    }
    return 0;
}

static void
s_add_forwarders (coordinator_t *self)
{
    for (size_t i = 0; i < self->options->forwarder_count; i++)
        intake_add_forwarder (self->intake, self->options->forwarders[i], s_now ());
}

static int
s_open (coordinator_t *self, char error[512])
{
    const broker_options_t *options = self->options;
    const answerer_t answerer = {
        .store = self->store, .show = s_show, .knows = s_knows, .context = self};
    if (relay_bind (self->relay, options->live, options->insecure, error) == -1 ||
        s_load_nodes (self, error) == -1 || s_add_listed (self, error) == -1)
        return -1;
    s_add_forwarders (self);
    self->service = service_new (options->answer, options->insecure, &answerer, s_announced, error);
    return self->service ? 0 : -1;
}

coordinator_t *
coordinator_new (const broker_options_t *options, size_t max_workers, store_t **store_p,
                 char error[512])
{
    coordinator_t *self = calloc (1, sizeof *self);
    assert (self);
    self->options = options;
    self->store = *store_p;
    *store_p = NULL;
    self->relay = relay_new ();
    self->links = links_new ();
    self->intake = intake_new (max_workers, s_act, self);
    if (options->forwarder_count)
        intake_allow_forwarded (self->intake, options->forwarded_nodes, options->forwarded_rate);
    self->registry = registry_new ();
    self->announcements = queue_new (ANNOUNCEMENTS_MAX, ANNOUNCEMENTS_MAX_BYTES);
    const recorder_ops_t ops = {
        .append = s_append, .tell = s_tell, .failing = s_failing, .context = self};
    self->recorder = recorder_new (&ops);
    const refill_ops_t refill_ops = {.has_room = s_has_room,
                                     .submit = s_submit,
                                     .submitted = s_submitted,
                                     .settled = s_settled,
                                     .flush = s_flush,
                                     .lose = s_lose,
                                     .context = self};
    const backfill_policy_t policy = backfill_policy_default ();
    self->refill = refill_new (self->store, &policy, &refill_ops);
    self->keeper = keeper_new (self->store, &options->retention);
    self->tables =
        tables_new (self->store, self->keeper, self->registry, self->recorder, self->refill);
    if (s_open (self, error) == -1)
        coordinator_destroy (&self);
    return self;
}

void
coordinator_destroy (coordinator_t **self_p)
{
    coordinator_t *self = *self_p;
    if (!self)
        return;
    service_destroy (&self->service);
    links_destroy (&self->links);
    refill_destroy (&self->refill);
    recorder_destroy (&self->recorder);
    keeper_destroy (&self->keeper);
    tables_destroy (&self->tables);
    queue_destroy (&self->announcements);
    intake_destroy (&self->intake);
    registry_destroy (&self->registry);
    relay_destroy (&self->relay);
    store_destroy (&self->store);
    free (self);
    *self_p = NULL;
}

//  --- The loop --------------------------------------------------------------------------------

static void
s_receive (void *context, const link_peer_t *peer, link_message_t *message)
{
    coordinator_t *self = context;
    if (self->received++ % TURN_FRAMES == 0)
        self->now = s_now ();
    self->in_hand = message;
    if (peer->forwarder)
        intake_forwarded (self->intake, peer->forwarder, &message->view, self->now);
    else
        intake_received (self->intake, peer->name, &message->view, self->now);
}

static void
s_take_announcements (coordinator_t *self)
{
    message_t *message;
    while (queue_pop (self->announcements, (void **) &message, 1) == 1) {
        intake_announced (self->intake, message, s_now ());
        free (message);
    }
}

static void
s_cut (void *context, const link_peer_t *peer)
{
    coordinator_t *self = context;
    if (peer->forwarder)
        intake_forwarder_cut (self->intake, peer->forwarder);
    else
        intake_cut (self->intake, peer->name);
}

static void
s_tell_of_keeper (coordinator_t *self, int64_t now_mono_ns)
{
    keeper_stats_t stats;
    char error[512];
    keeper_stats (self->keeper, &stats);
    if (stats.failures > self->keeper_failures)
        pace_add (&self->keeper_pace, stats.failures - self->keeper_failures);
    self->keeper_failures = stats.failures;
    if (!pace_is_due (&self->keeper_pace, now_mono_ns))
        return;
    store_error (self->store, error);
    zsys_error ("retention, or writing to the disk for good, failed: %s", error);
    pace_note_told (&self->keeper_pace, now_mono_ns);
}

static void
s_tick_if_due (coordinator_t *self)
{
    intake_now_t now = s_now ();
    intake_stats_t stats;
    if (now.mono_ns < self->next_tick_mono_ns)
        return;
    self->next_tick_mono_ns = now.mono_ns + TICK_NS;
    links_report_cuts (self->links, s_cut, self);
    intake_tick (self->intake, now);
    intake_stats (self->intake, &stats);
    tables_set_intake (self->tables, &stats);
    s_tell_of_keeper (self, now.mono_ns);
}

//  What forwarders send cannot be pulled again: while the queue is half full it waits outside, in
//  the queues of libzmq, TCP and the forwarders. Not while the store fails: live readers come
//  first.
static bool
s_hold_back (coordinator_t *self)
{
    recorder_stats_t recorder;
    recorder_stats (self->recorder, &recorder);
    bool full = recorder.queued_frames >= RECORDER_MAX_FRAMES / 2 ||
                recorder.queued_bytes >= RECORDER_MAX_BYTES / 2;
    bool held_back = full && !recorder.failing;
    links_hold_forwarders (self->links, held_back);
    if (held_back)
        intake_forwarders_held (self->intake, s_now ());
    return held_back;
}

//  Nodes publish together, at the second's edge. While their frames come the CPUs are for passing
//  them on; a little later all of them are one batch of the store.
static void
s_record_if_due (coordinator_t *self)
{
    int64_t now_mono_ns = s_now ().mono_ns;
    if (self->received > 0 && self->record_mono_ns == 0)
        self->record_mono_ns = now_mono_ns + RECORD_AFTER_NS;
    if (self->record_mono_ns == 0 || now_mono_ns < self->record_mono_ns)
        return;
    self->record_mono_ns = 0;
    recorder_flush (self->recorder);
}

static long
s_timeout_ms (const coordinator_t *self)
{
    int64_t due_ns = self->next_tick_mono_ns;
    if (self->record_mono_ns > 0 && self->record_mono_ns < due_ns)
        due_ns = self->record_mono_ns;
    int64_t left_ns = due_ns - s_now ().mono_ns;
    return left_ns <= 0 ? 0 : (long) (left_ns / 1000000) + 1;
}

//  Take what has arrived, and rest where that was something. Returns how long to wait for more.
static int
s_take_frames (coordinator_t *self)
{
    bool held_back = s_hold_back (self);
    self->received = 0;
    bool more = links_receive (self->links, s_receive, self);
    s_record_if_due (self);
    if (held_back || (self->received > 0 && !more))
        usleep (REST_US);
    return held_back ? HELD_BACK_MS : (int) s_timeout_ms (self);
}

static bool
s_is_readable (int fd)
{
    struct pollfd item = {.fd = fd, .events = POLLIN};
    return poll (&item, 1, 0) == 1;
}

void
coordinator_run (coordinator_t *self, int stop_fd)
{
    links_watch (self->links, stop_fd);
    links_watch (self->links, queue_fd (self->announcements));
    links_watch (self->links, relay_fd (self->relay));
    int timeout_ms = 0;
    while (!s_is_readable (stop_fd)) {
        links_wait (self->links, timeout_ms);
        relay_take_subscriptions (self->relay);
        timeout_ms = s_take_frames (self);
        s_take_announcements (self);
        s_tick_if_due (self);
    }
}
