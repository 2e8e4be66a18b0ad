//  SPDX-License-Identifier: GPL-2.0-or-later
//  join - one statement asked of several workers at once, and their answers made one. The window is
//  fixed once, by this machine's clock, and every worker is asked for its own node's partials of
//  it; query/finish makes the rows, exactly as a coordinator would.
//
//  Workers that do not answer, or say that they could not in time, are not fatal: a select has
//  their rows all the same, with 0 of the seconds present and a "status" that says so. Shows and
//  explained selects are the answers' rows one after another, and one for each silent worker whose
//  second column says so.
#ifndef SUBSCRIBER_JOIN_H
#define SUBSCRIBER_JOIN_H

#include "subscriber/workers.h"

//  Partials of all workers that are held at a time, 17 KiB each.
#define JOIN_MAX_PARTIALS 8192

//  Ask. Fills reply: REPLY_TABLE; REPLY_ERROR with what is wrong with the statement (positions are
//  its own) or which worker refused it and why; or REPLY_NONE where nobody answered within
//  timeout_ms. silent[i] is set for each worker that was asked and did not answer. The caller
//  empties reply with reply_fini. Returns 0, or -1 when interrupted by stop_fd becoming readable.
int join_ask (workers_t *workers, const char *text, size_t size, int timeout_ms, int stop_fd,
              reply_t *reply, bool silent[WORKERS_MAX]);

#endif
