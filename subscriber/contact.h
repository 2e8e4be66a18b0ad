//  SPDX-License-Identifier: GPL-2.0-or-later
//  contact - the connection to a coordinator. Notices when it is lost, makes it anew, asks again
//  what was lost with it (statements change nothing), and says so on standard error. Not safe for
//  two threads.
#ifndef SUBSCRIBER_CONTACT_H
#define SUBSCRIBER_CONTACT_H

#include <stdbool.h>
#include "query/ask.h"

typedef struct contact_t contact_t;

//  Connect to an endpoint where somebody has just been reached. It must be a valid one.
contact_t *contact_new (const char *endpoint);
void contact_destroy (contact_t **self_p);

//  Find out whether the connection is up; where it is lost, wait for it at most timeout_ms.
//  Returns 1 where it is up, 0 where it is not, or -1 when interrupted by stop_fd becoming
//  readable.
int contact_check (contact_t *self, int timeout_ms, int stop_fd);

//  Ask a statement and wait for the reply. Fills reply as asker_receive does; the caller empties it
//  with reply_fini. Returns 0, or -1 when interrupted.
int contact_ask (contact_t *self, const char *text, size_t size, int timeout_ms, int stop_fd,
                 reply_t *reply);

#endif
