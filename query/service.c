//  SPDX-License-Identifier: GPL-2.0-or-later
//  service - see service.h. One thread, one loop: take what has come in, answer it at once if it
//  is short, then give one long statement a slice. Nothing here waits for an asker.
#include "query/service.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>
#include "query/job.h"
#include "query/recovery.h"
#include "query/show.h"
#include "transport/socket.h"

#define IDLE_POLL_MS   1000 //  A silent socket forgets closed connections only when it is looked at
#define BATCH_MESSAGES 64   //  Taken in before a long statement gets its slice
#define SHORT_CPU_NS   10000000LL //  What takes more of the thread's time is a long statement

struct service_t {
    zsock_t *socket; //  The thread's, once it runs
    void *handle;    //  The same, for libzmq
    answerer_t answerer;
    void (*announce) (void *context, const message_t *message);
    wire_reader_t *reader;
    job_t *jobs[SERVICE_MAX_LONG]; //  Long statements; NULL where free
    size_t job_count;
    size_t turn; //  Slot whose slice is next
    int stop_fd; //  Readable: end
    pthread_t thread;
    bool running; //  There is a thread
    atomic_uint_fast64_t asked, refused, recovered, malformed, unsent;
};

static int64_t
s_clock_ns (clockid_t clock)
{
    struct timespec now;
    clock_gettime (clock, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

//  Since when this thread answers a statement: by its own computing, and by the time that passes.
typedef struct {
    int64_t cpu_ns, mono_ns;
} begun_t;

static begun_t
s_begin (void)
{
    return (begun_t){s_clock_ns (CLOCK_THREAD_CPUTIME_ID), s_clock_ns (CLOCK_MONOTONIC)};
}

//  A thread computes no longer than time passes, which can be told without asking the kernel.
static bool
s_is_long (const begun_t *begun)
{
    return s_clock_ns (CLOCK_MONOTONIC) - begun->mono_ns >= SHORT_CPU_NS &&
           s_clock_ns (CLOCK_THREAD_CPUTIME_ID) - begun->cpu_ns >= SHORT_CPU_NS;
}

//  --- replies ---------------------------------------------------------------------------------

static void
s_refuse (service_t *self, const peer_t *peer, uint64_t id, const query_error_t *error)
{
    atomic_fetch_add (&self->refused, 1);
    if (reply_send_error (self->handle, peer, id, error) == -1)
        atomic_fetch_add (&self->unsent, 1);
}

//  Where the answer went is counted; what became of it otherwise is the asker's business.
static void
s_answer (service_t *self, const job_t *job)
{
    query_error_t error;
    if (reply_has_room (&job->peer, job->answer, &error) == -1) {
        s_refuse (self, &job->peer, job->id, &error);
        return;
    }
    atomic_fetch_add (&self->asked, 1);
    if (reply_send_answer (self->handle, &job->peer, job->id, job->answer) == -1)
        atomic_fetch_add (&self->unsent, 1);
}

//  Report how the job's step went. Returns whether the job has ended.
static bool
s_settle (service_t *self, const job_t *job, int rc, const query_error_t *error)
{
    if (rc == 0)
        s_answer (self, job);
    else if (rc == -1)
        s_refuse (self, &job->peer, job->id, error);
    return rc != 1;
}

//  --- long statements -------------------------------------------------------------------------

static size_t
s_jobs_of (const service_t *self, const peer_t *peer)
{
    size_t count = 0;
    for (size_t i = 0; i < SERVICE_MAX_LONG; i++)
        count += self->jobs[i] && peer_equals (&self->jobs[i]->peer, peer);
    return count;
}

//  Go on with the job later. Returns 0, or -1 and fills error where too many run already.
static int
s_keep (service_t *self, job_t *job, query_error_t *error)
{
    bool full = self->job_count == SERVICE_MAX_LONG;
    if (full || s_jobs_of (self, &job->peer) == SERVICE_MAX_LONG_EACH) {
        query_error_set (error, ERROR_BUSY, -1, "%s long statements are running; try again",
                         full ? "too many" : "too many of your");
        return -1;
    }
    size_t slot = 0;
    while (self->jobs[slot])
        slot++;
    self->jobs[slot] = job;
    self->job_count++;
    return 0;
}

//  Give the next long statement its slice.
static void
s_continue_one (service_t *self)
{
    if (self->job_count == 0)
        return;
    do
        self->turn = (self->turn + 1) % SERVICE_MAX_LONG;
    while (!self->jobs[self->turn]);
    job_t *job = self->jobs[self->turn];
    query_error_t error;
    int rc = job_step (job, &error);
    if (s_settle (self, job, rc, &error)) {
        job_destroy (&self->jobs[self->turn]);
        self->job_count--;
    }
}

//  --- requests --------------------------------------------------------------------------------

static void
s_ask (service_t *self, const peer_t *peer, const message_t *message)
{
    query_error_t error;
    job_t *job = job_new (&self->answerer, peer, message, &error);
    if (!job) {
        s_refuse (self, peer, message->id, &error);
        return;
    }
    const begun_t begun = s_begin ();
    int rc;
    do
        rc = job_step (job, &error);
    while (rc == 1 && !s_is_long (&begun));
    if (rc == 1 && s_keep (self, job, &error) == 0)
        return;
    s_settle (self, job, rc == 1 ? -1 : rc, &error);
    job_destroy (&job);
}

//  A peer that fills its gaps from this store, or audits it.
static void
s_recover (service_t *self, const peer_t *peer, const message_t *message)
{
    int rc = message->kind == MESSAGE_ASK_MANIFEST
                 ? recovery_send_manifest (self->handle, peer, self->answerer.store, message)
                 : recovery_send_replay (self->handle, peer, self->answerer.store, message);
    atomic_fetch_add (rc == -1 ? &self->unsent : &self->recovered, 1);
}

//  It has no id that could be told; 0 is nobody's.
static void
s_refuse_malformed (service_t *self, const peer_t *peer)
{
    query_error_t error;
    atomic_fetch_add (&self->malformed, 1);
    query_error_set (&error, ERROR_UNSUPPORTED, -1, "this is no request of kpulse's protocol %d",
                     MESSAGE_VERSION);
    query_error_hint (&error, "schema/PROTOCOL.md has a client of nine lines");
    if (reply_send_error (self->handle, peer, 0, &error) == -1)
        atomic_fetch_add (&self->unsent, 1);
}

static void
s_handle (service_t *self, const peer_t *peer, const void *data, size_t size)
{
    message_t *message = malloc (sizeof *message);
    assert (message);
    int rc = message_decode (message, self->reader, data, size);
    if (rc == -1)
        rc = message_decode_long_ask (message, self->reader, data, size);
    if (rc == 0 && message->kind == MESSAGE_ASK)
        s_ask (self, peer, message);
    else if (rc == 0 && message->kind == MESSAGE_ANNOUNCE && self->announce)
        self->announce (self->answerer.context, message);
    else if (rc == 0 &&
             (message->kind == MESSAGE_ASK_MANIFEST || message->kind == MESSAGE_ASK_REPLAY))
        s_recover (self, peer, message);
    else
        s_refuse_malformed (self, peer);
    free (message);
}

//  Take the parts that follow part, if any. Returns how many.
static size_t
s_drain (service_t *self, const zmq_msg_t *part)
{
    size_t count = 0;
    int more = zmq_msg_more (part);
    while (more) {
        zmq_msg_t rest;
        zmq_msg_init (&rest);
        bool taken = zmq_msg_recv (&rest, self->handle, ZMQ_DONTWAIT) != -1;
        more = taken ? zmq_msg_more (&rest) : errno == EINTR;
        zmq_msg_close (&rest);
        count += taken;
    }
    return count;
}

//  Take one message in: [peer][header]. Returns whether there was one.
static bool
s_receive (service_t *self)
{
    peer_t peer;
    int size = zmq_recv (self->handle, peer.id, sizeof peer.id, ZMQ_DONTWAIT);
    if (size == -1)
        return errno == EINTR;
    peer.size = (size_t) size;
    zmq_msg_t header;
    zmq_msg_init (&header);
    int rc;
    do
        rc = zmq_msg_recv (&header, self->handle, ZMQ_DONTWAIT);
    while (rc == -1 && errno == EINTR);
    if (rc == -1 || s_drain (self, &header) > 0)
        s_refuse_malformed (self, &peer);
    else
        s_handle (self, &peer, zmq_msg_data (&header), zmq_msg_size (&header));
    zmq_msg_close (&header);
    return true;
}

//  --- the thread ------------------------------------------------------------------------------

static void *
s_run (void *argument)
{
    service_t *self = argument;
    zmq_pollitem_t items[] = {{self->handle, 0, ZMQ_POLLIN, 0},
                              {NULL, self->stop_fd, ZMQ_POLLIN, 0}};
    while (true) {
        int rc = zmq_poll (items, 2, self->job_count > 0 ? 0 : IDLE_POLL_MS);
        if (rc == -1 && errno != EINTR)
            break;
        if (rc > 0 && (items[1].revents & ZMQ_POLLIN))
            break;
        for (int i = 0; i < BATCH_MESSAGES && s_receive (self); i++)
            ;
        s_continue_one (self);
    }
    return NULL;
}

//  Signals are the main thread's.
static void
s_start (service_t *self)
{
    sigset_t all, before;
    sigfillset (&all);
    pthread_sigmask (SIG_SETMASK, &all, &before);
    int rc = pthread_create (&self->thread, NULL, s_run, self);
    assert (rc == 0);
    self->running = true;
    pthread_sigmask (SIG_SETMASK, &before, NULL);
}

static void
s_stop (service_t *self)
{
    eventfd_t signalled;
    eventfd_write (self->stop_fd, 1);
    pthread_join (self->thread, NULL);
    eventfd_read (self->stop_fd, &signalled);
    self->running = false;
}

static void
s_drop_jobs (service_t *self)
{
    for (size_t i = 0; i < SERVICE_MAX_LONG; i++)
        if (self->jobs[i])
            job_destroy (&self->jobs[i]);
    self->job_count = 0;
}

static void
s_refuse_jobs (service_t *self)
{
    query_error_t error;
    query_error_set (&error, ERROR_BUSY, -1, "the store is being replaced; try again");
    for (size_t i = 0; i < SERVICE_MAX_LONG; i++)
        if (self->jobs[i])
            s_refuse (self, &self->jobs[i]->peer, self->jobs[i]->id, &error);
    s_drop_jobs (self);
}

void
service_pause (service_t *self)
{
    if (!self->running)
        return;
    s_stop (self);
    s_refuse_jobs (self);
}

void
service_resume (service_t *self, store_t *store)
{
    assert (!self->running);
    self->answerer.store = store;
    s_start (self);
}

//  Under the name that the table's other rows have: the worker's, or "" for a broker's own.
static void
s_add_stats (void *service, table_t *table)
{
    service_stats_t stats;
    service_stats (service, &stats);
    const cell_t *cell = table_rows (table) > 0 ? table_cell (table, 0, 0) : NULL;
    char node[NODE_NAME_MAX + 1];
    snprintf (node, sizeof node, "%s", cell && cell->kind == CELL_TEXT ? cell->value.text : "");
    show_stats_add (table, node, "answered", stats.asked, "Statements answered");
    show_stats_add (table, node, "answered_error", stats.refused,
                    "Statements answered with an error");
    show_stats_add (table, node, "recovered", stats.recovered,
                    "Manifests and replays sent to those who fill their gaps");
    show_stats_add (table, node, "malformed", stats.malformed, "Messages that were no request");
    show_stats_add (table, node, "unsent", stats.unsent,
                    "Answers dropped: the asker was gone or did not read");
}

service_t *
service_new (const char *endpoint, bool insecure, const answerer_t *answerer,
             void (*announce) (void *context, const message_t *message), char error[512])
{
    zsock_t *socket = socket_new (ZMQ_ROUTER);
    zsock_set_router_mandatory (socket, 1);
    zsock_set_maxmsgsize (socket, SERVICE_MAX_MESSAGE_BYTES);
    zsock_set_rcvhwm (socket, SERVICE_QUEUE_MESSAGES);
    zsock_set_tcp_maxrt (socket, SERVICE_UNREAD_MS);
    if (socket_bind (socket, endpoint, insecure, error) == -1) {
        zsock_destroy (&socket);
        return NULL;
    }
    service_t *self = calloc (1, sizeof *self);
    assert (self);
    self->socket = socket;
    self->handle = zsock_resolve (socket);
    self->answerer = *answerer;
    self->answerer.add_stats = s_add_stats;
    self->answerer.service = self;
    self->announce = announce;
    self->reader = wire_reader_new ();
    self->stop_fd = eventfd (0, EFD_CLOEXEC);
    assert (self->stop_fd != -1);
    s_start (self);
    return self;
}

void
service_destroy (service_t **self_p)
{
    service_t *self = *self_p;
    if (!self)
        return;
    if (self->running)
        s_stop (self);
    s_drop_jobs (self);
    zsock_destroy (&self->socket);
    wire_reader_destroy (&self->reader);
    close (self->stop_fd);
    free (self);
    *self_p = NULL;
}

void
service_stats (service_t *self, service_stats_t *stats)
{
    stats->asked = atomic_load (&self->asked);
    stats->refused = atomic_load (&self->refused);
    stats->recovered = atomic_load (&self->recovered);
    stats->malformed = atomic_load (&self->malformed);
    stats->unsent = atomic_load (&self->unsent);
}
