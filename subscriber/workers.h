//  SPDX-License-Identifier: GPL-2.0-or-later
//  workers - the workers that a client asks itself, where there is no coordinator: their nodes'
//  names and endpoints, and a connection to each that is made when it is first used. Not safe for
//  two threads.
#ifndef SUBSCRIBER_WORKERS_H
#define SUBSCRIBER_WORKERS_H

#include "query/ask.h"

#define WORKERS_MAX       256
#define WORKERS_ERROR_MAX 511

typedef struct workers_t workers_t;

workers_t *workers_new (void);
void workers_destroy (workers_t **self_p);

//  Add one. Returns 0, or -1 and says in error (one line) what is wrong: not a node's name, not an
//  endpoint, a name that is there already, too many.
int workers_add (workers_t *self, const char *node, const char *endpoint,
                 char error[WORKERS_ERROR_MAX + 1]);
//  Add all of a list "n1=tcp://127.0.0.1:7201,n2=tcp://...". Returns as workers_add.
int workers_parse (workers_t *self, const char *list, char error[WORKERS_ERROR_MAX + 1]);

size_t workers_count (const workers_t *self);
const char *workers_node (const workers_t *self, size_t index);
const char *workers_endpoint (const workers_t *self, size_t index);
//  Owned by self.
asker_t *workers_asker (workers_t *self, size_t index);

//  True where both have the same nodes at the same endpoints in the same order.
bool workers_equal (const workers_t *self, const workers_t *other);

#endif
