//  SPDX-License-Identifier: GPL-2.0-or-later
//  frames - prints, converts and replays recorded frames: the files that bin/probe writes with -d.

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "program/exit_code.h"
#include "program/settings.h"
#include "program/stop.h"
#include "schema/frame_file.h"
#include "schema/frame_json.h"
#include "schema/histogram_text.h"
#include "transport/socket.h"

static const setting_t s_settings[] = {
    {"bars", 'b', NULL, NULL, "With print: draw each histogram"},
    {"fast", 'f', NULL, NULL, "With replay: do not wait between frames"},
    {"insecure", 0, NULL, NULL, "With replay: allow an endpoint that other machines reach"},
    {0},
};

static const char s_manual[] =
    "print shows what each frame holds, json prints each as a line of JSON, convert appends the "
    "frames of one file to another (a name that ends in .json means JSON lines, any other "
    "msgpack), and replay publishes them at ENDPOINT as they were recorded, a frame a second of "
    "theirs, from when somebody subscribes.\n\n"
    "Examples:\n"
    "  frames print db/metrics.json\n"
    "  frames convert db/metrics.json metrics.msgpack\n"
    "  frames replay metrics.msgpack tcp://127.0.0.1:7150\n\n"
    "To feed a recording through a worker of its own name and time: "
    "publisher --source replay:FILE.\n\n"
    "Exit codes: 0 done, 1 a file is damaged or cannot be used (what stands before the damage "
    "was used), 2 usage, 3 the endpoint cannot be bound.";

static const program_t s_program = {
    .name = "frames",
    .purpose = "Print, convert and replay recorded frames.",
    .operands = "print FILE...|json FILE...|convert FROM TO|replay FILE ENDPOINT",
    .manual = s_manual,
    .settings = s_settings,
};

static int
s_fail (int exit_code, const char *text)
{
    fprintf (stderr, "%s: %s\n", program_invocation_short_name, text);
    return exit_code;
}

//  Called for each frame; returns EXIT_DONE to go on, an exit code or STOPPED to end.
#define STOPPED (-1)
typedef int (frame_fn) (void *context, const frame_t *frame);

//  Give every frame of a file to visit. Returns an exit code, or STOPPED.
static int
s_visit (const char *path, frame_fn *visit, void *context)
{
    static frame_t frame;
    char error[FRAME_FILE_ERROR_MAX + 1];
    int rc, exit_code = EXIT_DONE;
    frame_file_t *file = frame_file_open (path, FRAME_FILE_READ, error);
    if (!file)
        return s_fail (EXIT_FAILED, error);
    while ((rc = frame_file_next (file, &frame, error)) == 1 && exit_code == EXIT_DONE)
        exit_code = visit (context, &frame);
    frame_file_close (&file);
    return rc < 0 ? s_fail (EXIT_FAILED, error) : exit_code;
}

//  --- print
//  ----------------------------------------------------------------------------------------

static void
s_print_head (const frame_t *frame)
{
    static const char *const sources[] = {"bpf", "replay", "synthetic"};
    char start[32];
    time_t start_wall_s = (time_t) frame->start_wall_s;
    struct tm calendar;
    strftime (start, sizeof start, "%F %T", gmtime_r (&start_wall_s, &calendar));
    printf ("%s UTC  %s  seq %" PRIu64 "  %" PRIu32 " s  %s", start, frame->node, frame->seq,
            frame->span_s, sources[frame->source]);
    if (frame->scope.kind == SCOPE_PID)
        printf ("  pid %" PRIu32, frame->scope.pid);
    if (frame->scope.kind == SCOPE_CGROUP)
        printf ("  cgroup %s", frame->scope.cgroup);
    putchar ('\n');
}

static void
s_print_us (const char *name, double ns)
{
    printf ("  %s %.1f", name, ns / 1000);
}

static void
s_print_durations (const frame_metric_t *metric)
{
    double value_ns;
    if (histogram_mean (&metric->histogram, &value_ns) == 0)
        s_print_us ("avg", value_ns);
    if (histogram_quantile (&metric->histogram, 0.5, &value_ns) == 0)
        s_print_us ("p50", value_ns);
    if (histogram_quantile (&metric->histogram, 0.99, &value_ns) == 0)
        s_print_us ("p99", value_ns);
    s_print_us ("time", (double) metric->accrued_ns);
    fputs (" us", stdout);
}

//  context: whether to draw bars.
static int
s_print (void *context, const frame_t *frame)
{
    s_print_head (frame);
    for (int id = 0; id < METRIC_COUNT_; id++) {
        const frame_metric_t *metric = &frame->metrics[id];
        if (!metric->measured)
            continue;
        printf ("  %-10s %9" PRIu64, metric_get (id)->name, metric->histogram.count);
        if (metric_get (id)->kind == METRIC_HISTOGRAM)
            s_print_durations (metric);
        putchar ('\n');
        if (*(const bool *) context)
            histogram_text_fine (stdout, &metric->histogram, &TEXT_USECS);
    }
    return EXIT_DONE;
}

//  --- json, convert
//  --------------------------------------------------------------------------------

static int
s_print_json (void *context, const frame_t *frame)
{
    (void) context;
    char *text = frame_json_encode (frame);
    puts (text);
    free (text);
    return EXIT_DONE;
}

static int
s_append (void *context, const frame_t *frame)
{
    char error[FRAME_FILE_ERROR_MAX + 1];
    return frame_file_append (context, frame, error) ? s_fail (EXIT_FAILED, error) : EXIT_DONE;
}

//  True for two names of one file, which would grow for ever.
static bool
s_is_same_file (const char *from, const char *to)
{
    struct stat one, other;
    return stat (from, &one) == 0 && stat (to, &other) == 0 && one.st_dev == other.st_dev &&
           one.st_ino == other.st_ino;
}

static int
s_convert (const char *from, const char *to)
{
    char error[FRAME_FILE_ERROR_MAX + 1];
    if (s_is_same_file (from, to))
        return s_fail (EXIT_FAILED, "FROM and TO are the same file");
    frame_file_t *file = frame_file_open (to, FRAME_FILE_APPEND, error);
    if (!file)
        return s_fail (EXIT_FAILED, error);
    int exit_code = s_visit (from, s_append, file);
    frame_file_close (&file);
    return exit_code;
}

//  --- replay
//  ---------------------------------------------------------------------------------------

typedef struct {
    zsock_t *socket; //  XPUB, to hear of the first subscriber
    int stop_fd;
    bool fast;
    int64_t last_wall_s; //  Start of the frame before; 0: none
    uint64_t sent;
} replay_t;

//  Wait, but not longer than it takes to be stopped. Returns false once stopped.
static bool
s_wait (const replay_t *self, int64_t seconds)
{
    struct pollfd stop = {.fd = self->stop_fd, .events = POLLIN};
    for (int64_t second = 0; second < seconds && !stop_requested (); second++)
        poll (&stop, 1, 1000);
    return !stop_requested ();
}

static int
s_publish (void *context, const frame_t *frame)
{
    replay_t *self = context;
    uint8_t payload[FRAME_MAX_BYTES];
    char topic[NODE_NAME_MAX + 2];
    int64_t seconds = self->last_wall_s ? frame->start_wall_s - self->last_wall_s : 0;
    if (stop_requested () || (!self->fast && !s_wait (self, seconds)))
        return STOPPED;
    size_t topic_size = frame_topic (frame->node, topic);
    size_t size = frame_encode (frame, payload, sizeof payload);
    zsock_send (self->socket, "bb", topic, topic_size, payload, size);
    self->last_wall_s = frame->start_wall_s;
    self->sent++;
    return EXIT_DONE;
}

//  Wait for a subscription. Returns false once stopped.
static bool
s_await_subscriber (const replay_t *self)
{
    zpoller_t *poller = zpoller_new (self->socket, &self->stop_fd, NULL);
    void *ready = zpoller_wait (poller, -1);
    zpoller_destroy (&poller);
    return ready == self->socket;
}

static int
s_replay (const settings_t *settings, const char *path, const char *endpoint)
{
    char error[512];
    replay_t self = {.stop_fd = stop_init (), .fast = settings_is_set (settings, "fast")};
    self.socket = socket_new (ZMQ_XPUB);
    int exit_code = EXIT_DONE;
    if (socket_bind (self.socket, endpoint, settings_is_set (settings, "insecure"), error))
        exit_code = s_fail (EXIT_CANNOT_CONNECT, error);
    else {
        fprintf (stderr, "%s: waiting for a subscriber at %s\n", program_invocation_short_name,
                 endpoint);
        if (s_await_subscriber (&self))
            exit_code = s_visit (path, s_publish, &self);
        if (exit_code == STOPPED)
            exit_code = EXIT_DONE;
        fprintf (stderr, "%s: %" PRIu64 " sent\n", program_invocation_short_name, self.sent);
    }
    zsock_set_linger (self.socket, 1000);
    zsock_destroy (&self.socket);
    return exit_code;
}

//  --- main
//  -----------------------------------------------------------------------------------------

//  print and json take any number of files.
static int
s_visit_all (const settings_t *settings, frame_fn *visit, void *context)
{
    int exit_code = EXIT_DONE;
    for (size_t i = 1; i < settings_operand_count (settings) && exit_code == EXIT_DONE; i++)
        exit_code = s_visit (settings_operand (settings, i), visit, context);
    return exit_code;
}

static int
s_run (const settings_t *settings)
{
    size_t operands = settings_operand_count (settings);
    const char *verb = operands < 2 ? "" : settings_operand (settings, 0);
    bool bars = settings_is_set (settings, "bars");
    if (strcmp (verb, "print") == 0)
        return s_visit_all (settings, s_print, &bars);
    if (strcmp (verb, "json") == 0)
        return s_visit_all (settings, s_print_json, NULL);
    if (strcmp (verb, "convert") == 0 && operands == 3)
        return s_convert (settings_operand (settings, 1), settings_operand (settings, 2));
    if (strcmp (verb, "replay") == 0 && operands == 3)
        return s_replay (settings, settings_operand (settings, 1), settings_operand (settings, 2));
    settings_usage (settings, "expected print FILE..., json FILE..., convert FROM TO or "
                              "replay FILE ENDPOINT");
}

int
main (int argc, char **argv)
{
    settings_t *settings = settings_new (&s_program, argc, argv);
    int exit_code = s_run (settings);
    settings_destroy (&settings);
    if (fflush (stdout) != 0)
        return s_fail (EXIT_FAILED, strerror (errno));
    return exit_code;
}
