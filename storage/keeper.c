//  SPDX-License-Identifier: GPL-2.0-or-later
//  keeper - see keeper.h.
#include "storage/keeper.h"
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#define SYNC_MS            1000
#define EXPIRE_EVERY_SYNCS 10
#define EXPIRE_MS          500 //  At most, before the next sync

struct keeper_t {
    store_t *store;
    retention_t retention;
    pthread_t thread;
    int stop_fd;          //  Readable: end
    uint64_t unreclaimed; //  Frames that went since the disk was given back what they took
    atomic_uint_fast64_t syncs, failures, expired;
};

static void
s_sync (keeper_t *self)
{
    if (store_sync (self->store) == -1)
        atomic_fetch_add (&self->failures, 1);
    atomic_fetch_add (&self->syncs, 1);
}

static int64_t
s_mono_ns (void)
{
    struct timespec now;
    clock_gettime (CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}

//  Returns whether there is more to do: nodes that bring many frames let go of as many.
static bool
s_expire (keeper_t *self)
{
    const retention_t *retention = &self->retention;
    int64_t before_wall_s =
        retention->keep_s ? time (NULL) - (int64_t) retention->keep_s : INT64_MIN;
    uint64_t most_bytes = retention->keep_bytes ? retention->keep_bytes : UINT64_MAX;
    int64_t until_mono_ns = s_mono_ns () + EXPIRE_MS * 1000000LL;
    int rc;
    do {
        size_t expired = 0;
        rc = store_expire (self->store, before_wall_s, most_bytes, &expired);
        atomic_fetch_add (&self->expired, expired);
        self->unreclaimed += expired;
        if (rc == -1)
            atomic_fetch_add (&self->failures, 1);
    } while (rc == 1 && s_mono_ns () < until_mono_ns);
    return rc == 1;
}

//  What retention takes the disk gets back when RocksDB next rewrites its files: never, where it is
//  full and so nothing is written.
static void
s_reclaim_if_full (keeper_t *self)
{
    if (self->unreclaimed == 0 || store_has_space (self->store))
        return;
    store_reclaim (self->store);
    self->unreclaimed = 0;
}

static void
s_expire_level (keeper_t *self, unsigned level)
{
    int64_t before_wall_s = time (NULL) - (int64_t) self->retention.keep_rows_s[level];
    int64_t until_mono_ns = s_mono_ns () + EXPIRE_MS * 1000000LL;
    size_t expired;
    int rc;
    do {
        rc = store_expire_rollups (self->store, level, before_wall_s, &expired);
        if (rc == -1)
            atomic_fetch_add (&self->failures, 1);
    } while (rc == 1 && s_mono_ns () < until_mono_ns);
}

static void
s_expire_rollups (keeper_t *self)
{
    for (unsigned level = 0; level < STORE_LEVELS; level++)
        if (self->retention.keep_rows_s[level] > 0)
            s_expire_level (self, level);
}

static void *
s_main (void *argument)
{
    keeper_t *self = argument;
    struct pollfd stop = {.fd = self->stop_fd, .events = POLLIN};
    bool more = false;
    for (unsigned i = 0; poll (&stop, 1, more ? SYNC_MS - EXPIRE_MS : SYNC_MS) <= 0; i++) {
        s_sync (self);
        if (more || i % EXPIRE_EVERY_SYNCS == 0)
            more = s_expire (self);
        s_reclaim_if_full (self);
        if (i % EXPIRE_EVERY_SYNCS == 0)
            s_expire_rollups (self);
    }
    s_sync (self);
    return NULL;
}

keeper_t *
keeper_new (store_t *store, const retention_t *retention)
{
    keeper_t *self = calloc (1, sizeof *self);
    assert (self);
    self->store = store;
    self->retention = *retention;
    self->stop_fd = eventfd (0, EFD_CLOEXEC);
    assert (self->stop_fd != -1);
    int rc = pthread_create (&self->thread, NULL, s_main, self);
    assert (rc == 0);
    return self;
}

void
keeper_destroy (keeper_t **self_p)
{
    keeper_t *self = *self_p;
    if (!self)
        return;
    eventfd_write (self->stop_fd, 1);
    pthread_join (self->thread, NULL);
    close (self->stop_fd);
    free (self);
    *self_p = NULL;
}

void
keeper_stats (keeper_t *self, keeper_stats_t *stats)
{
    *stats = (keeper_stats_t){.syncs = atomic_load (&self->syncs),
                              .failures = atomic_load (&self->failures),
                              .expired = atomic_load (&self->expired),
                              .retention = self->retention};
}
