//  SPDX-License-Identifier: GPL-2.0-or-later
//  feed_prometheus - give Prometheus the histograms that a store holds, by remote write 1.0: frames
//  in order of time, all nodes side by side. Says as JSON what it sent.
#include <assert.h>
#include <curl/curl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "program/exit_code.h"
#include "program/settings.h"
#include "storage/store.h"
#include "tests/bench/progress.h"
#include "tests/bench/series.h"

#define SECONDS_PER_REQUEST 20
#define ANSWER_MAX          512

static const setting_t s_settings[] = {
    {"seconds", 0, "COUNT", "0", "Only so many of the newest seconds; 0: all"},
    {0},
};

static const program_t s_program = {
    .name = "feed_prometheus",
    .purpose = "Send what a store holds to Prometheus by remote write.",
    .operands = "FOLDER URL",
    .manual = "Example: feed_prometheus /tmp/store http://127.0.0.1:9090/api/v1/write",
    .settings = s_settings,
};

//  One node's frames.
typedef struct {
    store_cursor_t *cursor;
    frame_t frame; //  The next one
    bool has_frame;
} stream_t;

typedef struct {
    store_t *store;
    store_node_t *nodes;
    size_t node_count;
    stream_t *streams;
    wire_reader_t *reader;
    series_t *series;
    CURL *curl;
    struct curl_slist *headers;
    char answer[ANSWER_MAX]; //  Body of the last reply, cut
    uint64_t histograms, requests, sent_bytes;
} feed_t;

static int
s_fail (const char *text)
{
    fprintf (stderr, "feed_prometheus: %s\n", text);
    return -1;
}

//  --- The store's side ------------------------------------------------------------------------

static int
s_advance (feed_t *self, stream_t *stream)
{
    const void *data;
    size_t size;
    const char *reason;
    int rc = store_cursor_next (stream->cursor, &data, &size);
    stream->has_frame = rc == 1;
    if (rc == 1 && frame_decode (&stream->frame, self->reader, data, size, &reason) == -1)
        return s_fail (reason);
    return rc == -1 ? s_fail ("the store cannot be read") : 0;
}

static int
s_open (feed_t *self, const char *path, int64_t seconds)
{
    char error[512];
    self->store = store_new (path, &(store_options_t){0}, error);
    if (!self->store)
        return s_fail (error);
    if (store_nodes (self->store, &self->nodes, &self->node_count) == -1 || self->node_count == 0)
        return s_fail ("the store holds no nodes");
    self->streams = calloc (self->node_count, sizeof *self->streams);
    assert (self->streams);
    for (size_t i = 0; i < self->node_count; i++) {
        const store_node_t *node = &self->nodes[i];
        int64_t since_wall_s = seconds ? node->last_wall_s + 1 - seconds : INT64_MIN;
        self->streams[i].cursor =
            store_cursor_new (self->store, node->node, since_wall_s, INT64_MAX);
        if (s_advance (self, &self->streams[i]) == -1)
            return -1;
    }
    return 0;
}

//  The start of the oldest frame that was not sent, or INT64_MAX.
static int64_t
s_next_wall_s (const feed_t *self)
{
    int64_t first_wall_s = INT64_MAX;
    for (size_t i = 0; i < self->node_count; i++)
        if (self->streams[i].has_frame && self->streams[i].frame.start_wall_s < first_wall_s)
            first_wall_s = self->streams[i].frame.start_wall_s;
    return first_wall_s;
}

//  --- Prometheus' side ------------------------------------------------------------------------

static size_t
s_keep_answer (char *data, size_t item, size_t count, void *context)
{
    feed_t *self = context;
    size_t length = item * count < ANSWER_MAX - 1 ? item * count : ANSWER_MAX - 1;
    memcpy (self->answer, data, length);
    self->answer[length] = 0;
    return item * count;
}

static void
s_connect (feed_t *self, const char *url)
{
    static const char *headers[] = {
        "Content-Type: application/x-protobuf", "Content-Encoding: snappy",
        "X-Prometheus-Remote-Write-Version: 0.1.0", "User-Agent: kpulse-bench", "Expect:"};
    self->curl = curl_easy_init ();
    assert (self->curl);
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        self->headers = curl_slist_append (self->headers, headers[i]);
    curl_easy_setopt (self->curl, CURLOPT_URL, url);
    curl_easy_setopt (self->curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt (self->curl, CURLOPT_HTTPHEADER, self->headers);
    curl_easy_setopt (self->curl, CURLOPT_WRITEFUNCTION, s_keep_answer);
    curl_easy_setopt (self->curl, CURLOPT_WRITEDATA, self);
}

static int
s_post (feed_t *self)
{
    size_t size, histograms = series_count (self->series);
    const void *data = series_request (self->series, &size);
    long status = 0;
    curl_easy_setopt (self->curl, CURLOPT_POSTFIELDS, data);
    curl_easy_setopt (self->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) size);
    CURLcode code = curl_easy_perform (self->curl);
    if (code != CURLE_OK)
        return s_fail (curl_easy_strerror (code));
    curl_easy_getinfo (self->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status / 100 != 2) {
        fprintf (stderr, "feed_prometheus: answered %ld: %s\n", status, self->answer);
        return -1;
    }
    self->histograms += histograms;
    self->requests++;
    self->sent_bytes += size;
    return 0;
}

//  --- From one to the other -------------------------------------------------------------------

//  Send all that starts before until_wall_s.
static int
s_send_until (feed_t *self, int64_t until_wall_s, uint64_t *frames)
{
    for (size_t i = 0; i < self->node_count; i++) {
        stream_t *stream = &self->streams[i];
        while (stream->has_frame && stream->frame.start_wall_s < until_wall_s) {
            series_add (self->series, i, &stream->frame);
            if (s_advance (self, stream) == -1)
                return -1;
            (*frames)++;
        }
    }
    return s_post (self);
}

static uint64_t
s_frames (const feed_t *self, int64_t seconds)
{
    uint64_t frames = 0;
    for (size_t i = 0; i < self->node_count; i++)
        frames += seconds && self->nodes[i].frames > (uint64_t) seconds ? (uint64_t) seconds
                                                                        : self->nodes[i].frames;
    return frames;
}

static int
s_send_all (feed_t *self, int64_t seconds)
{
    uint64_t frames = 0;
    int64_t next_wall_s;
    progress_t progress;
    progress_begin (&progress, "frames given to Prometheus", s_frames (self, seconds));
    while ((next_wall_s = s_next_wall_s (self)) != INT64_MAX) {
        if (s_send_until (self, next_wall_s + SECONDS_PER_REQUEST, &frames) == -1)
            return -1;
        progress_say (&progress, frames);
    }
    double took_s = progress_end (&progress, frames);
    printf ("{\"frames\": %" PRIu64 ", \"histograms\": %" PRIu64 ", \"requests\": %" PRIu64
            ", \"sent_bytes\": %" PRIu64 ", \"feed_s\": %.3f}\n",
            frames, self->histograms, self->requests, self->sent_bytes, took_s);
    return 0;
}

static void
s_destroy (feed_t *self)
{
    for (size_t i = 0; self->streams && i < self->node_count; i++)
        store_cursor_destroy (&self->streams[i].cursor);
    store_destroy (&self->store);
    series_destroy (&self->series);
    wire_reader_destroy (&self->reader);
    curl_slist_free_all (self->headers);
    curl_easy_cleanup (self->curl);
    free (self->streams);
    free (self->nodes);
}

int
main (int argc, char **argv)
{
    settings_t *settings = settings_new (&s_program, argc, argv);
    if (settings_operand_count (settings) != 2)
        settings_usage (settings, "expected FOLDER URL");
    int64_t seconds = settings_number (settings, "seconds", 0, INT32_MAX);
    feed_t self = {.reader = wire_reader_new ()};
    s_connect (&self, settings_operand (settings, 1));
    int rc = s_open (&self, settings_operand (settings, 0), seconds);
    self.series = series_new (self.node_count);
    if (rc == 0)
        rc = s_send_all (&self, seconds);
    s_destroy (&self);
    settings_destroy (&settings);
    return rc == 0 ? EXIT_DONE : EXIT_FAILED;
}
