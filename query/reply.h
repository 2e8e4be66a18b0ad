//  SPDX-License-Identifier: GPL-2.0-or-later
//  reply - the way of an answer or an error out of a ROUTER socket, without ever waiting.
//
//  What askers do not read stays in memory until they do or go. It is bounded over all askers, with
//  what ZeroMQ needs to hold it: where too much waits, large answers are refused first, so that the
//  small ones of others get through; then these too; at last errors are dropped. One asker alone
//  may leave less unread than all together.
#ifndef QUERY_REPLY_H
#define QUERY_REPLY_H

#include "query/answer.h"
#include "query/unread.h"
#include "schema/message.h"

#define REPLY_SMALL_BYTES      65536        //  Of an answer
#define REPLY_MAX_LARGE_BYTES  (256u << 20) //  Waiting: refuse large answers
#define REPLY_MAX_SMALL_BYTES  (320u << 20) //  Waiting: refuse all answers
#define REPLY_MAX_UNREAD_BYTES (336u << 20) //  Waiting: send nothing
#define REPLY_MAX_PEER_BYTES   (96u << 20)  //  Waiting for one asker: refuse his answers
#define REPLY_PART_EXTRA_BYTES 192          //  Of memory, for each part

//  Returns 0 where an answer may be sent to the peer now, or -1 and fills error where too much
//  waits unread.
int reply_has_room (const peer_t *peer, const answer_t *answer, query_error_t *error);
//  The same for a reply of so many bytes.
int reply_has_room_for (const peer_t *peer, size_t bytes, query_error_t *error);

//  Send a complete answer, or an error, to request id of the peer. handle is libzmq's, of a ROUTER
//  with ZMQ_ROUTER_MANDATORY. Return 0, or -1 where the peer is gone or its queue is full: dropped.
int reply_send_answer (void *handle, const peer_t *peer, uint64_t id, const answer_t *answer);
int reply_send_error (void *handle, const peer_t *peer, uint64_t id, const query_error_t *error);

//  Send a reply of any kind part by part: its header first, then each part, more saying whether
//  another follows. Return 0, or -1 as above: then nothing further of it may be sent.
int reply_send_header (void *handle, const peer_t *peer, const message_t *header, bool more);
int reply_send_part (void *handle, const peer_t *peer, const void *data, size_t size, bool more);

#endif
