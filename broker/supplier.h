//  SPDX-License-Identifier: GPL-2.0-or-later
//  supplier - the connections over which workers are asked for manifests and replays: one DEALER
//  each, made when it is needed. Not safe for two threads.
#ifndef BROKER_SUPPLIER_H
#define BROKER_SUPPLIER_H

#include "broker/pace.h"
#include "schema/message.h"
#include <czmq.h>

//  A worker that can be asked.
typedef struct {
    char node[NODE_NAME_MAX + 1];
    char endpoint[ENDPOINT_MAX + 1];
    zsock_t *dealer;      //  NULL while not connected
    int64_t used_mono_ms; //  Last asked
    uint64_t open_id;     //  Request that is out, or 0
    bool replay;          //  It is a replay, not a manifest
    manifest_t manifest;  //  Pages of the open request so far
    size_t pages;
    bool more;     //  Of the message in hand, parts are left
    pace_t lost;   //  What it turned out not to have
    pace_t pulled; //  What was pulled from it
    bool is_whole; //  Since then the store was found to have all that it has
} supplier_t;

typedef struct suppliers_t suppliers_t;

suppliers_t *suppliers_new (size_t max_connections);
void suppliers_destroy (suppliers_t **self_p);

//  A node answers at endpoint. Returns true where that is news; a request that was open is void.
bool suppliers_set (suppliers_t *self, const char *node, const char *endpoint);
//  NULL where the node is unknown.
supplier_t *suppliers_find (suppliers_t *self, const char *node);
//  Connect where it is not, and anew where the last request was never settled. The idle connection
//  used longest ago makes room. Returns 0 or -1.
int suppliers_connect (suppliers_t *self, supplier_t *supplier, int64_t now_mono_ms);

//  A node turned out not to have these frames: told now, or together with others.
void suppliers_lost (suppliers_t *self, const char *node, const loss_t *loss, int64_t now_mono_ms);
//  Frames were pulled from it.
void supplier_pulled (supplier_t *self, uint64_t frames);
//  The store has all frames that it has: if any of them were pulled, that is told now, or together
//  with others.
void suppliers_whole (suppliers_t *self, supplier_t *supplier, int64_t now_mono_ms);
//  Tell of what was not told yet, where it is time.
void suppliers_tell (suppliers_t *self, int64_t now_mono_ms);

//  Send a request; whatever was open is void. Returns 0, or -1 where it could not be sent.
int supplier_ask_manifest (supplier_t *self, uint64_t id);
int supplier_ask_replay (supplier_t *self, uint64_t id, const seq_range_t *range);
//  Ask for the page behind what is in manifest, under the same id.
int supplier_ask_next_page (supplier_t *self);
//  The open request is answered or has failed.
void supplier_settle (supplier_t *self);

//  Take a message's first part. Returns 0 and the part, the caller's to close, or -1: none.
int supplier_receive (supplier_t *self, zmq_msg_t *header);
//  The next part of the message in hand; -1 where there is none left.
int supplier_next_part (supplier_t *self, zmq_msg_t *part);
//  Drop the parts that are left of the message in hand.
void supplier_skip_parts (supplier_t *self);

#endif
