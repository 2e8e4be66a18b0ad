//  SPDX-License-Identifier: GPL-2.0-or-later
//  store_nodes - what is held of whom, copied out of memory: no disk is read.
#include "storage/store_self.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

//  A node that is known for its losses only is not listed.
static bool
s_had_frames (const holding_t *holding)
{
    return holding->first_wall_s < INT64_MAX;
}

static int
s_compare_names (const void *one, const void *other)
{
    return strcmp (((const store_node_t *) one)->node, ((const store_node_t *) other)->node);
}

int
store_nodes (store_t *self, store_node_t **nodes, size_t *count)
{
    *count = 0;
    pthread_mutex_lock (&self->mutex);
    *nodes = malloc ((self->holdings->count + 1) * sizeof **nodes);
    assert (*nodes);
    for (size_t i = 0; i < self->holdings->count; i++)
        if (s_had_frames (self->holdings->nodes[i]))
            holding_summarise (self->holdings->nodes[i], &(*nodes)[(*count)++]);
    pthread_mutex_unlock (&self->mutex);
    qsort (*nodes, *count, sizeof **nodes, s_compare_names);
    return 0;
}

int
store_node (store_t *self, const char *node, store_node_t *record)
{
    pthread_mutex_lock (&self->mutex);
    const holding_t *holding = holdings_find (self->holdings, node);
    bool known = holding && s_had_frames (holding);
    if (known)
        holding_summarise (holding, record);
    pthread_mutex_unlock (&self->mutex);
    return known ? 0 : -1;
}

static size_t
s_count_runs (const holding_t *holding)
{
    size_t count = 0;
    for (size_t i = 0; i < holding->count; i++)
        count += holding->epochs[i].count;
    return count;
}

static void
s_copy_runs (const holding_t *holding, store_range_t *runs)
{
    for (size_t i = 0; i < holding->count; i++) {
        const ranges_t *epoch = &holding->epochs[i];
        if (epoch->count)
            memcpy (runs, epoch->runs, epoch->count * sizeof *runs);
        runs += epoch->count;
    }
}

void
store_copy_books (store_t *self, const char *node, store_books_t *books)
{
    static const holding_t nobody = {.first_wall_s = INT64_MAX};
    pthread_mutex_lock (&self->mutex);
    const holding_t *holding = holdings_find (self->holdings, node);
    if (!holding)
        holding = &nobody;
    *books = (store_books_t){.first_wall_s = holding->first_wall_s,
                             .expired_epoch = holding->expired_epoch,
                             .expired_seq = holding->expired_seq,
                             .run_count = s_count_runs (holding)};
    books->runs = calloc (books->run_count + 1, sizeof *books->runs);
    assert (books->runs);
    s_copy_runs (holding, books->runs);
    losses_copy (&books->losses, &holding->losses);
    pthread_mutex_unlock (&self->mutex);
}

void
store_books_clear (store_books_t *books)
{
    free (books->runs);
    losses_clear (&books->losses);
    *books = (store_books_t){0};
}

int
store_ranges (store_t *self, const char *node, store_range_t **ranges, size_t *count)
{
    store_books_t books;
    store_copy_books (self, node, &books);
    *ranges = books.runs;
    *count = books.run_count;
    losses_clear (&books.losses);
    return 0;
}

int
store_losses (store_t *self, const char *node, loss_t **losses, size_t *count)
{
    store_books_t books;
    store_copy_books (self, node, &books);
    *losses = books.losses.items;
    *count = books.losses.count;
    free (books.runs);
    return 0;
}

int
store_held (store_t *self, const char *node, seq_range_t **held, size_t *count)
{
    store_books_t books;
    store_copy_books (self, node, &books);
    *count = 0;
    *held = malloc ((books.run_count + 1) * sizeof **held);
    assert (*held);
    if (books.expired_seq > 0)
        (*held)[(*count)++] = (seq_range_t){books.expired_epoch, 1, books.expired_seq};
    for (size_t i = 0; i < books.run_count; i++) {
        const store_range_t *run = &books.runs[i];
        (*held)[(*count)++] = (seq_range_t){run->epoch, run->first_seq, run->last_seq};
    }
    store_books_clear (&books);
    return 0;
}

//  The first run that begins at or behind the name.
static size_t
s_find_run (const store_books_t *books, uint64_t epoch, uint64_t seq)
{
    size_t low = 0, high = books->run_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const store_range_t *run = &books->runs[middle];
        if (run->epoch < epoch || (run->epoch == epoch && run->first_seq < seq))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

int
store_manifest (store_t *self, const char *node, uint64_t from_epoch, uint64_t from_seq,
                manifest_t *manifest)
{
    store_books_t books;
    store_copy_books (self, node, &books);
    size_t first = s_find_run (&books, from_epoch, from_seq);
    size_t count = books.run_count - first;
    *manifest = (manifest_t){.expired_epoch = books.expired_epoch,
                             .expired_seq = books.expired_seq,
                             .more = count > MANIFEST_PAGE_RUNS,
                             .count = count > MANIFEST_PAGE_RUNS ? MANIFEST_PAGE_RUNS : count};
    manifest->runs = malloc ((manifest->count + 1) * sizeof *manifest->runs);
    assert (manifest->runs);
    for (size_t i = 0; i < manifest->count; i++) {
        const store_range_t *run = &books.runs[first + i];
        manifest->runs[i] = (manifest_run_t){.range = {run->epoch, run->first_seq, run->last_seq},
                                             .digest = run->digest,
                                             .first_wall_s = run->first_wall_s,
                                             .last_wall_s = run->last_wall_s};
    }
    store_books_clear (&books);
    return 0;
}
