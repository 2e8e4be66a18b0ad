//  SPDX-License-Identifier: GPL-2.0-or-later
//  service - the ROUTER socket that answers statements, the same in worker and broker. A thread
//  of its own; what it is asked never delays the frames.
//
//  A statement that takes longer than a few milliseconds goes on in slices, in turn with the other
//  long ones and after whatever has come in meanwhile, so that none delays the others. Only a few
//  run at a time, fewer for one asker; more are refused as busy. So is a long one whose asker's
//  time is up.
//
//  A client that does not read its answers loses them (bounded queue, counted), delays nobody, and
//  is cut off once nothing could be sent to it for SERVICE_UNREAD_MS. What is no request is
//  answered with an error to id 0, and a statement that is too long with one to its own id; only a
//  message of over SERVICE_MAX_MESSAGE_BYTES cuts the connection. So a client holds at most its
//  queue of SERVICE_QUEUE_MESSAGES such messages and one on its way.
#ifndef QUERY_SERVICE_H
#define QUERY_SERVICE_H

#include "query/answer.h"
#include "schema/message.h"

#define SERVICE_MAX_LONG       8     //  Long statements at a time
#define SERVICE_MAX_LONG_EACH  2     //  of one asker
#define SERVICE_MAX_TIMEOUT_MS 60000 //  However patient the asker is
#define SERVICE_UNREAD_MS      30000

#define SERVICE_MAX_MESSAGE_BYTES (2u << 20)
#define SERVICE_QUEUE_MESSAGES    16 //  Of one client, not yet looked at; then it has to wait

typedef struct service_t service_t;

//  Bind endpoint (see transport/socket.h; insecure allows other than loopback) and answer until
//  destroyed. answerer is copied; its store and context must outlive the service. announce, where
//  not NULL, is called with the answerer's context on the service's thread for every well-formed
//  ANNOUNCE. Returns NULL and fills error when the endpoint cannot be bound.
service_t *service_new (const char *endpoint, bool insecure, const answerer_t *answerer,
                        void (*announce) (void *context, const message_t *message),
                        char error[512]);
//  Stop the thread and close the socket.
void service_destroy (service_t **self_p);

//  Let go of the store: returns once the service's thread has ended. Long statements in progress
//  are refused as busy; what is asked from now on waits. Nothing happens where it is paused.
void service_pause (service_t *self);
//  Go on answering, from this store. Not to be called unless paused.
void service_resume (service_t *self, store_t *store);

typedef struct {
    uint64_t asked;     //  Statements answered with rows or partials
    uint64_t refused;   //  Answered with an error
    uint64_t recovered; //  Manifests and replays sent
    uint64_t malformed; //  Messages that are no request
    uint64_t unsent;    //  Answers dropped: the asker was gone or did not read
} service_stats_t;

//  Any thread.
void service_stats (service_t *self, service_stats_t *stats);

#endif
