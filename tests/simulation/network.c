//  SPDX-License-Identifier: GPL-2.0-or-later
//  network - see network.h.
#include "tests/simulation/network.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LATENCY_MS 2

packet_t *
packet_new (packet_kind_t kind, unsigned worker)
{
    packet_t *self = calloc (1, sizeof *self);
    assert (self);
    self->kind = kind;
    self->worker = worker;
    return self;
}

void
packet_destroy (packet_t **self_p)
{
    if (*self_p)
        free ((*self_p)->manifest.runs);
    free (*self_p);
    *self_p = NULL;
}

static void
s_drop (void *packet)
{
    packet_t *dropped = packet;
    packet_destroy (&dropped);
}

static packet_t *
s_copy (const packet_t *packet)
{
    packet_t *copy = packet_new (packet->kind, packet->worker);
    *copy = *packet;
    if (packet->manifest.runs) {
        size_t size = packet->manifest.count * sizeof *packet->manifest.runs;
        copy->manifest.runs = malloc (size ? size : 1);
        assert (copy->manifest.runs);
        memcpy (copy->manifest.runs, packet->manifest.runs, size);
    }
    return copy;
}

static void
s_carry (network_t *self, const path_t *path, event_fn *deliver, void *end, packet_t *packet)
{
    if (path->cut || world_chance (self->world, path->loss)) {
        packet_destroy (&packet);
        return;
    }
    int64_t delay_ms = LATENCY_MS + (int64_t) world_random (self->world, path->delay_ms + 1);
    packet->garbled = world_chance (self->world, path->garble);
    world_after (self->world, delay_ms, deliver, end, packet, s_drop);
}

static void
s_send (network_t *self, const path_t *path, event_fn *deliver, void *end, packet_t *packet)
{
    if (world_chance (self->world, path->duplicate))
        s_carry (self, path, deliver, end, s_copy (packet));
    s_carry (self, path, deliver, end, packet);
}

void
network_up (network_t *self, packet_t *packet)
{
    s_send (self, &self->up[packet->worker], self->to_broker, self->broker, packet);
}

void
network_down (network_t *self, packet_t *packet)
{
    s_send (self, &self->down[packet->worker], self->to_worker, self->workers[packet->worker],
            packet);
}
