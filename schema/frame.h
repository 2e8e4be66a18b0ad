//  SPDX-License-Identifier: GPL-2.0-or-later
//  frame - what one node measured in one second, and its encoding. See schema/PROTOCOL.md.
//
//  On a PUB socket a frame is two parts: [node + "/"][payload]. The payload, canonical msgpack:
//
//      [ version 1, node, epoch, seq, start_wall_s, span_s, duration_mono_ns,
//        [clock synchronised 0|1, error_ns],
//        [scope kind, pid, cgroup],
//        source, program version,
//        [ metric, ... ]                one per row of metrics.def up to the last measured one:
//            nil (not measured) or
//            [count, sum, accrued_ns, total_count, total_sum, runs]     runs:
//            schema/histogram_wire.h
//        [discards, late_ticks, unspooled, missing_storage, spool_resets],
//        [cpu_ns, rss_bytes, bpf_ns],
//        xxh64 of all bytes before it ]
//
//  A frame keeps its bytes when rows are appended to metrics.def, and equal frames have equal
//  bytes.
#ifndef SCHEMA_FRAME_H
#define SCHEMA_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "schema/histogram.h"
#include "schema/metric.h"
#include "schema/scope.h"
#include "schema/wire.h"

#define FRAME_VERSION    1
#define FRAME_MAX_BYTES  WIRE_MAX_BYTES
#define FRAME_MAX_SPAN_S 86400
#define FRAME_MAX_WALL_S 253402300799 //  End of the year 9999
#define NODE_NAME_MAX    63           //  Characters, of A-Z a-z 0-9 . _ -
#define VERSION_TEXT_MAX 31

typedef enum {
    FRAME_FROM_BPF,      //  Measured on this kernel
    FRAME_FROM_REPLAY,   //  Read from a recorded file
    FRAME_FROM_SYNTHETIC //  Invented, for load and tests
} frame_source_t;

typedef struct {
    bool measured;         //  False where this worker does not record the metric
    histogram_t histogram; //  Events that ended in this frame
    uint64_t accrued_ns;   //  Time inside this frame, stints still open included; 0 for counts
    uint64_t total_count;  //  Events since the epoch began, this frame included
    uint64_t total_sum;    //  Their sum, modulo 2^64
} frame_metric_t;

//  The worker's own losses: in this frame, but for the last one.
typedef struct {
    uint64_t discards;        //  Stints not counted: the clock went backwards
    uint64_t late_ticks;      //  Ticks that came over 100 ms late
    uint64_t unspooled;       //  Frames the worker could not write to its store, before this one
    uint64_t missing_storage; //  Stints not counted: the task had no storage yet
    uint64_t spool_resets;    //  Since the worker started: how often it set its store aside,
                              //  damaged or not its own, and began an empty one
} frame_losses_t;

//  What measuring cost the node in this frame.
typedef struct {
    uint64_t cpu_ns;    //  The worker process's CPU time, user and system
    uint64_t rss_bytes; //  Its resident memory at the frame's end
    uint64_t bpf_ns;    //  Run time of its BPF programs; 0 while kernel.bpf_stats_enabled is 0
} frame_cost_t;

typedef struct {
    char node[NODE_NAME_MAX + 1];
    uint64_t epoch;            //  (unix ms at start << 16) | 16 random bits; grows
    uint64_t seq;              //  1, 2, 3 ... within the epoch
    int64_t start_wall_s;      //  First second covered, unix time
    uint32_t span_s;           //  Seconds covered; over 1 after a stall
    uint64_t duration_mono_ns; //  True length, monotonic clock
    bool clock_synchronised;   //  adjtimex: not TIME_ERROR / STA_UNSYNC
    uint64_t clock_error_ns;   //  adjtimex: estimated error
    scope_t scope;
    frame_source_t source;
    char version[VERSION_TEXT_MAX + 1]; //  Program version of the worker
    frame_metric_t metrics[METRIC_COUNT_];
    frame_losses_t losses;
    frame_cost_t cost;
} frame_t;

//  True for a name of 1 .. NODE_NAME_MAX characters of [A-Za-z0-9._-].
bool node_name_is_valid (const char *name);

//  What keeps a frame from being one, as a static sentence, or NULL where nothing does: names,
//  texts, ranges, and that each metric's numbers agree (histogram_agrees; totals hold the frame
//  itself; a sum fits 64 bits).
const char *frame_fault (const frame_t *self);

//  Encode into buffer. Returns the size in bytes, or 0 when it does not fit or the frame has a
//  fault.
size_t frame_encode (const frame_t *self, void *buffer, size_t capacity);

//  Decode and check a payload: canonical form, known version, hash, frame_fault. Returns 0, or -1
//  and in *reason a static sentence that says what is wrong; self is undefined after -1. reader is
//  scratch, reusable for the next frame.
int frame_decode (frame_t *self, wire_reader_t *reader, const void *data, size_t size,
                  const char **reason);

//  Where a frame's buckets may hold events, by metric: from a first slot to before an end. In all
//  other slots they are 0.
typedef struct {
    unsigned first[METRIC_COUNT_], end[METRIC_COUNT_];
} frame_slots_t;

//  Of a frame that nothing is known of, or that has no value yet.
extern const frame_slots_t frame_slots_all;

//  The same for who decodes one frame after the other into the same place, where most slots are 0
//  and stay so. *slots are those of what self is, and become those of what it is then, after -1
//  too.
int frame_decode_again (frame_t *self, frame_slots_t *slots, wire_reader_t *reader,
                        const void *data, size_t size, const char **reason);

//  The same for who needs no buckets: they are checked all the same, and undefined afterwards.
int frame_decode_but_buckets (frame_t *self, wire_reader_t *reader, const void *data, size_t size,
                              const char **reason);

//  "bpf", "replay" or "synthetic".
const char *frame_source_name (frame_source_t source);

//  The topic of a node's frames: its name and "/". Returns its length in bytes.
size_t frame_topic (const char *node, char topic[NODE_NAME_MAX + 2]);

#endif
