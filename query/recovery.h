//  SPDX-License-Identifier: GPL-2.0-or-later
//  recovery - what a store tells those who fill their gaps from it or audit it: its manifest, and
//  replays of its frames. Bounded: a page of runs or a chunk of frames a reply.
#ifndef QUERY_RECOVERY_H
#define QUERY_RECOVERY_H

#include "query/reply.h"

#define RECOVERY_CHUNK_FRAMES 512
#define RECOVERY_CHUNK_BYTES  (512u << 10) //  The frame that passes it is the chunk's last

//  Answer ASK_MANIFEST. Of an unknown node: an empty manifest. Returns 0, or -1 where the answer
//  was dropped: the peer is gone or its queue is full.
int recovery_send_manifest (void *handle, const peer_t *peer, store_t *store,
                            const message_t *question);

//  Answer ASK_REPLAY: the frames held of the range, as far as one chunk goes. Returns as above;
//  an answer that could not be read from the store is an error to the peer.
int recovery_send_replay (void *handle, const peer_t *peer, store_t *store,
                          const message_t *question);

#endif
