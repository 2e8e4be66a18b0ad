//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_replay - see live_replay.h. Each node has a pull, which says what to ask next; a chunk is
//  asked for when the one before has been taken. Frames are handed out a second at a time, from all
//  pulls.
#include "subscriber/live_replay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "subscriber/live_pull.h"
#include "transport/socket.h"

#define OPEN_MAX   32 //  Requests that are out
#define TRIES_MAX  4
#define BUSY_TRIES 48
#define ANSWER_NS  3000000000LL //  Without an answer it is asked again
#define BUSY_NS    100000000LL
#define NOBODY_NS  8000000000LL //  Without any answer: nobody is there any more
#define INDEX_BITS 16           //  Of a request's id; the rest is a serial number
#define NO_WALL_S  INT64_MAX

typedef struct {
    live_pull_t pull;
    uint64_t open_id; //  Of the request that is out, or 0
    int64_t due_mono_ns;
    int tries;
} asked_t;

struct live_replay_t {
    zsock_t *dealer;
    void *handle; //  The same, for libzmq
    wire_reader_t *reader;
    frame_t frame; //  Scratch
    int64_t since_wall_s;
    asked_t *nodes;
    size_t count;
    uint64_t serial;
    size_t open;
    int64_t heard_mono_ns; //  When anything last came; 0 before the first step
    size_t place;          //  Nodes before this one have no frame of the second
    int64_t second_wall_s; //  That is being handed out
    size_t failures;
    char reason[MESSAGE_TEXT_MAX + 1];
};

live_replay_t *
live_replay_new (const char *endpoint, int64_t since_wall_s)
{
    char error[512];
    live_replay_t *self = calloc (1, sizeof *self);
    assert (self);
    self->dealer = socket_new (ZMQ_DEALER);
    self->handle = zsock_resolve (self->dealer);
    self->reader = wire_reader_new ();
    self->since_wall_s = since_wall_s;
    self->second_wall_s = NO_WALL_S;
    int rc = socket_connect (self->dealer, endpoint, error);
    assert (rc == 0); //  It was found to be an endpoint
    return self;
}

void
live_replay_destroy (live_replay_t **self_p)
{
    live_replay_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        live_pull_fini (&self->nodes[i].pull);
    free (self->nodes);
    zsock_destroy (&self->dealer);
    wire_reader_destroy (&self->reader);
    free (self);
    *self_p = NULL;
}

void
live_replay_add (live_replay_t *self, const char *node, uint64_t epoch, uint64_t seq)
{
    if (self->count == LIVE_REPLAY_NODES)
        return;
    if ((self->count & (self->count - 1)) == 0) {
        size_t capacity = self->count ? 2 * self->count : 1;
        self->nodes = realloc (self->nodes, capacity * sizeof self->nodes[0]);
        assert (self->nodes);
    }
    asked_t *asked = &self->nodes[self->count++];
    memset (asked, 0, sizeof *asked);
    live_pull_init (&asked->pull, node, epoch, seq, self->since_wall_s);
}

void *
live_replay_handle (const live_replay_t *self)
{
    return self->handle;
}

//  --- ends ------------------------------------------------------------------------------------

static void
s_settle (live_replay_t *self, asked_t *asked)
{
    self->open -= asked->open_id != 0;
    asked->open_id = 0;
    asked->tries = 0;
    asked->due_mono_ns = 0;
}

//  What has come is still handed out.
static void
s_fail (live_replay_t *self, asked_t *asked, const char *reason)
{
    s_settle (self, asked);
    asked->pull.wants = PULL_ENDED;
    self->failures++;
    snprintf (self->reason, sizeof self->reason, "%s", reason);
}

size_t
live_replay_failures (const live_replay_t *self, const char **reason)
{
    *reason = self->reason;
    return self->failures;
}

//  --- asking ----------------------------------------------------------------------------------

static void
s_ask (live_replay_t *self, asked_t *asked, int64_t now_mono_ns)
{
    message_t request;
    uint8_t data[512];
    size_t index = (size_t) (asked - self->nodes);
    if (!live_pull_request (&asked->pull, &request)) {
        s_settle (self, asked);
        return;
    }
    self->open += asked->open_id == 0;
    asked->open_id = request.id = ++self->serial << INDEX_BITS | index;
    asked->due_mono_ns = now_mono_ns + ANSWER_NS;
    size_t size = message_encode (&request, data, sizeof data);
    assert (size > 0);
    zmq_send (self->handle, data, size, ZMQ_DONTWAIT); //  If it cannot be sent its time runs out
}

static bool
s_is_idle (const asked_t *asked)
{
    return asked->pull.wants == PULL_ENDED || asked->pull.taken < asked->pull.count;
}

static void
s_pump (live_replay_t *self, int64_t now_mono_ns)
{
    for (size_t i = 0; i < self->count; i++) {
        asked_t *asked = &self->nodes[i];
        if (s_is_idle (asked) || asked->due_mono_ns > now_mono_ns ||
            (asked->open_id == 0 && self->open >= OPEN_MAX))
            continue;
        asked->tries += asked->open_id ? BUSY_TRIES / TRIES_MAX : 1;
        if (now_mono_ns - self->heard_mono_ns > NOBODY_NS || asked->tries > BUSY_TRIES)
            s_fail (self, asked, "nobody answers");
        else
            s_ask (self, asked, now_mono_ns);
    }
}

//  --- answers ---------------------------------------------------------------------------------

static bool
s_next_part (live_replay_t *self, zmq_msg_t *part)
{
    zmq_msg_init (part);
    if (zmq_msg_recv (part, self->handle, ZMQ_DONTWAIT) >= 0)
        return true;
    zmq_msg_close (part);
    return false;
}

//  The manifest's page is the next part.
static const char *
s_take_page (live_replay_t *self, asked_t *asked, bool *more)
{
    zmq_msg_t part;
    if (!*more || !s_next_part (self, &part))
        return "the reply is not what was asked for";
    *more = zmq_msg_more (&part);
    s_settle (self, asked);
    const char *reason = live_pull_take_page (&asked->pull, self->reader, zmq_msg_data (&part),
                                              zmq_msg_size (&part));
    zmq_msg_close (&part);
    return reason;
}

//  The frames of a chunk are the parts that follow.
static const char *
s_take_chunk (live_replay_t *self, asked_t *asked, const seq_range_t *covered, bool *more)
{
    zmq_msg_t part;
    const char *reason = live_pull_begin_chunk (&asked->pull, covered);
    while (*more && !reason && s_next_part (self, &part)) {
        *more = zmq_msg_more (&part);
        reason = live_pull_take_frame (&asked->pull, self->reader, zmq_msg_data (&part),
                                       zmq_msg_size (&part), &self->frame);
        zmq_msg_close (&part);
    }
    if (!reason) {
        s_settle (self, asked);
        live_pull_end_chunk (&asked->pull, covered);
    }
    return reason;
}

//  Ask once more, some time later. An answerer that is too busy says so.
static void
s_postpone (live_replay_t *self, asked_t *asked, const message_t *error, int64_t now_mono_ns)
{
    if (error->code != ERROR_BUSY && asked->tries >= TRIES_MAX) {
        s_fail (self, asked, error->text);
        return;
    }
    self->open -= asked->open_id != 0;
    asked->open_id = 0;
    asked->due_mono_ns = now_mono_ns + BUSY_NS;
}

static void
s_take_answer (live_replay_t *self, asked_t *asked, const message_t *message, bool *more,
               int64_t now_mono_ns)
{
    const char *reason = "the reply is not what was asked for";
    bool ours = strcmp (message->node, asked->pull.node) == 0;
    if (message->kind == MESSAGE_ERROR) {
        s_postpone (self, asked, message, now_mono_ns);
        return;
    }
    if (message->kind == MESSAGE_MANIFEST && ours && asked->pull.wants == PULL_MANIFEST)
        reason = s_take_page (self, asked, more);
    else if (message->kind == MESSAGE_REPLAY && ours && asked->pull.wants == PULL_FRAMES)
        reason = s_take_chunk (self, asked, &message->range, more);
    if (reason)
        s_fail (self, asked, reason);
}

static void
s_take_message (live_replay_t *self, zmq_msg_t *header, int64_t now_mono_ns)
{
    message_t message;
    zmq_msg_t part;
    bool more = zmq_msg_more (header);
    if (message_decode (&message, self->reader, zmq_msg_data (header), zmq_msg_size (header)) ==
        0) {
        size_t index = message.id & ((1u << INDEX_BITS) - 1);
        asked_t *asked = index < self->count ? &self->nodes[index] : NULL;
        if (asked && asked->open_id && asked->open_id == message.id) {
            self->heard_mono_ns = now_mono_ns;
            s_take_answer (self, asked, &message, &more, now_mono_ns);
        }
    }
    while (more && s_next_part (self, &part)) {
        more = zmq_msg_more (&part);
        zmq_msg_close (&part);
    }
}

void
live_replay_step (live_replay_t *self, int64_t now_mono_ns)
{
    zmq_msg_t header;
    if (self->heard_mono_ns == 0)
        self->heard_mono_ns = now_mono_ns;
    while (s_next_part (self, &header)) {
        s_take_message (self, &header, now_mono_ns);
        zmq_msg_close (&header);
    }
    s_pump (self, now_mono_ns);
}

//  --- in order of time ------------------------------------------------------------------------

//  Begin with the earliest second there is, once that is known. Returns 0 where it is not, -1 where
//  there is none.
static int
s_begin_second (live_replay_t *self)
{
    bool all_ended = true;
    self->second_wall_s = NO_WALL_S;
    self->place = 0;
    for (size_t i = 0; i < self->count; i++) {
        const live_pull_t *pull = &self->nodes[i].pull;
        int64_t head_wall_s = live_pull_next_wall_s (pull);
        if (head_wall_s == NO_WALL_S && pull->wants != PULL_ENDED)
            return 0;
        all_ended = all_ended && head_wall_s == NO_WALL_S;
        if (head_wall_s < self->second_wall_s)
            self->second_wall_s = head_wall_s;
    }
    return all_ended ? -1 : 1;
}

int
live_replay_next (live_replay_t *self, frame_t *frame)
{
    while (true) {
        for (; self->place < self->count && self->second_wall_s != NO_WALL_S; self->place++) {
            live_pull_t *pull = &self->nodes[self->place].pull;
            if (live_pull_next_wall_s (pull) > self->second_wall_s)
                continue;
            live_pull_next (pull, self->reader, frame);
            return 1;
        }
        int rc = s_begin_second (self);
        if (rc != 1)
            return rc;
    }
}
