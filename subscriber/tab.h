//  SPDX-License-Identifier: GPL-2.0-or-later
//  tab - what the tab key offers at the prompt: what the grammar can read at the cursor, the names
//  of live nodes, commands and what they take. One a process, as readline is.
#ifndef SUBSCRIBER_TAB_H
#define SUBSCRIBER_TAB_H

#include "subscriber/session.h"

typedef struct tab_t tab_t;

//  Make readline complete by us. session must outlive self.
tab_t *tab_new (const session_t *session);
void tab_destroy (tab_t **self_p);

//  A line is about to be typed. text is what there is already of its statement, copied. Also asks
//  anew, without waiting, which nodes there are, if that was not just done.
void tab_set_context (tab_t *self, const char *text, size_t size);

#endif
