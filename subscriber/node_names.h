//  SPDX-License-Identifier: GPL-2.0-or-later
//  node_names - the names of the nodes that a session can ask, as fresh as can be had without
//  keeping a typist waiting: asked in advance, and kept. Not safe for two threads.
#ifndef SUBSCRIBER_NODE_NAMES_H
#define SUBSCRIBER_NODE_NAMES_H

#include "subscriber/session.h"

typedef struct node_names_t node_names_t;

//  session must outlive self.
node_names_t *node_names_new (const session_t *session);
void node_names_destroy (node_names_t **self_p);

//  Ask for the names, unless they are fresh; does not wait.
void node_names_refresh (node_names_t *self);

//  The names, borrowed until the next call. Waits for them a moment where none are known yet.
const char *const *node_names_get (node_names_t *self, size_t *count);

#endif
