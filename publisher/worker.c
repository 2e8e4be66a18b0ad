//  SPDX-License-Identifier: GPL-2.0-or-later
//  worker - see worker.h.
#include "publisher/worker.h"
#include "publisher/announcer.h"
#include "publisher/epoch.h"
#include "publisher/sampler.h"
#include "publisher/status.h"
#include "query/service.h"
#include "transport/socket.h"
#include <poll.h>
#include <sys/random.h>
#include <sys/timerfd.h>

#define COST_EVERY_S 10

struct worker_t {
    const worker_options_t *options; //  Borrowed
    ticker_t ticker;
    sampler_t *sampler;
    spool_t *spool;         //  Its store is read by the service's thread
    zsock_t *publisher;     //  PUB
    announcer_t *announcer; //  NULL: announce to nobody
    status_t *status;       //  Read by the service's thread
    service_t *service;
    int timer_fd;          //  Readable at the ticker's next edge, or when the clock is set
    bool unreadable;       //  The source could not be read at the latest tick
    bool unwritable;       //  The spool could not be written at the latest frame
    bool target_is_away;   //  The process to measure does not exist
    frame_cost_t cost;     //  Of this run, all frames; rss_bytes of the newest
    uint64_t cost_mono_ns; //  How long these frames lasted
    uint64_t cost_frames;
    char topic[NODE_NAME_MAX + 2];
    size_t topic_size;
    frame_t frame; //  In the making
    uint8_t data[FRAME_MAX_BYTES];
};

//  --- Setting up ------------------------------------------------------------------------------

static message_t
s_announcement (const worker_options_t *options)
{
    message_t message = {.kind = MESSAGE_ANNOUNCE};
    strcpy (message.node, options->node);
    strcpy (message.publish_endpoint, options->advertised_publish);
    strcpy (message.answer_endpoint, options->advertised_answer);
    strcpy (message.version, KPULSE_VERSION);
    return message;
}

static int
s_start_service (worker_t *self, const message_t *identity, char error[512])
{
    self->status = status_new (identity, spool_store (self->spool));
    const answerer_t answerer = {.store = spool_store (self->spool),
                                 .show = status_show,
                                 .knows = status_knows,
                                 .context = self->status};
    self->service =
        service_new (self->options->answer, self->options->insecure, &answerer, NULL, error);
    return self->service ? 0 : -1;
}

static int
s_open (worker_t *self, char error[512])
{
    const worker_options_t *options = self->options;
    const message_t identity = s_announcement (options);
    self->publisher = socket_new (ZMQ_PUB);
    if (socket_bind (self->publisher, options->publish, options->insecure, error) == -1 ||
        s_start_service (self, &identity, error) == -1)
        return -1;
    if (!options->coordinator)
        return 0;
    self->announcer = announcer_new (options->coordinator, &identity, error);
    return self->announcer ? 0 : -1;
}

worker_t *
worker_new (const worker_options_t *options, source_t **source_p, spool_t **spool_p,
            char error[512])
{
    worker_t *self = calloc (1, sizeof *self);
    assert (self);
    self->options = options;
    self->spool = *spool_p;
    *spool_p = NULL;
    self->sampler = sampler_new (source_p, options->node);
    self->topic_size = frame_topic (options->node, self->topic);
    self->timer_fd = timerfd_create (CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
    assert (self->timer_fd >= 0);
    if (s_open (self, error) == -1)
        worker_destroy (&self);
    return self;
}

void
worker_destroy (worker_t **self_p)
{
    worker_t *self = *self_p;
    if (!self)
        return;
    service_destroy (&self->service);
    status_destroy (&self->status);
    announcer_destroy (&self->announcer);
    zsock_destroy (&self->publisher);
    sampler_destroy (&self->sampler);
    spool_destroy (&self->spool);
    close (self->timer_fd);
    free (self);
    *self_p = NULL;
}

//  --- What is said when something changes -----------------------------------------------------

static void
s_say_unreadable (worker_t *self, bool unreadable)
{
    if (unreadable != self->unreadable)
        zsys_info (unreadable ? "the source cannot be read: no frames"
                              : "the source is read again");
    self->unreadable = unreadable;
}

static void
s_say_unwritable (worker_t *self)
{
    char error[512];
    bool failing = spool_is_failing (self->spool);
    if (failing && !self->unwritable) {
        spool_error (self->spool, error);
        zsys_error ("frames are published but not kept: %s", error);
    }
    if (self->unwritable && !failing)
        zsys_info ("the store is written again");
    self->unwritable = failing;
}

static void
s_watch_target (worker_t *self)
{
    const scope_t *scope = &self->options->scope;
    if (scope->kind != SCOPE_PID)
        return;
    char path[32];
    snprintf (path, sizeof path, "/proc/%u", scope->pid);
    bool is_away = access (path, F_OK) == -1;
    if (is_away != self->target_is_away)
        zsys_info ("process %u %s", scope->pid,
                   is_away ? "does not exist: waiting for it, frames are empty" : "exists");
    self->target_is_away = is_away;
}

static void
s_print_bpf_cost (const worker_t *self)
{
    if (self->cost.bpf_ns)
        zsys_info ("cost: its BPF programs took %.2f %% of a core",
                   100.0 * (double) self->cost.bpf_ns / (double) self->cost_mono_ns);
    else
        zsys_info ("cost: its BPF programs are not timed (kernel.bpf_stats_enabled is 0)");
}

static void
s_print_cost (const worker_t *self)
{
    if (self->cost_frames == 0)
        return;
    zsys_info ("cost over %llu frames: %.2f %% of a core, %.1f MB resident",
               (unsigned long long) self->cost_frames,
               100.0 * (double) self->cost.cpu_ns / (double) self->cost_mono_ns,
               (double) self->cost.rss_bytes / 1e6);
    if (self->frame.source == FRAME_FROM_BPF)
        s_print_bpf_cost (self);
}

static void
s_add_cost (worker_t *self, const frame_t *frame)
{
    self->cost.cpu_ns += frame->cost.cpu_ns;
    self->cost.bpf_ns += frame->cost.bpf_ns;
    self->cost.rss_bytes = frame->cost.rss_bytes;
    self->cost_mono_ns += frame->duration_mono_ns;
    self->cost_frames++;
    if (self->options->print_cost && self->cost_frames % COST_EVERY_S == 0)
        s_print_cost (self);
}

//  --- A second's edge -------------------------------------------------------------------------

//  An epoch that begins at a time. The last one comes from the store, so that epochs grow also
//  when the clock goes back; and from this run, where the store cannot be written.
static uint64_t
s_next_epoch (const worker_t *self, int64_t wall_ns)
{
    uint64_t last = sampler_epoch (self->sampler);
    store_t *store = spool_store (self->spool);
    store_node_t stored;
    if (store && store_node (store, self->options->node, &stored) == 0 && stored.last_epoch > last)
        last = stored.last_epoch;
    uint16_t random = 0;
    if (getrandom (&random, sizeof random, 0) != sizeof random)
        random = (uint16_t) (wall_ns ^ getpid ());
    return epoch_make (wall_ns, last, random);
}

static void
s_begin_epoch (worker_t *self, const clock_reading_t *now)
{
    uint64_t epoch = s_next_epoch (self, now->wall_ns);
    bool begun = epoch != 0 && sampler_begin (self->sampler, epoch) == 0;
    if (begun)
        ticker_accept (&self->ticker, now);
    s_say_unreadable (self, !begun);
}

//  PUB never blocks: a subscriber that does not keep up loses frames, and pulls them again.
static void
s_publish (worker_t *self, size_t size)
{
    void *socket = zsock_resolve (self->publisher);
    if (zmq_send (socket, self->topic, self->topic_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
        zmq_send (socket, self->data, size, ZMQ_DONTWAIT);
}

//  The frame in hand becomes the first one of the epoch that the new store begins with.
static void
s_begin_epoch_with_frame (worker_t *self)
{
    frame_t *frame = &self->frame;
    int64_t start_wall_ns;
    if (__builtin_mul_overflow (frame->start_wall_s, NS_PER_S, &start_wall_ns))
        return;
    uint64_t epoch = s_next_epoch (self, start_wall_ns);
    if (epoch != 0)
        sampler_rename (self->sampler, epoch, frame);
}

//  A spool that is not to be trusted any more makes way for a new one; nobody may read it
//  meanwhile. Where no new one can be had, it is tried again at the next frame.
static void
s_mend_spool (worker_t *self)
{
    if (spool_is_sound (self->spool))
        return;
    service_pause (self->service);
    if (spool_renew (self->spool) == -1)
        return;
    s_begin_epoch_with_frame (self);
    status_set_store (self->status, spool_store (self->spool));
    service_resume (self->service, spool_store (self->spool));
}

static void
s_deliver_frame (worker_t *self, const clock_reading_t *now)
{
    frame_t *frame = &self->frame;
    spool_stats_t kept;
    s_mend_spool (self);
    frame->losses.unspooled = spool_take_unspooled (self->spool);
    frame->losses.spool_resets = spool_resets (self->spool);
    size_t size = frame_encode (frame, self->data, sizeof self->data);
    assert (size > 0); //  Every source fills frames that can be encoded
    spool_append (self->spool, frame, self->data, size);
    s_publish (self, size);
    spool_stats (self->spool, &kept);
    status_set_frame (self->status, frame, &kept, !spool_is_failing (self->spool), now);
    s_say_unwritable (self);
    s_add_cost (self, frame);
}

static void
s_close_frame (worker_t *self, const clock_reading_t *now, const tick_t *tick)
{
    bool read = sampler_read (self->sampler, tick, &self->frame) == 0;
    s_say_unreadable (self, !read);
    if (!read) {
        status_count_unread (self->status);
        return;
    }
    ticker_accept (&self->ticker, now);
    if (tick->span_s > 1)
        zsys_info ("held up: one frame covers %u seconds", tick->span_s);
    s_deliver_frame (self, now);
}

//  Armed anew for every edge; a clock that is set wakes the loop too.
static void
s_arm_timer (const worker_t *self)
{
    int64_t due_ns = ticker_due_wall_ns (&self->ticker);
    const struct itimerspec due = {
        .it_value = {.tv_sec = due_ns / NS_PER_S, .tv_nsec = due_ns % NS_PER_S}};
    timerfd_settime (self->timer_fd, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &due, NULL);
}

static void
s_step (worker_t *self)
{
    clock_reading_t now = clock_now ();
    tick_t tick;
    switch (ticker_step (&self->ticker, &now, &tick)) {
    case TICK_EARLY:
        return;
    case TICK_BEGIN:
        s_begin_epoch (self, &now);
        return;
    case TICK_FRAME:
        s_close_frame (self, &now, &tick);
        return;
    case TICK_STEPPED:
        zsys_info ("the wall clock was set: a new epoch begins");
        return;
    }
}

//  Also keeps libzmq's housekeeping going on sockets that only ever send.
static void
s_keep_in_touch (worker_t *self)
{
    zsock_events (self->publisher);
    if (self->announcer)
        announcer_send (self->announcer);
    s_watch_target (self);
}

static void
s_wake (worker_t *self)
{
    uint64_t expirations;
    if (read (self->timer_fd, &expirations, sizeof expirations) == -1 && errno == EAGAIN)
        return;
    s_step (self);
    s_arm_timer (self);
    s_keep_in_touch (self);
}

void
worker_run (worker_t *self, int stop_fd)
{
    clock_reading_t now = clock_now ();
    ticker_init (&self->ticker, &now);
    s_arm_timer (self);
    s_keep_in_touch (self);
    struct pollfd items[] = {{.fd = stop_fd, .events = POLLIN},
                             {.fd = self->timer_fd, .events = POLLIN}};
    while (!(items[0].revents & POLLIN)) {
        if (poll (items, 2, -1) > 0 && items[1].revents)
            s_wake (self);
    }
    if (self->options->print_cost)
        s_print_cost (self);
}
