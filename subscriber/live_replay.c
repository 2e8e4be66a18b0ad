//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_replay - see live_replay.h. Each node has a pull: it asks for the manifest, then for the
//  frames of one run after another, a chunk at a time; a chunk is asked for when the one before has
//  been taken. Frames are handed out a second at a time, from all pulls.
#include "subscriber/live_replay.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include "transport/socket.h"

#define CHUNK_FRAMES 64 //  Asked for at a time: the memory of a node
#define OPEN_MAX     32 //  Requests that are out
#define RUNS_MAX     65536
#define TRIES_MAX    4
#define BUSY_TRIES   48
#define ANSWER_NS    3000000000LL //  Without an answer it is asked again
#define BUSY_NS      100000000LL
#define NOBODY_NS    8000000000LL //  Without any answer: nobody is there any more
#define INDEX_BITS   16           //  Of a request's id; the rest is a serial number
#define NO_WALL_S    INT64_MAX

typedef struct {
    void *payload;
    size_t size;
    int64_t start_wall_s;
} held_t;

typedef enum { WANTS_MANIFEST, WANTS_FRAMES, ENDED } wants_t;

typedef struct {
    char node[NODE_NAME_MAX + 1];
    wants_t wants;
    uint64_t open_id; //  Of the request that is out, or 0
    int64_t due_mono_ns;
    int tries;
    uint64_t epoch, seq; //  Everything up to here is not wanted (any more)
    manifest_t manifest;
    size_t run; //  Of the manifest, that is being replayed
    seq_range_t asked;
    held_t frames[CHUNK_FRAMES];
    size_t count, taken;
} pull_t;

struct live_replay_t {
    zsock_t *dealer;
    void *handle; //  The same, for libzmq
    wire_reader_t *reader;
    frame_t frame; //  Scratch
    int64_t since_wall_s;
    pull_t *pulls;
    size_t count;
    uint64_t serial;
    size_t open;
    int64_t heard_mono_ns; //  When anything last came; 0 before the first step
    size_t place;          //  Pulls before this one have no frame of the second
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

static void
s_clear_frames (pull_t *pull)
{
    for (size_t i = pull->taken; i < pull->count; i++)
        free (pull->frames[i].payload);
    pull->count = pull->taken = 0;
}

void
live_replay_destroy (live_replay_t **self_p)
{
    live_replay_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++) {
        s_clear_frames (&self->pulls[i]);
        manifest_clear (&self->pulls[i].manifest);
    }
    free (self->pulls);
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
        self->pulls = realloc (self->pulls, capacity * sizeof self->pulls[0]);
        assert (self->pulls);
    }
    pull_t *pull = &self->pulls[self->count++];
    memset (pull, 0, sizeof *pull);
    snprintf (pull->node, sizeof pull->node, "%s", node);
    pull->epoch = epoch;
    pull->seq = seq;
}

void *
live_replay_handle (const live_replay_t *self)
{
    return self->handle;
}

//  --- ends ------------------------------------------------------------------------------------

static void
s_settle (live_replay_t *self, pull_t *pull)
{
    self->open -= pull->open_id != 0;
    pull->open_id = 0;
    pull->tries = 0;
    pull->due_mono_ns = 0;
}

static void
s_fail (live_replay_t *self, pull_t *pull, const char *reason)
{
    s_settle (self, pull);
    pull->wants = ENDED;
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

//  The first frame of a run that is wanted, by its name and, as frames cover a second or more each,
//  at the earliest by its time. Returns false where there is none.
static bool
s_first_wanted (const live_replay_t *self, const pull_t *pull, const manifest_run_t *run,
                uint64_t *seq)
{
    const seq_range_t *range = &run->range;
    bool behind = range->epoch == pull->epoch;
    if (range->epoch < pull->epoch || (behind && range->last_seq <= pull->seq) ||
        run->last_wall_s < self->since_wall_s)
        return false;
    uint64_t back = (uint64_t) (run->last_wall_s - self->since_wall_s);
    *seq = range->last_seq - range->first_seq > back ? range->last_seq - back : range->first_seq;
    if (behind && *seq <= pull->seq)
        *seq = pull->seq + 1;
    return true;
}

//  The next chunk to ask for. Returns false where the manifest is replayed.
static bool
s_next_range (const live_replay_t *self, pull_t *pull)
{
    for (; pull->run < pull->manifest.count; pull->run++) {
        const manifest_run_t *run = &pull->manifest.runs[pull->run];
        uint64_t first;
        if (!s_first_wanted (self, pull, run, &first))
            continue;
        uint64_t last = run->range.last_seq;
        if (last - first >= CHUNK_FRAMES)
            last = first + CHUNK_FRAMES - 1;
        pull->asked = (seq_range_t){run->range.epoch, first, last};
        return true;
    }
    return false;
}

static void
s_send (live_replay_t *self, pull_t *pull, message_t *message)
{
    uint8_t data[512];
    size_t index = (size_t) (pull - self->pulls);
    self->open += pull->open_id == 0;
    pull->open_id = message->id = ++self->serial << INDEX_BITS | index;
    memcpy (message->node, pull->node, sizeof message->node);
    size_t size = message_encode (message, data, sizeof data);
    assert (size > 0);
    zmq_send (self->handle, data, size, ZMQ_DONTWAIT); //  If it cannot be sent its time runs out
}

static void
s_ask_manifest (live_replay_t *self, pull_t *pull)
{
    message_t message = {
        .kind = MESSAGE_ASK_MANIFEST, .from_epoch = pull->epoch, .from_seq = pull->seq + 1};
    if (pull->manifest.count > 0) {
        const seq_range_t *last = &pull->manifest.runs[pull->manifest.count - 1].range;
        message.from_epoch = last->epoch;
        message.from_seq = last->last_seq + 1;
    }
    s_send (self, pull, &message);
}

static void
s_ask (live_replay_t *self, pull_t *pull, int64_t now_mono_ns)
{
    if (pull->wants == WANTS_MANIFEST)
        s_ask_manifest (self, pull);
    else if (s_next_range (self, pull)) {
        message_t message = {.kind = MESSAGE_ASK_REPLAY, .range = pull->asked};
        s_send (self, pull, &message);
    } else {
        s_settle (self, pull);
        pull->wants = ENDED;
    }
    pull->due_mono_ns = now_mono_ns + ANSWER_NS;
}

static void
s_pump (live_replay_t *self, int64_t now_mono_ns)
{
    for (size_t i = 0; i < self->count; i++) {
        pull_t *pull = &self->pulls[i];
        bool waits = pull->due_mono_ns > now_mono_ns;
        bool idle = pull->wants == ENDED || pull->taken < pull->count;
        if (idle || waits || (pull->open_id == 0 && self->open >= OPEN_MAX))
            continue;
        pull->tries += pull->open_id ? BUSY_TRIES / TRIES_MAX : 1;
        if (now_mono_ns - self->heard_mono_ns > NOBODY_NS || pull->tries > BUSY_TRIES)
            s_fail (self, pull, "nobody answers");
        else
            s_ask (self, pull, now_mono_ns);
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

//  Returns NULL, or what is wrong with it.
static const char *
s_take_page (live_replay_t *self, pull_t *pull, zmq_msg_t *part)
{
    manifest_t page;
    const char *reason = NULL;
    if (manifest_decode (&page, self->reader, zmq_msg_data (part), zmq_msg_size (part), &reason))
        return reason;
    if (pull->manifest.count == 0) {
        manifest_clear (&pull->manifest);
        pull->manifest = page;
    } else {
        if (manifest_append (&pull->manifest, &page, RUNS_MAX) == -1)
            reason = "its manifest is in disorder";
        manifest_clear (&page);
    }
    s_settle (self, pull);
    if (pull->manifest.more && pull->manifest.count == 0)
        reason = "its manifest is in disorder"; //  More of nothing
    if (!pull->manifest.more)
        pull->wants = WANTS_FRAMES;
    return reason;
}

static bool
s_is_asked_for (const pull_t *pull, const frame_t *frame)
{
    return strcmp (frame->node, pull->node) == 0 && frame->epoch == pull->asked.epoch &&
           frame->seq > pull->seq && frame->seq >= pull->asked.first_seq &&
           frame->seq <= pull->asked.last_seq;
}

static const char *
s_take_frame (live_replay_t *self, pull_t *pull, zmq_msg_t *part)
{
    const char *reason;
    const frame_t *frame = &self->frame;
    size_t size = zmq_msg_size (part);
    if (frame_decode (&self->frame, self->reader, zmq_msg_data (part), size, &reason) == -1)
        return reason;
    if (frame->epoch != pull->epoch)
        pull->seq = 0;
    if (!s_is_asked_for (pull, frame) || pull->count == CHUNK_FRAMES)
        return "frames came that were not asked for";
    pull->epoch = frame->epoch;
    pull->seq = frame->seq;
    if (frame->start_wall_s < self->since_wall_s)
        return NULL;
    held_t *held = &pull->frames[pull->count++];
    *held = (held_t){malloc (size), size, frame->start_wall_s};
    assert (held->payload);
    memcpy (held->payload, zmq_msg_data (part), size);
    return NULL;
}

//  The frames of a chunk, and how far they go.
static const char *
s_take_chunk (live_replay_t *self, pull_t *pull, const seq_range_t *covered, bool *more)
{
    zmq_msg_t part;
    if (covered->epoch != pull->asked.epoch || covered->first_seq != pull->asked.first_seq ||
        covered->last_seq > pull->asked.last_seq || covered->last_seq < covered->first_seq)
        return "the reply is not what was asked for";
    const char *reason = NULL;
    s_settle (self, pull);
    while (*more && !reason && s_next_part (self, &part)) {
        *more = zmq_msg_more (&part);
        reason = s_take_frame (self, pull, &part);
        zmq_msg_close (&part);
    }
    pull->epoch = covered->epoch;
    pull->seq = covered->last_seq;
    return reason;
}

//  Ask once more, some time later. An answerer that is too busy says so.
static void
s_postpone (live_replay_t *self, pull_t *pull, const message_t *error, int64_t now_mono_ns)
{
    if (error->code != ERROR_BUSY && pull->tries >= TRIES_MAX) {
        s_fail (self, pull, error->text);
        return;
    }
    self->open -= pull->open_id != 0;
    pull->open_id = 0;
    pull->due_mono_ns = now_mono_ns + BUSY_NS;
}

static void
s_take_answer (live_replay_t *self, pull_t *pull, const message_t *message, bool *more,
               int64_t now_mono_ns)
{
    zmq_msg_t part;
    const char *reason = "the reply is not what was asked for";
    bool ours = strcmp (message->node, pull->node) == 0;
    if (message->kind == MESSAGE_ERROR) {
        s_postpone (self, pull, message, now_mono_ns);
        return;
    }
    if (message->kind == MESSAGE_MANIFEST && ours && pull->wants == WANTS_MANIFEST && *more &&
        s_next_part (self, &part)) {
        *more = zmq_msg_more (&part);
        reason = s_take_page (self, pull, &part);
        zmq_msg_close (&part);
    } else if (message->kind == MESSAGE_REPLAY && ours && pull->wants == WANTS_FRAMES)
        reason = s_take_chunk (self, pull, &message->range, more);
    if (reason)
        s_fail (self, pull, reason);
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
        pull_t *pull = index < self->count ? &self->pulls[index] : NULL;
        if (pull && pull->open_id && pull->open_id == message.id) {
            self->heard_mono_ns = now_mono_ns;
            s_take_answer (self, pull, &message, &more, now_mono_ns);
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

static int64_t
s_head_wall_s (const pull_t *pull)
{
    return pull->taken < pull->count ? pull->frames[pull->taken].start_wall_s : NO_WALL_S;
}

//  Begin with the earliest second there is, once that is known. Returns 0 where it is not, -1 where
//  there is none.
static int
s_begin_second (live_replay_t *self)
{
    bool all_ended = true;
    self->second_wall_s = NO_WALL_S;
    self->place = 0;
    for (size_t i = 0; i < self->count; i++) {
        const pull_t *pull = &self->pulls[i];
        int64_t head_wall_s = s_head_wall_s (pull);
        if (head_wall_s == NO_WALL_S && pull->wants != ENDED)
            return 0;
        all_ended = all_ended && head_wall_s == NO_WALL_S;
        if (head_wall_s < self->second_wall_s)
            self->second_wall_s = head_wall_s;
    }
    return all_ended ? -1 : 1;
}

static void
s_hand_out (live_replay_t *self, pull_t *pull, frame_t *frame)
{
    const char *reason;
    held_t *held = &pull->frames[pull->taken++];
    int rc = frame_decode (frame, self->reader, held->payload, held->size, &reason);
    assert (rc == 0); //  It was decoded when it came
    free (held->payload);
    if (pull->taken == pull->count)
        pull->taken = pull->count = 0;
}

int
live_replay_next (live_replay_t *self, frame_t *frame)
{
    while (true) {
        for (; self->place < self->count && self->second_wall_s != NO_WALL_S; self->place++) {
            pull_t *pull = &self->pulls[self->place];
            if (s_head_wall_s (pull) > self->second_wall_s)
                continue;
            s_hand_out (self, pull, frame);
            return 1;
        }
        int rc = s_begin_second (self);
        if (rc != 1)
            return rc;
    }
}
