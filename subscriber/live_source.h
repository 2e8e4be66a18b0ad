//  SPDX-License-Identifier: GPL-2.0-or-later
//  live_source - the frames that are published at some endpoints, a broker's or workers', checked
//  before anybody sees them. Not safe for two threads.
#ifndef SUBSCRIBER_LIVE_SOURCE_H
#define SUBSCRIBER_LIVE_SOURCE_H

#include "subscriber/live_filter.h"
#include "subscriber/monitor.h"

typedef struct live_source_t live_source_t;

//  Subscribe to what the filter, which must outlive self, accepts.
live_source_t *live_source_new (const live_filter_t *filter);
void live_source_destroy (live_source_t **self_p);

//  Connect to one more endpoint; completes in the background, and again after every loss. Returns
//  0, or -1 and fills error.
int live_source_connect (live_source_t *self, const char *endpoint, char error[512]);

//  What to poll: frames, and events of the connections.
#define LIVE_SOURCE_ITEMS 2
void live_source_poll_items (const live_source_t *self, zmq_pollitem_t items[LIVE_SOURCE_ITEMS]);

//  Take the next message. Returns 1 and a frame that the filter accepts; 0 where none is waiting;
//  -1 and in *reason a static sentence for a message that is no frame, or not of the node its topic
//  names.
int live_source_next (live_source_t *self, frame_t *frame, const char **reason);

//  Take note, from now on or no longer, of all nodes that send, whom the filter does not accept
//  too.
void live_source_look_around (live_source_t *self, bool on);
//  True where one of them matches: a name, or a pattern with * or ?.
bool live_source_has_seen (const live_source_t *self, const char *pattern);
//  Copy the first of their names, in order. Returns how many there are.
size_t live_source_seen (const live_source_t *self, char (*names)[NODE_NAME_MAX + 1],
                         size_t capacity);

//  Take the next event of a connection. Returns 0, or -1 where there is none.
int live_source_event (live_source_t *self, link_event_t *event);

#endif
