//  SPDX-License-Identifier: GPL-2.0-or-later
//  relay - the live endpoint: sends frames on, as they came, to whoever subscribes. Not safe for
//  use by two threads.
#ifndef BROKER_RELAY_H
#define BROKER_RELAY_H

#include "broker/links.h"

typedef struct relay_t relay_t;

relay_t *relay_new (void);
void relay_destroy (relay_t **self_p);

//  Returns 0, or -1 and fills error.
int relay_bind (relay_t *self, const char *endpoint, bool insecure, char error[512]);

//  Becomes readable when readers come or go: take it up then, and before the first frame.
int relay_fd (const relay_t *self);
void relay_take_subscriptions (relay_t *self);

//  Send a message on; the parts stay the caller's. Never waits: a reader that does not keep up
//  loses frames, and the store has them. Does nothing while nobody subscribes.
void relay_send (relay_t *self, link_message_t *message);

#endif
