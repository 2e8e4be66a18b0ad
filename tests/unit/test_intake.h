//  SPDX-License-Identifier: GPL-2.0-or-later
//  What the tests of broker/intake share: events are called, actions recorded; time is a number.
#ifndef TESTS_UNIT_TEST_INTAKE_H
#define TESTS_UNIT_TEST_INTAKE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "broker/intake.h"

#define EPOCH     ((uint64_t) 1795000000000 << 16)
#define A         "tcp://127.0.0.1:7101"
#define B         "tcp://127.0.0.1:9101"
#define MAX_NODES 3

//  What came out of the sink.
typedef struct {
    unsigned counts[INTAKE_NOTICE + 1];
    char endpoint[ENDPOINT_MAX + 1]; //  Of the latest CONNECT
    intake_forwarder_t *forwarder;   //  Of the latest CONNECT to one
    seq_range_t gap;                 //  The latest
    uint64_t recorded_seq;           //  The latest
    show_node_t status;              //  The latest
    char notice[1024];               //  The latest
    bool queue_is_full;
    bool cannot_connect;
} seen_t;

static seen_t s_seen;
static intake_t *s_intake;
static int64_t s_now_s;

static inline int
s_sink (void *context, const intake_action_t *action)
{
    seen_t *seen = context;
    seen->counts[action->kind]++;
    if (action->kind == INTAKE_CONNECT)
        strcpy (seen->endpoint, action->endpoint);
    if (action->kind == INTAKE_CONNECT && action->forwarder)
        seen->forwarder = action->forwarder;
    if (action->kind == INTAKE_GAP)
        seen->gap = action->gap;
    if (action->kind == INTAKE_STATUS)
        seen->status = *action->status;
    if (action->kind == INTAKE_NOTICE)
        snprintf (seen->notice, sizeof seen->notice, "%s", action->text);
    if (action->kind == INTAKE_RECORD)
        seen->recorded_seq = action->record->seq;
    if (action->kind == INTAKE_RECORD && seen->queue_is_full)
        return -1;
    return action->kind == INTAKE_CONNECT && seen->cannot_connect ? -1 : 0;
}

static inline intake_now_t
s_now (void)
{
    return (intake_now_t){.wall_ns = (1795000000 + s_now_s) * 1000000000,
                          .mono_ns = s_now_s * 1000000000};
}

static inline int
s_setup (void **state)
{
    (void) state;
    memset (&s_seen, 0, sizeof s_seen);
    s_now_s = 100;
    s_intake = intake_new (MAX_NODES, s_sink, &s_seen);
    return 0;
}

static inline int
s_teardown (void **state)
{
    (void) state;
    intake_destroy (&s_intake);
    return 0;
}

static inline void
s_announce (const char *node, const char *endpoint)
{
    message_t message = {.kind = MESSAGE_ANNOUNCE, .version = "0.1.0"};
    snprintf (message.node, sizeof message.node, "%s", node);
    snprintf (message.publish_endpoint, sizeof message.publish_endpoint, "%s", endpoint);
    strcpy (message.answer_endpoint, "tcp://127.0.0.1:7201");
    intake_announced (s_intake, &message, s_now ());
}

static inline void
s_tick (int64_t now_s)
{
    s_now_s = now_s;
    intake_tick (s_intake, s_now ());
}

//  A frame as its worker would send it; named says what the topic names. Borrowed until the next.
static inline intake_message_t
s_make (const char *named, const char *node, uint64_t epoch, uint64_t seq)
{
    static uint8_t data[FRAME_MAX_BYTES];
    static char topic[NODE_NAME_MAX + 2];
    frame_t frame = {.epoch = epoch,
                     .seq = seq,
                     .start_wall_s = 1795000000 + s_now_s - 1,
                     .span_s = 1,
                     .duration_mono_ns = 1000000000,
                     .version = "0.1.0",
                     .cost = {.cpu_ns = 2000000, .rss_bytes = 20000000}};
    snprintf (frame.node, sizeof frame.node, "%s", node);
    intake_message_t message = {.topic = topic, .data = data, .parts = 2};
    message.topic_size = frame_topic (named, topic);
    message.size = frame_encode (&frame, data, sizeof data);
    return message;
}

//  The same, arriving on a link.
static inline void
s_send_as (const char *link, const char *named, const char *node, uint64_t epoch, uint64_t seq)
{
    const intake_message_t message = s_make (named, node, epoch, seq);
    intake_received (s_intake, link, &message, s_now ());
}

static inline void
s_send (uint64_t seq)
{
    s_send_as ("n1", "n1", "n1", EPOCH, seq);
}

#endif
