//  SPDX-License-Identifier: GPL-2.0-or-later
//  workers - see workers.h.
#include "subscriber/workers.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "transport/socket.h"

typedef struct {
    char node[NODE_NAME_MAX + 1];
    char endpoint[ENDPOINT_MAX + 1];
    asker_t *asker; //  NULL until it is first used
} worker_t;

struct workers_t {
    worker_t items[WORKERS_MAX];
    size_t count;
};

workers_t *
workers_new (void)
{
    workers_t *self = calloc (1, sizeof *self);
    assert (self);
    return self;
}

void
workers_destroy (workers_t **self_p)
{
    workers_t *self = *self_p;
    if (!self)
        return;
    for (size_t i = 0; i < self->count; i++)
        asker_destroy (&self->items[i].asker);
    free (self);
    *self_p = NULL;
}

static bool
s_has (const workers_t *self, const char *node)
{
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->items[i].node, node) == 0)
            return true;
    return false;
}

//  One that can be connected to: an address, not a wildcard to listen on.
static bool
s_is_endpoint (const char *text)
{
    return strlen (text) <= ENDPOINT_MAX && endpoint_is_valid (text) &&
           !(strncmp (text, "tcp:", 4) == 0 && strchr (text, '*'));
}

__attribute__ ((format (printf, 2, 3))) static int
s_refuse (char error[WORKERS_ERROR_MAX + 1], const char *format, ...)
{
    va_list arguments;
    va_start (arguments, format);
    vsnprintf (error, WORKERS_ERROR_MAX + 1, format, arguments);
    va_end (arguments);
    return -1;
}

int
workers_add (workers_t *self, const char *node, const char *endpoint,
             char error[WORKERS_ERROR_MAX + 1])
{
    if (!node_name_is_valid (node))
        return s_refuse (error,
                         "'%.80s' is not a node name: 1 to %d characters of A-Z a-z 0-9 . _ -",
                         node, NODE_NAME_MAX);
    if (!s_is_endpoint (endpoint))
        return s_refuse (error, "'%.300s' is not an endpoint to connect to: write tcp://HOST:PORT",
                         endpoint);
    if (s_has (self, node))
        return s_refuse (error, "node %s is named twice", node);
    if (self->count == WORKERS_MAX)
        return s_refuse (error, "more than %d workers: ask a coordinator", WORKERS_MAX);
    worker_t *worker = &self->items[self->count++];
    snprintf (worker->node, sizeof worker->node, "%s", node);
    snprintf (worker->endpoint, sizeof worker->endpoint, "%s", endpoint);
    return 0;
}

static int
s_add_pair (workers_t *self, char *pair, char error[WORKERS_ERROR_MAX + 1])
{
    char *endpoint = strchr (pair, '=');
    if (!endpoint)
        return s_refuse (error, "'%.300s' is not NODE=ENDPOINT: write n1=tcp://127.0.0.1:7201",
                         pair);
    *endpoint++ = '\0';
    return workers_add (self, pair, endpoint, error);
}

int
workers_parse (workers_t *self, const char *list, char error[WORKERS_ERROR_MAX + 1])
{
    char *copy = strdup (list), *rest = NULL;
    assert (copy);
    int rc = 0;
    for (char *pair = strtok_r (copy, ", ", &rest); pair && rc == 0;
         pair = strtok_r (NULL, ", ", &rest))
        rc = s_add_pair (self, pair, error);
    free (copy);
    if (rc == 0 && self->count == 0)
        return s_refuse (error, "the list is empty: write n1=tcp://127.0.0.1:7201,n2=...");
    return rc;
}

size_t
workers_count (const workers_t *self)
{
    return self->count;
}

const char *
workers_node (const workers_t *self, size_t index)
{
    assert (index < self->count);
    return self->items[index].node;
}

const char *
workers_endpoint (const workers_t *self, size_t index)
{
    assert (index < self->count);
    return self->items[index].endpoint;
}

asker_t *
workers_asker (workers_t *self, size_t index)
{
    assert (index < self->count);
    worker_t *worker = &self->items[index];
    if (!worker->asker)
        worker->asker = asker_new (worker->endpoint);
    assert (worker->asker); //  The endpoint was found valid
    return worker->asker;
}

bool
workers_equal (const workers_t *self, const workers_t *other)
{
    if (self->count != other->count)
        return false;
    for (size_t i = 0; i < self->count; i++)
        if (strcmp (self->items[i].node, other->items[i].node) != 0 ||
            strcmp (self->items[i].endpoint, other->items[i].endpoint) != 0)
            return false;
    return true;
}
