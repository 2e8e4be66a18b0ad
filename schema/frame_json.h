//  SPDX-License-Identifier: GPL-2.0-or-later
//  frame_json - a frame as one JSON object, for people and scripts. Nothing is lost either way:
//  the frame read back has the same payload, byte for byte. The hash is not in it.
//
//  Members are those of frame_t, in its order:
//
//      {"version": 1, "node": "n1", "epoch": 7523..., "seq": 1, "start_wall_s": 1795420800,
//       "span_s": 1, "duration_mono_ns": 1000000000,
//       "clock": {"synchronised": true, "error_ns": 52000},
//       "scope": {"kind": "pid", "pid": 3327},    or {"kind": "all"}
//                                                 or {"kind": "cgroup", "cgroup": "/user.slice"}
//       "source": "bpf",                          or "replay", "synthetic"
//       "program": "0.1.0",
//       "metrics": {"cpudist": {"count": 3, "sum": 4120, "accrued_ns": 4120, "total_count": 3,
//                               "total_sum": 4120, "buckets": [[0, 1], [88, 2]]}, ...},
//       "losses": {...}, "cost": {...}}
//
//  A bucket is [slot, count], in order of slot. Metrics that are not measured are left out.
//  Numbers over 2^63 - 1, which many JSON readers cannot hold, are strings of digits.
#ifndef SCHEMA_FRAME_JSON_H
#define SCHEMA_FRAME_JSON_H

#include <stddef.h>
#include "schema/frame.h"

//  Longest text that is read, in bytes; what is written is always shorter.
#define FRAME_JSON_MAX_BYTES 131072

//  The object on one line, without a newline. Returns NULL where the frame has a fault. Caller
//  frees.
char *frame_json_encode (const frame_t *self);

//  Read an object, whose members may be in any order but must all be there and known. Returns 0,
//  or -1 and says in error (one line) what is wrong; self is undefined then.
#define FRAME_JSON_ERROR_MAX 255
int frame_json_decode (frame_t *self, const char *text, size_t size,
                       char error[FRAME_JSON_ERROR_MAX + 1]);

#endif
