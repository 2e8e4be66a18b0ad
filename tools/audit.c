//  SPDX-License-Identifier: GPL-2.0-or-later
//  audit - proves that a broker holds every frame of a worker's spool, byte for byte; and that a
//  store's rollups are what lies under them.
//
//  Runs of frames whose digests agree are equal; the others are read from both sides and compared
//  frame by frame. What only the broker holds is no difference: the worker's retention, or the
//  loss of its spool.

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "program/exit_code.h"
#include "program/settings.h"
#include "program/stop.h"
#include "tools/audit/rollups.h"
#include "tools/audit/side.h"

#define WAIT_STEP_NS 200000000
#define WAIT_MAX_S   3600

static const setting_t s_settings[] = {
    {"node", 'n', "NAME", NULL, "Compare this node only, not all that the spool knows"},
    {"wait", 'w', "SECONDS", "0",
     "Give a running broker so long to come by the frames that the spool holds now"},
    {"rollups", 0, NULL, NULL,
     "Compare nothing; recompute every rollup in one folder from what lies under it"},
    {0},
};

static const char s_manual[] =
    "SPOOL is the worker's side and BROKER the broker's: each the --store folder of a program that "
    "does not run, or the endpoint where a running one answers.\n\n"
    "Every frame that the spool holds must be in the broker with the same bytes, unless the "
    "broker's own retention took it. Frames that only the broker holds, and those it has on record "
    "as lost, are listed and are no difference.\n\n"
    "With --rollups there is one FOLDER: every rollup in it, by the minute, hour and day, is "
    "computed once more from what lies under it, and compared.\n\n"
    "Examples:\n"
    "  audit var/n1 var/broker\n"
    "  audit --rollups var/broker\n"
    "  audit --wait 10 --node n1 tcp://127.0.0.1:7201 tcp://127.0.0.1:7002\n\n"
    "Exit codes: 0 equal, 1 different: the first difference is named, 2 usage, 3 a side cannot be "
    "opened, reached or read.";

static const program_t s_program = {
    .name = "audit",
    .purpose = "Compare a worker's spool with the broker's store, or a store's rollups with its "
               "frames.",
    .operands = "SPOOL BROKER | --rollups FOLDER",
    .manual = s_manual,
    .settings = s_settings,
};

typedef struct {
    side_t *spool, *broker;
    wire_reader_t *reader;
    int64_t wait_s;
    uint64_t frames;      //  Of the spool, found in the broker with the same bytes
    uint64_t differences; //  Of the spool, not found so
} audit_t;

//  One node while it is compared.
typedef struct {
    audit_t *audit;
    const char *node;
    manifest_t spool, broker;
    uint64_t frames, differences;
} subject_t;

static int
s_say_failed (const char *text)
{
    fprintf (stderr, "%s: %s\n", program_invocation_short_name, text);
    return -1;
}

static uint64_t
s_length (const seq_range_t *range)
{
    return range->last_seq - range->first_seq + 1;
}

static void
s_print_range (const seq_range_t *range)
{
    printf ("epoch %" PRIu64 " seq %" PRIu64 " to %" PRIu64 " (%" PRIu64 " frames)", range->epoch,
            range->first_seq, range->last_seq, s_length (range));
}

//  --- frame by frame --------------------------------------------------------------------------

//  One side's frames of a range, the current one in hand.
typedef struct {
    side_t *side;
    const void *data; //  NULL at the end
    size_t size;
    uint64_t seq;
} stream_t;

//  Count a difference, and name the first of all.
static void
s_differ (subject_t *self, uint64_t epoch, uint64_t seq, const char *what)
{
    if (self->audit->differences++ == 0)
        printf ("different: node %s epoch %" PRIu64 " seq %" PRIu64 ": %s\n", self->node, epoch,
                seq, what);
    self->differences++;
}

static int
s_say_malformed (const subject_t *self, const stream_t *stream, const char *reason)
{
    fprintf (stderr, "%s: %s holds what is no frame of node %s: %s\n",
             program_invocation_short_name, side_place (stream->side), self->node, reason);
    return -1;
}

//  Take the next frame. Returns 0, or -1 where the side cannot be read or holds what it must not.
static int
s_advance (subject_t *self, stream_t *stream, uint64_t epoch)
{
    static frame_t frame;
    const char *reason;
    uint64_t before = stream->data ? stream->seq : 0;
    stream->data = NULL;
    int rc = side_next (stream->side, &stream->data, &stream->size);
    if (rc == -1)
        return s_say_failed (side_error (stream->side));
    if (rc == 0)
        return 0;
    if (frame_decode (&frame, self->audit->reader, stream->data, stream->size, &reason) == -1)
        return s_say_malformed (self, stream, reason);
    if (strcmp (frame.node, self->node) != 0 || frame.epoch != epoch || frame.seq <= before)
        return s_say_malformed (self, stream, "it has another one's name, or came twice");
    stream->seq = frame.seq;
    return 0;
}

//  Compare the frames in hand. Returns which of the streams to advance, as bits.
#define ADVANCE_SPOOL  1
#define ADVANCE_BROKER 2

static int
s_compare_frames (subject_t *self, uint64_t epoch, const stream_t *spool, const stream_t *broker)
{
    if (!spool->data || (broker->data && broker->seq < spool->seq))
        return ADVANCE_BROKER;
    if (!broker->data || spool->seq < broker->seq) {
        s_differ (self, epoch, spool->seq, "the broker does not hold it");
        return ADVANCE_SPOOL;
    }
    if (spool->size != broker->size || memcmp (spool->data, broker->data, spool->size) != 0)
        s_differ (self, epoch, spool->seq, "the broker holds it with other bytes");
    else
        self->frames++;
    return ADVANCE_SPOOL | ADVANCE_BROKER;
}

static int
s_compare_range (subject_t *self, const seq_range_t *range)
{
    stream_t spool = {.side = self->audit->spool}, broker = {.side = self->audit->broker};
    if (side_seek (spool.side, self->node, range) == -1)
        return s_say_failed (side_error (spool.side));
    if (side_seek (broker.side, self->node, range) == -1)
        return s_say_failed (side_error (broker.side));
    int advance = ADVANCE_SPOOL | ADVANCE_BROKER;
    do {
        if ((advance & ADVANCE_SPOOL && s_advance (self, &spool, range->epoch) == -1) ||
            (advance & ADVANCE_BROKER && s_advance (self, &broker, range->epoch) == -1))
            return -1;
        if (!spool.data)
            return 0;
        advance = s_compare_frames (self, range->epoch, &spool, &broker);
    } while (true);
}

//  --- run by run ------------------------------------------------------------------------------

//  The broker's run that holds a frame, or NULL.
static const manifest_run_t *
s_find (const manifest_t *manifest, uint64_t epoch, uint64_t seq)
{
    size_t low = 0, high = manifest->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const seq_range_t *range = &manifest->runs[middle].range;
        if (range->epoch < epoch || (range->epoch == epoch && range->last_seq < seq))
            low = middle + 1;
        else
            high = middle;
    }
    const manifest_run_t *run = &manifest->runs[low];
    bool holds = low < manifest->count && run->range.epoch == epoch && run->range.first_seq <= seq;
    return holds ? run : NULL;
}

//  What the spool holds of a run and the broker's retention has not taken. False: nothing.
static bool
s_clip (const subject_t *self, const manifest_run_t *run, seq_range_t *range)
{
    *range = run->range;
    if (manifest_has_expired (&self->broker, range->epoch, range->last_seq))
        return false;
    if (manifest_has_expired (&self->broker, range->epoch, range->first_seq))
        range->first_seq = self->broker.expired_seq + 1;
    return true;
}

static bool
s_is_equal (const manifest_run_t *ours, const manifest_run_t *theirs)
{
    return theirs && theirs->range.first_seq == ours->range.first_seq &&
           theirs->range.last_seq == ours->range.last_seq && theirs->digest == ours->digest;
}

static int
s_compare_run (subject_t *self, const manifest_run_t *run)
{
    seq_range_t range;
    if (!s_clip (self, run, &range))
        return 0;
    if (!s_is_equal (run, s_find (&self->broker, range.epoch, range.first_seq)))
        return s_compare_range (self, &range);
    self->frames += s_length (&range);
    return 0;
}

//  Whether the broker says that it holds all that the spool does.
static bool
s_is_covered (const subject_t *self)
{
    for (size_t i = 0; i < self->spool.count; i++) {
        seq_range_t range;
        if (!s_clip (self, &self->spool.runs[i], &range))
            continue;
        const manifest_run_t *run = s_find (&self->broker, range.epoch, range.first_seq);
        if (!run || run->range.last_seq < range.last_seq)
            return false;
    }
    return true;
}

//  Take the spool's manifest, then the broker's, again until it covers the spool's or time is up.
static int
s_take_manifests (subject_t *self)
{
    audit_t *audit = self->audit;
    if (side_manifest (audit->spool, self->node, &self->spool) == -1)
        return s_say_failed (side_error (audit->spool));
    time_t until_wall_s = time (NULL) + audit->wait_s;
    do {
        manifest_clear (&self->broker);
        if (side_manifest (audit->broker, self->node, &self->broker) == -1)
            return s_say_failed (side_error (audit->broker));
        if (s_is_covered (self) || stop_requested ())
            return 0;
        nanosleep (&(struct timespec){.tv_nsec = WAIT_STEP_NS}, NULL);
    } while (time (NULL) < until_wall_s);
    return 0;
}

//  --- what else there is to say ---------------------------------------------------------------

static void
s_list_surplus (const seq_range_t *range)
{
    fputs ("  only the broker holds ", stdout);
    s_print_range (range);
    putchar ('\n');
}

//  List what a run of the broker holds outside the spool's runs.
static void
s_list_surplus_of_run (const subject_t *self, const manifest_run_t *run)
{
    seq_range_t left = run->range;
    for (size_t i = 0; i < self->spool.count; i++) {
        const seq_range_t *held = &self->spool.runs[i].range;
        if (held->epoch != left.epoch || held->last_seq < left.first_seq ||
            held->first_seq > left.last_seq)
            continue;
        if (held->first_seq > left.first_seq)
            s_list_surplus (&(seq_range_t){left.epoch, left.first_seq, held->first_seq - 1});
        left.first_seq = held->last_seq + 1;
    }
    if (left.first_seq <= left.last_seq)
        s_list_surplus (&left);
}

static int
s_list_losses (const subject_t *self)
{
    loss_t *losses;
    size_t count;
    if (side_losses (self->audit->broker, self->node, &losses, &count) == -1)
        return s_say_failed (side_error (self->audit->broker));
    for (size_t i = 0; i < count; i++) {
        fputs ("  on record as lost: ", stdout);
        s_print_range (&losses[i].range);
        puts (losses[i].cause == LOSS_EXPIRED ? ": expired at the worker first"
                                              : ": the worker does not have them");
    }
    free (losses);
    return 0;
}

//  --- all of it -------------------------------------------------------------------------------

static bool
s_is_known (const manifest_t *manifest)
{
    return manifest->count > 0 || manifest->expired_seq > 0;
}

//  A node that the spool does not know, which only one that was named can be. The broker's alone is
//  no difference, for a spool may be lost; that nothing is compared must be seen.
static int
s_check_known (const subject_t *self)
{
    const char *spool = side_place (self->audit->spool), *broker = side_place (self->audit->broker);
    if (s_is_known (&self->spool))
        return 0;
    if (s_is_known (&self->broker)) {
        fprintf (stderr, "%s: %s does not know %s: nothing is compared\n",
                 program_invocation_short_name, spool, self->node);
        return 0;
    }
    fprintf (stderr, "%s: neither %s nor %s knows a node %s: is its name right?\n",
             program_invocation_short_name, spool, broker, self->node);
    return -1;
}

static int
s_compare (subject_t *self)
{
    if (s_take_manifests (self) == -1 || s_check_known (self) == -1)
        return -1;
    for (size_t i = 0; i < self->spool.count; i++)
        if (s_compare_run (self, &self->spool.runs[i]) == -1)
            return -1;
    printf ("%s: %" PRIu64 " frames of the spool are in the broker, %" PRIu64 " are not\n",
            self->node, self->frames, self->differences);
    for (size_t i = 0; i < self->broker.count; i++)
        s_list_surplus_of_run (self, &self->broker.runs[i]);
    return s_list_losses (self);
}

static int
s_audit_node (audit_t *self, const char *node)
{
    subject_t subject = {.audit = self, .node = node};
    int rc = s_compare (&subject);
    self->frames += subject.frames;
    manifest_clear (&subject.spool);
    manifest_clear (&subject.broker);
    return rc;
}

static int
s_audit_all (audit_t *self)
{
    node_name_t *nodes;
    size_t count;
    int rc = 0;
    if (side_nodes (self->spool, &nodes, &count) == -1)
        return s_say_failed (side_error (self->spool));
    for (size_t i = 0; i < count && rc == 0 && !stop_requested (); i++)
        rc = s_audit_node (self, nodes[i]);
    free (nodes);
    return rc;
}

//  Returns an exit code.
static int
s_audit (audit_t *self, const char *node)
{
    if ((node ? s_audit_node (self, node) : s_audit_all (self)) == -1 || stop_requested ())
        return EXIT_CANNOT_CONNECT;
    printf ("%" PRIu64 " frames compared, %" PRIu64 " differences\n",
            self->frames + self->differences, self->differences);
    return self->differences > 0 ? EXIT_FAILED : EXIT_DONE;
}

static side_t *
s_open (const char *place)
{
    char error[SIDE_ERROR_MAX + 1];
    side_t *side = side_new (place, error);
    if (!side)
        s_say_failed (error);
    return side;
}

static int
s_run (const settings_t *settings)
{
    bool rollups = settings_is_set (settings, "rollups");
    if (rollups && settings_operand_count (settings) != 1)
        settings_usage (settings, "--rollups: expected one FOLDER");
    if (!rollups && settings_operand_count (settings) != 2)
        settings_usage (settings, "expected SPOOL and BROKER: two folders or endpoints");
    const char *node = settings_text (settings, "node");
    if (node && !node_name_is_valid (node))
        settings_usage (settings, "node: '%s' is not a node name", node);
    if (rollups && strstr (settings_operand (settings, 0), "://"))
        settings_usage (settings,
                        "--rollups: '%s' is an endpoint: name the folder of a program that does "
                        "not run",
                        settings_operand (settings, 0));
    if (rollups)
        return audit_rollups (settings_operand (settings, 0), node);
    audit_t self = {.wait_s = settings_number (settings, "wait", 0, WAIT_MAX_S)};
    int exit_code = EXIT_CANNOT_CONNECT;
    self.reader = wire_reader_new ();
    self.spool = s_open (settings_operand (settings, 0));
    self.broker = self.spool ? s_open (settings_operand (settings, 1)) : NULL;
    if (self.broker)
        exit_code = s_audit (&self, node);
    side_destroy (&self.broker);
    side_destroy (&self.spool);
    wire_reader_destroy (&self.reader);
    return exit_code;
}

int
main (int argc, char **argv)
{
    stop_init ();
    settings_t *settings = settings_new (&s_program, argc, argv);
    int exit_code = s_run (settings);
    settings_destroy (&settings);
    if (fflush (stdout) != 0) {
        s_say_failed (strerror (errno));
        return EXIT_FAILED;
    }
    return exit_code;
}
