//  SPDX-License-Identifier: GPL-2.0-or-later
//  source - where a worker's measurements come from: this kernel, a recorded file, or invented
//  ones for load. The ticker reads it once a second and knows nothing else of it.
//  Not safe for use by two threads.
#ifndef PUBLISHER_SOURCE_H
#define PUBLISHER_SOURCE_H

#include "schema/frame.h"

typedef struct source_t source_t;

//  Why a source cannot be had: one line for people and the program's exit code.
typedef struct {
    int exit_code; //  See program/exit_code.h
    char text[512];
} source_error_t;

//  Measure this kernel, limited to scope. A pid that does not exist yet is waited for: its frames
//  are empty until then. Returns NULL and fills error when the kernel, a container or missing
//  rights forbid it; nothing stays attached.
source_t *source_new_bpf (const scope_t *scope, source_error_t *error);

//  Replay the frames of a recorded file (msgpack, or JSON lines where path ends in .json), one a
//  tick, and start again at its end.
source_t *source_new_replay (const char *path, source_error_t *error);

//  Invent frames. spec is "busy", "idle" or "events=3000,median=8us,sigma=1.3,seed=7".
source_t *source_new_synthetic (const char *spec, source_error_t *error);

//  Any of these by the text of --source: "bpf", "replay:FILE" or "synthetic:SPEC". Only bpf can be
//  limited to a scope. Returns NULL and fills error.
source_t *source_new (const char *text, const scope_t *scope, source_error_t *error);

void source_destroy (source_t **self_p);

//  Fill in what was measured since the previous read (or since the source was made): metrics with
//  their totals, scope, source, losses.discards, losses.missing_storage, cost.bpf_ns. The caller
//  has zeroed frame and set span_s, which a source that invents needs. Returns 0, or -1 when it
//  could not be read: then there is nothing to publish for this tick.
int source_read (source_t *self, frame_t *frame);

#endif
