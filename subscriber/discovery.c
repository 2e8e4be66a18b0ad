//  SPDX-License-Identifier: GPL-2.0-or-later
//  discovery - see discovery.h.
#include "subscriber/discovery.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <czmq.h>
#include "subscriber/reach.h"

#define FIRST_PORT 7201
#define PORTS      99
#define QUESTION   "show nodes"

typedef struct {
    char text[PORTS][32];
    const char *all[PORTS];
} endpoints_t;

static void
s_list_endpoints (endpoints_t *self)
{
    for (int i = 0; i < PORTS; i++) {
        snprintf (self->text[i], sizeof self->text[i], "tcp://127.0.0.1:%d", FIRST_PORT + i);
        self->all[i] = self->text[i];
    }
}

//  A worker answers show nodes with one row, itself; its name stands first.
static const char *
s_node_of (const reply_t *reply)
{
    if (reply->kind != REPLY_TABLE || table_rows (reply->table) != 1)
        return NULL;
    const cell_t *cell = table_cell (reply->table, 0, 0);
    return cell->kind == CELL_TEXT ? cell->value.text : NULL;
}

//  Who is no worker, or has a name that another has already, is left out.
static int
s_add (workers_t *workers, asker_t *asker, uint64_t id, const char *endpoint, int timeout_ms,
       int stop_fd)
{
    reply_t reply;
    char error[WORKERS_ERROR_MAX + 1];
    if (asker_receive (asker, id, timeout_ms, stop_fd, &reply) == -1)
        return -1;
    const char *node = s_node_of (&reply);
    if (node)
        workers_add (workers, node, endpoint, error);
    reply_fini (&reply);
    return 0;
}

static int
s_ask_present (workers_t *workers, const endpoints_t *endpoints, const bool *present,
               int timeout_ms, int stop_fd)
{
    asker_t *askers[PORTS] = {NULL};
    uint64_t ids[PORTS];
    int64_t deadline_mono_ms = zclock_mono () + timeout_ms;
    int rc = 0;
    for (size_t i = 0; i < PORTS; i++)
        if (present[i]) {
            askers[i] = asker_new (endpoints->all[i]);
            assert (askers[i]);
            ids[i] = asker_send (askers[i], FORM_ROWS, QUESTION, strlen (QUESTION),
                                 (uint32_t) timeout_ms);
        }
    for (size_t i = 0; i < PORTS && rc == 0; i++) {
        int64_t left_ms = deadline_mono_ms - zclock_mono ();
        if (askers[i])
            rc = s_add (workers, askers[i], ids[i], endpoints->all[i],
                        left_ms > 0 ? (int) left_ms : 0, stop_fd);
    }
    for (size_t i = 0; i < PORTS; i++)
        asker_destroy (&askers[i]);
    return rc;
}

int
discovery_find (workers_t *workers, int timeout_ms, int stop_fd)
{
    endpoints_t endpoints;
    bool present[PORTS];
    s_list_endpoints (&endpoints);
    int found = reach (endpoints.all, PORTS, timeout_ms, stop_fd, present);
    if (found <= 0)
        return found;
    if (s_ask_present (workers, &endpoints, present, timeout_ms, stop_fd) == -1)
        return -1;
    return (int) workers_count (workers);
}
