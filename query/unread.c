//  SPDX-License-Identifier: GPL-2.0-or-later
//  unread - see unread.h. An account is in the list from its first byte until it is found to hold
//  none; the one used last stands first, for a reply has many parts.
#include "query/unread.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct unread_t {
    peer_t peer;
    atomic_size_t bytes;
};

static struct {
    pthread_mutex_t lock; //  Guards the list
    unread_t **accounts;
    size_t count, capacity;
    atomic_size_t bytes; //  In all
} s_unread = {.lock = PTHREAD_MUTEX_INITIALIZER};

bool
peer_equals (const peer_t *self, const peer_t *other)
{
    return self->size == other->size && memcmp (self->id, other->id, self->size) == 0;
}

//  Find the peer's account and put it first, dropping the empty ones on the way. NULL: none.
static unread_t *
s_find (const peer_t *peer)
{
    unread_t **accounts = s_unread.accounts;
    for (size_t i = 0; i < s_unread.count;) {
        unread_t *account = accounts[i];
        if (peer_equals (&account->peer, peer)) {
            accounts[i] = accounts[0];
            return accounts[0] = account;
        }
        if (atomic_load (&account->bytes) > 0) {
            i++;
            continue;
        }
        free (account);
        accounts[i] = accounts[--s_unread.count];
    }
    return NULL;
}

static unread_t *
s_new (const peer_t *peer)
{
    if (s_unread.count == s_unread.capacity) {
        s_unread.capacity = s_unread.capacity ? 2 * s_unread.capacity : 16;
        s_unread.accounts =
            realloc (s_unread.accounts, s_unread.capacity * sizeof s_unread.accounts[0]);
        assert (s_unread.accounts);
    }
    unread_t *self = calloc (1, sizeof *self);
    assert (self);
    self->peer = *peer;
    s_unread.accounts[s_unread.count++] = self;
    return self;
}

unread_t *
unread_begin (const peer_t *peer, size_t bytes)
{
    assert (bytes > 0);
    pthread_mutex_lock (&s_unread.lock);
    unread_t *self = s_find (peer);
    if (!self)
        self = s_new (peer);
    atomic_fetch_add (&self->bytes, bytes);
    pthread_mutex_unlock (&s_unread.lock);
    atomic_fetch_add (&s_unread.bytes, bytes);
    return self;
}

//  With its last byte the account may go: it is not touched any more.
void
unread_end (unread_t *self, size_t bytes)
{
    atomic_fetch_sub (&s_unread.bytes, bytes);
    atomic_fetch_sub (&self->bytes, bytes);
}

size_t
unread_of (const peer_t *peer)
{
    pthread_mutex_lock (&s_unread.lock);
    const unread_t *self = s_find (peer);
    size_t bytes = self ? atomic_load (&self->bytes) : 0;
    pthread_mutex_unlock (&s_unread.lock);
    return bytes;
}

size_t
unread_total (void)
{
    return atomic_load (&s_unread.bytes);
}
