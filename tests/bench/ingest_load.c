//  SPDX-License-Identifier: GPL-2.0-or-later
//  ingest_load - forwarders for bench-ingest: publishes the frames of many busy nodes over a few
//  connections, and afterwards asks the broker whether it has them all, byte for byte.
//
//  Says what happened on standard output, a JSON object a line: "sent", and after a line on
//  standard input "verified". It waits where a subscriber does not read instead of dropping, so
//  that its rate is the subscriber's.
#include <czmq.h>
#include "program/settings.h"
#include "schema/manifest.h"
#include "schema/message.h"
#include "tests/bench/busy.h"
#include "tests/bench/clock.h"
#include "tests/bench/zmtp.h"
#include "transport/socket.h"

#define EPOCH_RANDOM  77
#define SUBSCRIBED_MS 30000
#define OPEN_REQUESTS 256

static const setting_t s_settings[] = {
    {"nodes", 0, "N", "100", "How many nodes"},
    {"connections", 0, "N", "200", "Over how many connections, one or more nodes each"},
    {"port", 0, "PORT", "24000", "The first connection's port; the others follow"},
    {"run", 0, "FRAMES", "1", "How many frames a connection sends in a row"},
    {"rate", 0, "FRAMES", "100000", "Frames a second, all nodes together"},
    {"seconds", 0, "SECONDS", "60", "How long at that rate"},
    {"seed", 0, "SEED", "1", "Of the data"},
    {"broker", 0, "ENDPOINT", NULL, "Where to ask for what was stored"},
    {NULL, 0, NULL, NULL, NULL}};

static const program_t s_program = {.name = "ingest_load",
                                    .purpose = "Publish frames of busy nodes, and verify them.",
                                    .settings = s_settings,
                                    .manual = ""};

typedef struct {
    busy_node_t busy;
    uint64_t digest; //  As in schema/manifest.h, of all its frames
    char topic[NODE_NAME_MAX + 2];
    size_t topic_size;
} source_t;

typedef struct {
    zmtp_t *socket;
    size_t nodes;         //  Every connections-th one is its
    uint64_t sent, total; //  Frames
} forwarder_t;

typedef struct {
    size_t nodes, connections, run, rate, seconds, port;
    const char *broker;
    uint64_t seed;
    int64_t first_wall_s;
    busy_t *busy;
    source_t *sources;
    forwarder_t *forwarders;
    int64_t begun_mono_ns;
    uint64_t sent, total;
} load_t;

static _Noreturn void
s_fail (const char *what)
{
    fprintf (stderr, "ingest_load: %s\n", what);
    exit (EXIT_FAILURE);
}

//  --- Setting up ------------------------------------------------------------------------------

static void
s_read_options (load_t *self, const settings_t *settings)
{
    self->nodes = (size_t) settings_number (settings, "nodes", 1, 10000000);
    self->connections = (size_t) settings_number (settings, "connections", 1, 1000);
    if (self->connections > self->nodes)
        self->connections = self->nodes;
    self->run = (size_t) settings_number (settings, "run", 1, 100000);
    self->rate = (size_t) settings_number (settings, "rate", 1, 100000000);
    self->seconds = (size_t) settings_number (settings, "seconds", 1, 86400);
    self->port = (size_t) settings_number (settings, "port", 1, 65535);
    self->broker = settings_text (settings, "broker");
    self->seed = (uint64_t) settings_number (settings, "seed", 0, INT64_MAX);
    self->total = self->rate * self->seconds / self->nodes * self->nodes;
}

//  The frames of a node cover seconds up to about the end of the run: where there are more frames
//  than seconds in it, forwarders deliver what queued up before.
static void
s_make_sources (load_t *self)
{
    int64_t now_s = clock_read_ns (CLOCK_REALTIME) / 1000000000;
    int64_t frames_each = (int64_t) (self->total / self->nodes);
    self->first_wall_s = now_s + (int64_t) self->seconds - frames_each;
    if (self->first_wall_s > now_s)
        self->first_wall_s = now_s;
    self->busy = busy_new (self->seed, (uint64_t) self->first_wall_s * 1000 << 16 | EPOCH_RANDOM);
    self->sources = calloc (self->nodes, sizeof *self->sources);
    assert (self->sources);
    for (size_t i = 0; i < self->nodes; i++) {
        source_t *source = &self->sources[i];
        snprintf (source->busy.name, sizeof source->busy.name, "n%06zu", i + 1);
        source->topic_size = frame_topic (source->busy.name, source->topic);
    }
}

static void
s_make_forwarders (load_t *self)
{
    self->forwarders = calloc (self->connections, sizeof *self->forwarders);
    assert (self->forwarders);
    for (size_t i = 0; i < self->connections; i++) {
        forwarder_t *forwarder = &self->forwarders[i];
        forwarder->socket = zmtp_new ((uint16_t) (self->port + i));
        forwarder->nodes = (self->nodes - i + self->connections - 1) / self->connections;
        forwarder->total = self->total / self->nodes * forwarder->nodes;
    }
}

static void
s_wait_for_subscribers (load_t *self)
{
    for (size_t i = 0; i < self->connections; i++)
        zmtp_accept (self->forwarders[i].socket, SUBSCRIBED_MS);
}

//  --- Sending ---------------------------------------------------------------------------------

static void
s_put (load_t *self, zmtp_t *socket, source_t *source)
{
    uint8_t data[BUSY_MAX_BYTES];
    int64_t start_wall_s = self->first_wall_s + (int64_t) source->busy.seq;
    size_t size = busy_next (self->busy, &source->busy, start_wall_s, data);
    source->digest += manifest_digest (data, size);
    zmtp_put (socket, source->topic, source->topic_size, data, size);
    self->sent++;
}

static void
s_say_progress (const load_t *self, int64_t passed_ns)
{
    double passed_s = (double) passed_ns / 1e9, rate = (double) self->sent / passed_s;
    fprintf (stderr, "ingest_load: %5.1f %% of %" PRIu64 " frames, %.0f/s, %.0f s left\n",
             100.0 * (double) self->sent / (double) self->total, self->total, rate,
             (double) (self->total - self->sent) / rate);
}

static void
s_keep_pace (load_t *self)
{
    static int64_t said_ns;
    int64_t passed_ns = clock_read_ns (CLOCK_MONOTONIC) - self->begun_mono_ns;
    int64_t due_ns = (int64_t) ((double) self->sent * 1e9 / (double) self->rate);
    if (due_ns - passed_ns > 100000)
        nanosleep (&(struct timespec){.tv_nsec = (due_ns - passed_ns) % 1000000000}, NULL);
    if (passed_ns - said_ns > 5000000000LL) {
        s_say_progress (self, passed_ns);
        said_ns = passed_ns;
    }
}

static void
s_send_run (load_t *self, size_t which)
{
    forwarder_t *forwarder = &self->forwarders[which];
    for (size_t i = 0; i < self->run && forwarder->sent < forwarder->total; i++) {
        size_t node = which + forwarder->sent++ % forwarder->nodes * self->connections;
        s_put (self, forwarder->socket, &self->sources[node]);
    }
    zmtp_send (forwarder->socket);
}

static void
s_send_all (load_t *self)
{
    self->begun_mono_ns = clock_read_ns (CLOCK_MONOTONIC);
    while (self->sent < self->total)
        for (size_t i = 0; i < self->connections; i++) {
            s_send_run (self, i);
            s_keep_pace (self);
        }
}

//  What is queued goes out before the sockets are gone.
static void
s_close_all (load_t *self)
{
    for (size_t i = 0; i < self->connections; i++)
        zmtp_destroy (&self->forwarders[i].socket);
    free (self->forwarders);
}

static void
s_say_sent (const load_t *self)
{
    int64_t passed_ns = clock_read_ns (CLOCK_MONOTONIC) - self->begun_mono_ns;
    printf ("{\"sent\": %" PRIu64 ", \"seconds\": %.3f, \"cpu_seconds\": %.3f}\n", self->sent,
            (double) passed_ns / 1e9, (double) clock_read_ns (CLOCK_PROCESS_CPUTIME_ID) / 1e9);
    fflush (stdout);
}

//  --- Verifying -------------------------------------------------------------------------------

typedef struct {
    zsock_t *dealer;
    wire_reader_t *reader;
    uint64_t frames; //  That the broker has
    size_t wrong;    //  Nodes whose frames are not the ones sent
} verify_t;

static void
s_ask (const verify_t *verify, const load_t *load, size_t i)
{
    static message_t message;
    uint8_t data[512];
    message.kind = MESSAGE_ASK_MANIFEST;
    message.id = i + 1;
    memcpy (message.node, load->sources[i].busy.name, sizeof message.node);
    size_t size = message_encode (&message, data, sizeof data);
    if (zmq_send (zsock_resolve (verify->dealer), data, size, 0) == -1)
        s_fail ("the broker takes no questions");
}

static void
s_compare (verify_t *verify, const source_t *source, const manifest_t *manifest)
{
    uint64_t digest = 0, frames = 0;
    for (size_t i = 0; i < manifest->count; i++) {
        const seq_range_t *range = &manifest->runs[i].range;
        frames += range->last_seq - range->first_seq + 1;
        digest += manifest->runs[i].digest;
    }
    verify->frames += frames;
    verify->wrong += manifest->more || frames != source->busy.seq || digest != source->digest;
}

static void
s_take_answer (verify_t *verify, const load_t *load)
{
    static message_t message;
    const char *reason = "the broker does not answer";
    manifest_t manifest;
    zmq_msg_t part;
    void *socket = zsock_resolve (verify->dealer);
    zmq_msg_init (&part);
    if (zmq_msg_recv (&part, socket, 0) == -1 ||
        message_decode (&message, verify->reader, zmq_msg_data (&part), zmq_msg_size (&part)) ||
        message.kind != MESSAGE_MANIFEST || message.id - 1 >= load->nodes ||
        zmq_msg_recv (&part, socket, 0) == -1 ||
        manifest_decode (&manifest, verify->reader, zmq_msg_data (&part), zmq_msg_size (&part),
                         &reason))
        s_fail (reason);
    s_compare (verify, &load->sources[message.id - 1], &manifest);
    manifest_clear (&manifest);
    zmq_msg_close (&part);
}

static void
s_verify (const load_t *self)
{
    char error[512];
    verify_t verify = {.dealer = socket_new (ZMQ_DEALER), .reader = wire_reader_new ()};
    zsock_set_rcvtimeo (verify.dealer, SUBSCRIBED_MS);
    if (socket_connect (verify.dealer, self->broker, error) == -1)
        s_fail (error);
    for (size_t asked = 0, answered = 0; answered < self->nodes; answered++) {
        while (asked < self->nodes && asked - answered < OPEN_REQUESTS)
            s_ask (&verify, self, asked++);
        s_take_answer (&verify, self);
    }
    printf ("{\"stored\": %" PRIu64 ", \"nodes_wrong\": %zu}\n", verify.frames, verify.wrong);
    wire_reader_destroy (&verify.reader);
    zsock_destroy (&verify.dealer);
}

int
main (int argc, char **argv)
{
    load_t load = {0};
    settings_t *settings = settings_new (&s_program, argc, argv);
    zsys_set_max_sockets (0);
    s_read_options (&load, settings);
    s_make_sources (&load);
    s_make_forwarders (&load);
    s_wait_for_subscribers (&load);
    s_send_all (&load);
    s_close_all (&load);
    s_say_sent (&load);
    if (load.broker && getchar () != EOF)
        s_verify (&load);
    free (load.sources);
    busy_destroy (&load.busy);
    settings_destroy (&settings);
    return EXIT_SUCCESS;
}
