//  SPDX-License-Identifier: GPL-2.0-or-later
//  announcer - tells the coordinator, every second, that this worker exists and where: so the
//  coordinator needs no list, and either may start first. Not safe for use by two threads.
#ifndef PUBLISHER_ANNOUNCER_H
#define PUBLISHER_ANNOUNCER_H

#include "schema/message.h"

typedef struct announcer_t announcer_t;

//  Connect to a coordinator's statement endpoint; it need not be there. Returns NULL and fills
//  error when the endpoint is no address or the announcement cannot be encoded.
announcer_t *announcer_new (const char *coordinator, const message_t *announcement,
                            char error[512]);
void announcer_destroy (announcer_t **self_p);

//  Send one announcement. Never blocks, and none waits for a coordinator that is away.
void announcer_send (announcer_t *self);

#endif
