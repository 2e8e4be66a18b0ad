//  SPDX-License-Identifier: GPL-2.0-or-later
//  unread - how many bytes of replies wait to be read, by each asker and by all of the process.
//  (ZeroMQ lets go of some only after their socket was closed.) Any thread.
#ifndef QUERY_UNREAD_H
#define QUERY_UNREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

//  Who asked: the ROUTER's name for the connection.
typedef struct {
    uint8_t id[255];
    size_t size;
} peer_t;

bool peer_equals (const peer_t *self, const peer_t *other);

//  What waits for one asker.
typedef struct unread_t unread_t;

//  So many bytes, more than 0, begin to wait. The account is to be told when they do no longer.
unread_t *unread_begin (const peer_t *peer, size_t bytes);
void unread_end (unread_t *self, size_t bytes);

size_t unread_of (const peer_t *peer);
size_t unread_total (void);

#endif
