//  SPDX-License-Identifier: GPL-2.0-or-later
//  sched_probe_keyed - the reader of bpf/keyed.h's tables. The rule that nothing is lost: a table
//  is only emptied after the kernel has taken it out of use, and updating a map of maps returns
//  only when no program can hold the old table any more (maybe_wait_bpf_programs in
//  kernel/bpf/syscall.c).

#include "publisher/sched_probe_keyed.h"

#include <assert.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#include <bpf/bpf.h>
#include "bpf/keyed.h"

#define BATCH 4096 //  Entries read by one call; more than any hash bucket ever holds

struct keyed_reader_t {
    int tables_fd;    //  The map of maps the hook looks into
    int table_fds[2]; //  What may stand there
    unsigned in_use;  //  Which of the two does
    bool left_over;   //  The other one could not be emptied by the last drain
    struct keyed_key keys[BATCH];
    struct keyed_value values[BATCH];
};

//  Let the hook count into table which from now on. Returns 0, or -1 with errno set.
static int
s_use (keyed_reader_t *self, unsigned which)
{
    const unsigned slot = 0;
    if (bpf_map_update_elem (self->tables_fd, &slot, &self->table_fds[which], BPF_ANY))
        return -1;
    self->in_use = which;
    return 0;
}

static int
s_table_new (void)
{
    return bpf_map_create (BPF_MAP_TYPE_HASH, "keyed_table", sizeof (struct keyed_key),
                           sizeof (struct keyed_value), KEYED_ENTRIES, NULL);
}

keyed_reader_t *
keyed_reader_new (int tables_fd)
{
    keyed_reader_t *self = calloc (1, sizeof *self);
    assert (self);
    self->tables_fd = tables_fd;
    self->table_fds[0] = s_table_new ();
    self->table_fds[1] = s_table_new ();
    if (self->table_fds[0] < 0 || self->table_fds[1] < 0 || s_use (self, 0)) {
        int reason = errno;
        keyed_reader_destroy (&self);
        errno = reason;
    }
    return self;
}

void
keyed_reader_destroy (keyed_reader_t **self_p)
{
    keyed_reader_t *self = *self_p;
    if (!self)
        return;
    for (int i = 0; i < 2; i++)
        if (self->table_fds[i] >= 0)
            close (self->table_fds[i]);
    free (self);
    *self_p = NULL;
}

static void
s_hand_over (const keyed_reader_t *self, unsigned count, keyed_count_fn *take, void *argument)
{
    for (unsigned i = 0; i < count; i++) {
        const keyed_count_t item = {self->keys[i].id, self->keys[i].row, self->values[i].count,
                                    self->values[i].sum_ns};
        take (argument, &item);
    }
}

//  Read and empty a table that the hook does not use. Returns 0, or -1 with errno set.
static int
s_empty (keyed_reader_t *self, int table_fd, keyed_count_fn *take, void *argument)
{
    unsigned position = 0;
    void *from = NULL;
    for (;;) {
        unsigned count = BATCH;
        int rc = bpf_map_lookup_and_delete_batch (table_fd, from, &position, self->keys,
                                                  self->values, &count, NULL);
        if (rc && errno != ENOENT)
            return -1;
        s_hand_over (self, count, take, argument);
        if (rc)
            return 0; //  ENOENT: that was the last of them
        from = &position;
    }
}

int
keyed_reader_drain (keyed_reader_t *self, keyed_count_fn *take, void *argument)
{
    if (!self->left_over && s_use (self, 1 - self->in_use))
        return -1;
    self->left_over = s_empty (self, self->table_fds[1 - self->in_use], take, argument) != 0;
    return self->left_over ? -1 : 0;
}
